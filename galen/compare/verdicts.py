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

from galen.evaluate.intervals import Interval, paired_interval
from galen.evaluate.slices import Slice
from galen.pipeline.candidates import Floats

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
        return self.surely and self.change.value > 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A slice: who is best in it, and how the others compare with that one and with the first."""

    slice: str
    people: int
    means: Mapping[str, float]
    best: str
    over_best: Mapping[str, Paired]  # every other recipe, less the best
    over_first: Mapping[str, Paired]  # every recipe but the first, less the first


def verdicts(
    metric: Mapping[str, Floats], slices: Sequence[Slice], *, seed: int
) -> tuple[list[Verdict], int]:
    """A verdict by slice from {recipe: (R,)}, and how many comparisons the correction is over.

    The first recipe is the one that others are held against; of equals the first is best. All
    comparisons of all slices are one family.
    """
    first = next(iter(metric))
    compared: dict[tuple[str, str, str], Interval] = {}  # (slice, one, other)
    raw: list[float] = []
    bests = {}
    for part in slices:
        inside = {name: values[part.requests] for name, values in metric.items()}
        means = {name: float(values.mean()) for name, values in inside.items()}
        best = max(means, key=lambda name: means[name])
        bests[part.name] = best, means
        others = [(name, best) for name in metric if name != best]
        others += [(name, first) for name in metric if name not in (best, first) and best != first]
        for name, other in others:
            mine, theirs = inside[name], inside[other]
            compared[part.name, name, other] = paired_interval(mine, theirs, seed=seed)
            raw.append(p_of(mine - theirs))
    corrected = dict(zip(compared, holm(np.array(raw)).tolist(), strict=True))

    def paired(part: Slice, name: str, other: str) -> Paired:
        key, turned = (part.name, name, other), (part.name, other, name)
        people = int(part.requests.sum())
        if key in compared:
            return Paired(*key, people, compared[key], corrected[key])
        return Paired(*key, people, opposite(compared[turned]), corrected[turned])

    found = []
    for part in slices:
        best, means = bests[part.name]
        over_best = {name: paired(part, name, best) for name in metric if name != best}
        over_first = {name: paired(part, name, first) for name in metric if name != first}
        people = int(part.requests.sum())
        found.append(Verdict(part.name, people, means, best, over_best, over_first))
    return found, len(compared)


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
