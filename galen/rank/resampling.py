"""Drawing rows again with replacement, and what the middle of all draws says.

Efron, Tibshirani, "An Introduction to the Bootstrap", 1993 (percentile intervals).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from galen.data.arrays import Floats, Ints

DRAWN_AT_ONCE: Final = 1_000_000
"""Rows that are drawn at once at most, so that memory is bounded."""

ENDS: Final = (0.025, 0.975)
"""Between which lie 95 % of draws."""


def drawn_again(rows: int, *, draws: int, seed: int) -> Iterator[Ints]:
    """How often each of R rows is in a draw of R rows: (D, R) of some draws after the other.

    The same seed draws the same, whatever is counted in the rows; of no rows there is no draw.
    """
    random = np.random.default_rng(seed)
    block = max(1, min(draws, DRAWN_AT_ONCE // max(rows, 1)))
    for start in range(0, draws if rows else 0, block):
        count = min(block, draws - start)
        drawn = random.integers(0, rows, (count, rows)) + rows * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows)


def ends(found: Floats) -> tuple[Floats, Floats]:
    """Ends (M,) of the 95 % interval of each of M figures, by their draws (D, M).

    A draw that has no value, NaN, is left out; NaN where none has one.
    """
    low, high = np.full((2, found.shape[1]), np.nan)
    for place, values in enumerate(found.T):
        known = values[~np.isnan(values)]
        if len(known):
            low[place], high[place] = np.quantile(known, ENDS)
    return low, high
