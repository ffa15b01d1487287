"""How long calls take: each in milliseconds, and of many the middle and the slowest hundredth."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from galen.data.arrays import Floats


def clocked(call: Callable[[], object]) -> float:
    """Milliseconds by the wall clock that one call takes."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def p50_and_p99(milliseconds: Sequence[float] | Floats, of: str = "") -> dict[str, float]:
    """The figures `p50_ms` and `p99_ms` of some calls; `of` begins their names."""
    median, slowest = np.quantile(milliseconds, [0.5, 0.99])
    return {f"{of}p50_ms": float(median), f"{of}p99_ms": float(slowest)}
