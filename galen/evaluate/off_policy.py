"""What a policy would have earned, from the log of another that knows how likely each choice was.

A row is one choice at one position: places of a page are taken to be apart from each other, so a
value is that of an average place. Survey: Dudík, Langford, Li, "Doubly Robust Policy Evaluation
and Learning", ICML 2011.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Floats
from galen.evaluate.bandit_log import (
    BanditLog,
    OffPolicyError,
    OverlapError,
    Policy,
    of_logged,
    refuse,
)
from galen.evaluate.intervals import Interval, mean_interval, ratio_interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % bootstrap interval, and how few rows carry it."""

    interval: Interval
    effective: float  # sample size of equal weights with as much to say (Kish 1965)
    largest: float  # weight

    def __str__(self) -> str:
        return f"{self.interval} n_eff {self.effective:.0f}, largest weight {self.largest:.1f}"


def weights(log: BanditLog, policy: Policy) -> Floats:
    """(N,): how much likelier the evaluated policy takes each logged action than the log's own.

    Raises:
        OffPolicyError: log and policy differ in length.
    """
    if len(policy.chosen) != len(log):
        raise OffPolicyError(f"the policy has {len(policy.chosen)} rows, the log {len(log)}.")
    return np.asarray(policy.chosen / log.propensity)


def ips(log: BanditLog, policy: Policy, clip: float = np.inf) -> Floats:
    """(N,) whose mean is the value: rewards by weight, no weight above `clip`.

    Unbiased without a clip: Horvitz, Thompson, "A Generalization of Sampling Without Replacement
    from a Finite Universe", JASA 1952. With one it is low for rewards of 0 and more, and varies
    less: Swaminathan, Joachims, "Counterfactual Risk Minimization", ICML 2015.
    """
    return np.asarray(np.minimum(weights(log, policy), clip) * log.reward)


def dm(policy: Policy, predicted: Floats) -> Floats:
    """(N,) whose mean is the value as a model (N, K) predicts the rewards of every action.

    The direct method: no weights, and as wrong as the model, which no interval shows.
    """
    every = policy.table()
    _check_predicted(predicted, every.shape)
    return np.asarray((every * predicted).sum(axis=1))


def dr(log: BanditLog, policy: Policy, predicted: Floats) -> Floats:
    """(N,) whose mean is the value: a model's prediction (N, K), mended by weighted mistakes.

    Right when the propensities are, or the model: Dudík, Langford, Li, ICML 2011.
    """
    expected = dm(policy, predicted)
    mistake = log.reward - of_logged(predicted, log, "the predictions")
    return expected + weights(log, policy) * mistake


def estimates(
    log: BanditLog,
    policy: Policy,
    *,
    predicted: Floats | None = None,
    clip: float = 10.0,
    seed: int,
    resamples: int = 1000,
) -> dict[str, Estimate]:
    """Every estimator by name, `dm` and `dr` where the rewards (N, K) are predicted.

    `snips` divides weights by their own mean, so that a constant added to every reward is added to
    the value: Swaminathan, Joachims, "The Self-Normalized Estimator for Counterfactual Learning",
    NeurIPS 2015. Intervals draw rows; a log without a single reward has one without width.

    Raises:
        OffPolicyError: the parts do not fit each other.
        OverlapError: the policy takes nothing that was logged.
    """
    if not clip > 0:
        raise OffPolicyError(f"clip is {clip}; it must be above 0.")
    weight = _some(weights(log, policy))
    clipped, ones = np.minimum(weight, clip), np.ones(len(log))

    def mean(values: Floats, by: Floats) -> Estimate:
        return _estimate(mean_interval(values, seed=seed, resamples=resamples), by)

    ratio = ratio_interval(weight * log.reward, weight, seed=seed, resamples=resamples)
    found = {
        "ips": mean(ips(log, policy), weight),
        "clipped_ips": mean(ips(log, policy, clip), clipped),
        "snips": _estimate(ratio, weight),
    }
    if predicted is not None:
        found["dm"] = mean(dm(policy, predicted), ones)
        found["dr"] = mean(dr(log, policy, predicted), weight)
    return found


def flat(found: Mapping[str, Estimate]) -> dict[str, float]:
    """The estimates as flat figures: value, ends of the interval, effective size, weight."""
    figures: dict[str, float] = {}
    for name, one in found.items():
        figures |= {
            name: one.interval.value,
            f"{name}_low": one.interval.low,
            f"{name}_high": one.interval.high,
            f"{name}_effective": one.effective,
            f"{name}_largest_weight": one.largest,
        }
    return figures


def _estimate(interval: Interval, weight: Floats) -> Estimate:
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    return Estimate(interval, effective, float(weight.max()))


def _some(weight: Floats) -> Floats:
    if not weight.any():
        raise OverlapError(
            "the policy takes none of the logged actions: the log cannot tell its value."
        )
    return weight


def _check_predicted(predicted: Floats, shape: tuple[int, ...]) -> None:
    if predicted.shape != shape:
        raise OffPolicyError(f"the predictions have shape {predicted.shape}, the policy {shape}.")
    refuse(~np.isfinite(predicted), "prediction", predicted, "mend the model")
