"""Which recipe is surely better for whom: paired differences by person, slice by slice.

Intervals are 95 % bootstraps over people. Since many slices are looked at, "surely" is decided by
the p-values of paired t tests, corrected by Holm's step-down over all that are compared ("A Simple
Sequentially Rejective Multiple Test Procedure", 1979): a bootstrap of a thousand draws cannot tell
p-values that small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import ttest_1samp

from galen.data.arrays import Floats
from galen.evaluate.intervals import Interval, mean_intervals
from galen.evaluate.measures import Measure
from galen.evaluate.slices import Slice

LEVEL: Final = 0.05
FEWEST: Final = 30
"""People below whom a slice says nothing surely."""


@dataclass(frozen=True, slots=True)
class Paired:
    """One recipe less another on the same people."""

    slice: str
    name: str
    over: str
    people: int
    change: Interval
    p: float  # corrected

    @property
    def surely(self) -> bool:
        """Does the difference hold after the correction?"""
        return self.p < LEVEL

    @property
    def better(self) -> bool:
        """Is the first of the two surely the higher?"""
        return self.surely and self.change.value > 0


@dataclass(frozen=True, slots=True)
class SliceVerdict:
    """A slice: who is best in it, and how the others compare with that one and with the first."""

    slice: str
    people: int
    intervals: Mapping[str, Interval]  # each recipe's own figure
    best: str  # who has the highest
    over_best: Mapping[str, Paired]  # every other recipe, less the best
    over_first: Mapping[str, Paired]  # every recipe but the first, less the first

    @property
    def means(self) -> dict[str, float]:
        """Each recipe's own figure without its interval."""
        return {name: interval.value for name, interval in self.intervals.items()}


def verdicts(
    measures: Mapping[str, Measure], slices: Sequence[Slice], *, seed: int
) -> tuple[list[SliceVerdict], int]:
    """A verdict by slice of {recipe: its measure}, and over how many comparisons is corrected.

    The first recipe is the one that others are held against; of equals the first is best. All
    comparisons of all slices are one family.
    """
    looked = [_Looked.of(measures, part, seed=seed) for part in slices]
    corrected = iter(holm(np.array([p for one in looked for p in one.p])).tolist())
    found = [one.verdict(list(measures), [next(corrected) for _ in one.p]) for one in looked]
    return found, sum(len(one.pairs) for one in looked)


@dataclass(frozen=True, slots=True)
class _Looked:
    """One slice before the correction."""

    part: Slice
    intervals: Mapping[str, Interval]
    best: str
    pairs: Sequence[tuple[str, str]]  # one less the other
    changes: Sequence[Interval]
    p: Sequence[float]

    @classmethod
    def of(cls, measures: Mapping[str, Measure], part: Slice, *, seed: int) -> "_Looked":
        inside = {name: measure.within(part.requests) for name, measure in measures.items()}
        first = next(iter(measures))
        best = max(inside, key=lambda name: float(inside[name].mean()))
        pairs = [(name, best) for name in inside if name != best]
        pairs += [(n, first) for n in inside if n not in (best, first) and best != first]
        differences = [inside[name] - inside[other] for name, other in pairs]
        drawn = mean_intervals(np.stack([*inside.values(), *differences], axis=1), seed=seed)
        intervals = dict(zip(inside, drawn, strict=False))
        p = [p_of(difference) for difference in differences]
        return cls(part, intervals, best, pairs, drawn[len(inside) :], p)

    def verdict(self, names: Sequence[str], corrected: Sequence[float]) -> SliceVerdict:
        people = int(self.part.requests.sum())
        paired = {}
        for (one, other), change, p in zip(self.pairs, self.changes, corrected, strict=True):
            paired[one, other] = Paired(self.part.name, one, other, people, change, p)
            turned = opposite(change)
            paired[other, one] = Paired(self.part.name, other, one, people, turned, p)
        over_best = {name: paired[name, self.best] for name in names if name != self.best}
        over_first = {name: paired[name, names[0]] for name in names[1:]}
        return SliceVerdict(
            self.part.name, people, self.intervals, self.best, over_best, over_first
        )


def opposite(change: Interval) -> Interval:
    """The interval of the difference taken the other way round."""
    return Interval(-change.value, -change.high, -change.low)


def p_of(difference: Floats) -> float:
    """Two-sided p of the mean of (R,) being 0; 1 where there are too few people to tell."""
    if len(difference) < FEWEST:
        return 1.0
    if difference.min() == difference.max():
        return 1.0 if difference[0] == 0 else 0.0
    return float(ttest_1samp(difference, 0.0).pvalue)


def holm(p: Floats) -> Floats:
    """(C,) p-values corrected for all being looked at, in their order."""
    order = np.argsort(p, kind="stable")
    left = np.arange(len(p), 0, -1)
    stepped = np.maximum.accumulate(np.minimum(p[order] * left, 1.0))
    found = np.empty(len(p))
    found[order] = stepped
    return found
