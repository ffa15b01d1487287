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
    pairs: dict[tuple[str, str, str], Interval] = {}
    raw: list[float] = []
    bests = {}
    for part in slices:
        means = {name: float(values[part.requests].mean()) for name, values in metric.items()}
        best = max(means, key=lambda name: means[name])
        bests[part.name] = (best, means)
        for name in metric:
            for other in dict.fromkeys((best, first)):
                if name == other or (part.name, name, other) in pairs:
                    continue
                mine, theirs = metric[name][part.requests], metric[other][part.requests]
                pairs[part.name, name, other] = paired_interval(mine, theirs, seed=seed)
                raw.append(p_of(mine - theirs))
    corrected = dict(zip(pairs, holm(np.array(raw)).tolist(), strict=True))
    people = {part.name: int(part.requests.sum()) for part in slices}

    def against(slice_name: str, other: str) -> dict[str, Paired]:
        return {
            key[1]: Paired(*key, people[slice_name], change, corrected[key])
            for key, change in pairs.items()
            if key[0] == slice_name and key[2] == other
        }

    found = [
        Verdict(name, people[name], means, best, against(name, best), against(name, first))
        for name, (best, means) in bests.items()
    ]
    return found, len(pairs)


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
