"""Bootstrap intervals of means, of paired differences and of ratios, over requests.

Efron, Tibshirani, "An Introduction to the Bootstrap", 1993 (percentile intervals).
"""

from dataclasses import dataclass

import numpy as np

from galen.pipeline.candidates import Floats


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
    from scipy.stats import bootstrap

    if len(values) < 2:
        value = float(values.mean()) if len(values) else float("nan")
        return Interval(value, float("nan"), float("nan"))
    mean = float(values.mean())
    if values.min() == values.max():
        return Interval(mean, mean, mean)
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        batch=50,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    interval = found.confidence_interval
    return Interval(mean, float(interval.low), float(interval.high))


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
