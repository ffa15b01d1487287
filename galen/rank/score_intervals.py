"""How sure the score metrics are: intervals from drawing whole groups of rows again.

Rows of one user hang together, so users are drawn and not rows: Field, Welsh, "Bootstrapping
Clustered Data", JRSS B 2007. These metrics are no means over groups, so each draw counts them anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from galen.data.arrays import Floats, Ints
from galen.rank.resampling import drawn_again, ends
from galen.rank.score_metrics import Reals, auc_by_group, losses


class IntervalEnds(NamedTuple):
    """Ends of an interval; NaN where no draw had a value."""

    low: float
    high: float


def bootstrap(
    label: Reals,
    probability: Reals,
    group: Ints,
    weight: Reals | None = None,
    *,
    draws: int = 200,
    seed: int = 0,
) -> dict[str, IntervalEnds]:
    """95 % intervals of `auc`, `gauc` and `logloss`.

    Args:
        label: (N,) 0 or 1.
        probability: (N,)
        group: (N,) the user of each row; as many groups as there are get drawn, with replacement.
        weight: (N,) of each row in the log-loss; without it, one.
        draws: how often.
        seed: of the draws.
    """
    groups, value, size = auc_by_group(label, probability, group)
    both, code = ~np.isnan(value), np.searchsorted(groups, group)
    loss = losses(label, probability)
    sums = np.bincount(code, loss if weight is None else loss * weight, len(groups))
    weighs = size if weight is None else np.bincount(code, weight, len(groups))
    pairs = _Pairs.of(label, probability, code)
    found = []
    for times in _each_draw(len(groups), draws, seed):
        rows = times * size
        found.append(
            (
                pairs.auc(times),
                _ratio(float(rows[both] @ value[both]), float(rows[both].sum())),
                _ratio(float(times @ sums), float(times @ weighs)),
            )
        )
    return dict(zip(("auc", "gauc", "logloss"), _intervals(found, 3), strict=True))


def paired_gain(
    label: Reals, base: Reals, better: Reals, group: Ints, *, draws: int = 100, seed: int = 0
) -> IntervalEnds:
    """95 % interval of the AUC of `better` less that of `base`, the same groups drawn for both.

    All are (N,); see `bootstrap`.
    """
    groups, code = np.unique(group, return_inverse=True)
    one, other = _Pairs.of(label, better, code), _Pairs.of(label, base, code)
    drawn = _each_draw(len(groups), draws, seed)
    (gain,) = _intervals([(one.auc(times) - other.auc(times),) for times in drawn], 1)
    return gain


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Rows in order of score, sorted once for every draw."""

    bad_group: Ints  # (negatives,) by rising score
    good_group: Ints  # (positives,) by rising score
    below: Ints  # (positives,) negatives with a lower score
    up_to: Ints  # (positives,) negatives with a lower or the same score

    @classmethod
    def of(cls, label: Reals, score: Reals, group: Ints) -> "_Pairs":
        order = np.argsort(score, kind="stable")
        positive, score, group = label[order] > 0, score[order], group[order]
        good, bad = score[positive], score[~positive]
        return cls(
            group[~positive],
            group[positive],
            np.searchsorted(bad, good, side="left"),
            np.searchsorted(bad, good, side="right"),
        )

    def auc(self, times: Floats) -> float:
        """AUC of rows that count as often as their group (groups,) was drawn."""
        bad = np.append(0.0, np.cumsum(times[self.bad_group]))
        good = times[self.good_group]
        won = float(good @ (bad[self.below] + bad[self.up_to])) / 2
        return _ratio(won, float(good.sum() * bad[-1]))


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")


def _each_draw(groups: int, draws: int, seed: int) -> Iterator[Floats]:
    """(groups,) how often each group is drawn, draw by draw."""
    for times in drawn_again(groups, draws=draws, seed=seed):
        yield from times.astype(np.float64)


def _intervals(found: Sequence[tuple[float, ...]], figures: int) -> list[IntervalEnds]:
    low, high = ends(np.array(found, np.float64).reshape(-1, figures))
    return [IntervalEnds(*both) for both in zip(low.tolist(), high.tolist(), strict=True)]
