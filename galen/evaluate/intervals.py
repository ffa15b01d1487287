"""Bootstrap intervals of means, of paired differences and of ratios, over requests.

Efron, Tibshirani, "An Introduction to the Bootstrap", 1993 (percentile intervals).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Floats

DRAWN_AT_ONCE: Final = 1_000_000
"""Rows that are drawn at once at most, so that memory is bounded."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def mean_interval(values: Floats, *, seed: int, resamples: int = 1000) -> Interval:
    """95 % interval of the mean of (R,) values; NaN where there are fewer than two."""
    return mean_intervals(values[:, None], seed=seed, resamples=resamples)[0]


def mean_intervals(values: Floats, *, seed: int, resamples: int = 1000) -> list[Interval]:
    """95 % intervals of the means of (R, M) columns, all from the same draws of requests."""
    rows, columns = values.shape
    means = values.mean(axis=0) if rows else np.full(columns, np.nan)
    if rows < 2:
        return [Interval(mean, float("nan"), float("nan")) for mean in means.tolist()]
    random, found = np.random.default_rng(seed), np.empty((resamples, columns))
    block = max(1, min(resamples, DRAWN_AT_ONCE // rows))
    for start in range(0, resamples, block):
        draws = min(block, resamples - start)
        drawn = random.integers(0, rows, (draws, rows)) + rows * np.arange(draws)[:, None]
        times = np.bincount(drawn.ravel(), minlength=draws * rows).reshape(draws, rows)
        found[start : start + draws] = times @ values / rows
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    same = values.min(axis=0) == values.max(axis=0)  # sums of equal values differ by rounding
    means = np.where(same, values[0], means)
    ends = np.where(same, means, low), means, np.where(same, means, high)
    return [
        Interval(mean, below, above)
        for below, mean, above in zip(*(end.tolist() for end in ends), strict=True)
    ]


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
    random, found = np.random.default_rng(seed), np.empty(resamples)
    for draw in range(resamples):
        rows = random.integers(0, len(above), len(above))
        drawn = float(below[rows].sum())
        found[draw] = float(above[rows].sum()) / drawn if drawn else np.nan
    low, high = np.nanquantile(found, [0.025, 0.975])
    return Interval(value, float(low), float(high))
