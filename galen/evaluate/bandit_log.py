"""A log of choices with their propensities, and a policy to evaluate on it: checked columns."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.data.mendable import MendableError

TOLERANCE = 1e-6  # by which probabilities of a row may miss 1


class OffPolicyError(MendableError, ValueError):
    """A log, a policy or predictions cannot be evaluated; the message names column and row."""


class OverlapError(OffPolicyError):
    """The policy would choose what the logging policy never does, so the log cannot tell."""


@dataclass(frozen=True, slots=True)
class BanditLog:
    """N choices that were logged, each of one action at one position.

    Raises:
        OffPolicyError: columns of unequal length, NaN, a negative action, or a propensity that
            is not above 0 and at most 1.
    """

    action: Ints  # (N,) 0 … K - 1
    position: Ints  # (N,)
    reward: Floats  # (N,)
    propensity: Floats  # (N,) with which the logging policy took the logged action there

    def __post_init__(self) -> None:
        rows = len(self.action)
        if not rows:
            raise OffPolicyError("the log has no rows; a value needs at least one.")
        for name in ("position", "reward", "propensity"):
            if getattr(self, name).shape != (rows,):
                shape = getattr(self, name).shape
                raise OffPolicyError(f"{name} has shape {shape}, the actions ({rows},).")
        refuse(self.action < 0, "action", self.action, "actions are 0 … K - 1")
        refuse(~np.isfinite(self.reward), "reward", self.reward, "leave such rows out")
        bad = ~((self.propensity > 0) & (self.propensity <= 1))
        refuse(bad, "propensity", self.propensity, "it must be above 0 and at most 1")

    def __len__(self) -> int:
        return len(self.action)

    def take(self, rows: Ints | Bools) -> "BanditLog":
        """The rows where `rows` (N,) is true, or at these places."""
        return BanditLog(
            self.action[rows], self.position[rows], self.reward[rows], self.propensity[rows]
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """The evaluated policy's probabilities, in step with a log.

    Raises:
        OffPolicyError: a probability is NaN or outside 0 … 1, or a row does not sum to 1.
    """

    chosen: Floats  # (N,) of the logged action
    every: Floats | None = None  # (N, K) of every action; DM and DR need it

    def __post_init__(self) -> None:
        bounds = "a probability is in 0 … 1"
        refuse(~((self.chosen >= 0) & (self.chosen <= 1)), "policy", self.chosen, bounds)
        if self.every is None:
            return
        if self.every.ndim != 2 or len(self.every) != len(self.chosen):
            raise OffPolicyError(
                f"the policy's table has shape {self.every.shape}, not ({len(self.chosen)}, K)."
            )
        refuse(~((self.every >= 0) & (self.every <= 1)), "policy", self.every, bounds)
        total = self.every.sum(axis=1)
        refuse(np.abs(total - 1) > TOLERANCE, "sum of the policy", total, "a row sums to 1")

    @classmethod
    def of(cls, every: Floats, log: BanditLog) -> "Policy":
        """From (N, K) probabilities of every action.

        Raises:
            OffPolicyError: also where the log has an action that the table lacks.
        """
        return cls(of_logged(every, log, "the policy's table"), every)

    def table(self) -> Floats:
        """(N, K).

        Raises:
            OffPolicyError: only the probabilities of logged actions are known.
        """
        if self.every is None:
            raise OffPolicyError("this needs the policy's probabilities of every action, (N, K).")
        return self.every

    def take(self, rows: Ints | Bools) -> "Policy":
        """The policy on some rows of the log, as that log is with `take`."""
        return Policy(self.chosen[rows], None if self.every is None else self.every[rows])


def unseen_mass(log: BanditLog, policy: Policy) -> float:
    """Share of the policy's choices on (position, action) pairs that the log does not show once.

    Where the log's own probabilities of all actions are not known, this says how far it can tell.
    """
    every = policy.table()
    place, position = np.unique(log.position, return_inverse=True)
    seen = np.zeros((len(place), every.shape[1]), bool)
    seen[position, log.action] = True
    return float((every * ~seen[position]).sum() / len(log))


def of_logged(table: Floats, log: BanditLog, name: str) -> Floats:
    """(N,): each row's entry of its logged action.

    Raises:
        OffPolicyError: the table is not (N, K), or the log has an action that it lacks.
    """
    if table.ndim != 2 or len(table) != len(log) or log.action.max() >= table.shape[1]:
        raise OffPolicyError(
            f"{name} has shape {table.shape}, the log {len(log)} rows of actions up to "
            f"{log.action.max()}."
        )
    return np.asarray(table[np.arange(len(log)), log.action])


def refuse(wrong: Bools, name: str, values: Floats | Ints, what: str) -> None:
    """See that no place of (N,) or (N, K) values is wrong.

    Raises:
        OffPolicyError: one is; the message names the first.
    """
    if wrong.any():
        row, *action = np.argwhere(wrong)[0]
        at = f"row {row}, action {action[0]}" if action else f"row {row}"
        raise OffPolicyError(f"{name} is {values[row, *action]:.6g} in {at}; {what}.")
