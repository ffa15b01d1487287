"""How sure the score metrics are: intervals from drawing whole groups of rows again.

Efron, Tibshirani, "An Introduction to the Bootstrap", 1993. Rows of one user hang together, so
users are drawn and not rows: Field, Welsh, "Bootstrapping Clustered Data", JRSS B 2007.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from galen.data.arrays import Floats, Ints
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
    level: float = 0.95,
) -> dict[str, IntervalEnds]:
    """Percentile intervals of `auc`, `gauc` and `logloss`.

    Args:
        label: (N,) 0 or 1.
        probability: (N,)
        group: (N,) the user of each row; as many groups as there are get drawn, with replacement.
        weight: (N,) of each row in the log-loss; without it, one.
        draws: how often.
        seed: of the draws.
        level: share of draws within an interval.
    """
    groups, value, size = auc_by_group(label, probability, group)
    both, code = ~np.isnan(value), np.searchsorted(groups, group)
    loss = losses(label, probability)
    sums = np.bincount(code, loss if weight is None else loss * weight, len(groups))
    weighs = size if weight is None else np.bincount(code, weight, len(groups))
    pairs = _Pairs.of(label, probability, code)
    random = np.random.default_rng(seed)
    found = np.full((draws, 3), np.nan)
    for draw in range(draws if len(groups) else 0):
        times = np.bincount(random.integers(0, len(groups), len(groups)), minlength=len(groups))
        rows = times * size
        found[draw] = (
            pairs.auc(times.astype(np.float64)),
            _ratio(float(rows[both] @ value[both]), float(rows[both].sum())),
            _ratio(float(times @ sums), float(times @ weighs)),
        )
    return {
        name: _interval(found[:, place], level)
        for place, name in enumerate(("auc", "gauc", "logloss"))
    }


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


def _interval(values: Floats, level: float) -> IntervalEnds:
    known = values[~np.isnan(values)]
    if not len(known):
        return IntervalEnds(float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return IntervalEnds(float(low), float(high))
