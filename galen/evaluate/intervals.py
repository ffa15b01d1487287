"""Bootstrap intervals of means, of paired differences and of ratios, over requests."""

import math
from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Floats
from galen.rank.resampling import drawn_again, ends


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return self.told(".4f")

    def told(self, form: str) -> str:
        """The figure with its ends in one format; alone where too few rows give it no interval."""
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{self.value:{form}}"
        return f"{self.value:{form}} [{self.low:{form}}, {self.high:{form}}]"


def mean_interval(values: Floats, *, seed: int, resamples: int = 1000) -> Interval:
    """95 % interval of the mean of (R,) values; NaN where there are fewer than two."""
    return mean_intervals(values[:, None], seed=seed, resamples=resamples)[0]


def mean_intervals(values: Floats, *, seed: int, resamples: int = 1000) -> list[Interval]:
    """95 % intervals of the means of (R, M) columns, all from the same draws of requests."""
    rows, columns = values.shape
    means = values.mean(axis=0) if rows else np.full(columns, np.nan)
    if rows < 2:
        return [Interval(mean, float("nan"), float("nan")) for mean in means.tolist()]
    drawn = drawn_again(rows, draws=resamples, seed=seed)
    low, high = ends(np.concatenate([times @ values / rows for times in drawn]))
    same = values.min(axis=0) == values.max(axis=0)  # sums of equal values differ by rounding
    means = np.where(same, values[0], means)
    figures = means, np.where(same, means, low), np.where(same, means, high)
    return [Interval(*one) for one in zip(*(part.tolist() for part in figures), strict=True)]


def paired_interval(better: Floats, worse: Floats, *, seed: int) -> Interval:
    """95 % interval of the mean of better − worse, over the same requests."""
    return mean_interval(better - worse, seed=seed)


def ratio_interval(above: Floats, below: Floats, *, seed: int, resamples: int = 1000) -> Interval:
    """95 % interval of the sum of above over that of below, both (R,), drawn together.

    Draws without any `below` have no value and are left out; NaN where there are fewer than two
    rows or none has a value.
    """
    total = float(below.sum())
    value = float(above.sum()) / total if total else float("nan")
    if len(above) < 2 or not total:
        return Interval(value, float("nan"), float("nan"))
    both, found = np.stack([above, below], axis=1), []
    for times in drawn_again(len(above), draws=resamples, seed=seed):
        over, under = (times @ both).T
        found.append(np.divide(over, under, out=np.full(len(under), np.nan), where=under != 0))
    low, high = ends(np.concatenate(found)[:, None])
    return Interval(value, float(low[0]), float(high[0]))
