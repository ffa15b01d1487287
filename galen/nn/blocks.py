"""How many rows are scored at once, so that memory is bounded however many items there are."""

from collections.abc import Iterator
from typing import Final

SCORES_AT_ONCE: Final = 1 << 25
"""Scores of rows with all items that are held at once at most: 256 MiB in double precision."""


def blocks(rows: int, items: int, most: int) -> Iterator[slice]:
    """Rows in turn: `most` at once, or fewer where those have too many scores; one at least."""
    step = max(1, min(most, SCORES_AT_ONCE // max(items, 1)))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
