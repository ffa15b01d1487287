"""How large a setting may be, told by its name: a part of any room means the same by it.

A value beyond its bounds is refused in words before anything is learned. Names that stand in no
list are of numbers that are not negative; those of `FREE` say more at their part.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

COUNTS: Final = frozenset({
    "batch", "beam", "block", "blocks", "bottom", "dimension", "each", "encoded_size",
    "expert", "experts", "factors", "first", "group", "heads", "hidden",
    "iterations", "layers", "leaves", "length", "levels", "maps", "neighbours", "patience", "pool",
    "recent", "rounds", "second", "size", "sizes", "steps", "sweeps", "targets", "text_size",
    "threads", "trees", "updates", "vector_size", "width", "window",
})  # fmt: skip
"""At least 1; where several are given, each of them."""

ABOVE_ZERO: Final = frozenset({
    "days", "deadline", "half_life", "horizon", "learning_rate", "stochastic",
})  # fmt: skip

SHARES: Final = frozenset({
    "balance", "cold_share", "decay", "feature_share", "fit_decay", "l1", "plateau",
    "row_share", "share",
})  # fmt: skip
"""From 0 to 1."""

LEFT_OUT: Final = frozenset(["average", "dropout", "identity_dropout"])
"""From 0 to below 1: of what is left out, something must stay."""

FREE: Final = frozenset(["slot", "source_power", "target_power"])


_BOUNDS: Final[tuple[tuple[frozenset[str], str, Callable[[float], bool]], ...]] = (
    (COUNTS, "must be 1 or more", lambda number: number >= 1),
    (ABOVE_ZERO, "must be above 0", lambda number: number > 0),
    (SHARES, "must lie between 0 and 1", lambda number: 0 <= number <= 1),
    (LEFT_OUT, "must be 0 or more, and below 1", lambda number: 0 <= number < 1),
    (FREE, "must be a number", lambda number: not math.isnan(number)),
)


def beyond(name: str, value: Any) -> str:
    """What a setting of this name must be, where a value is not; else nothing."""
    for names, bound, within in _BOUNDS:
        if name in names:
            return "" if all(within(number) for number in _numbers(value)) else bound
    return "" if all(number >= 0 for number in _numbers(value)) else "must be 0 or more"


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _numbers(part)
