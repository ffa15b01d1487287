"""A vocabulary that follows the days: values are let in by count, and leave when they are old.

Ids keep their meaning from day to day; the id of a value that left is given to a new one, and the
ids that changed their meaning are told, so that their embeddings can begin anew.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.features.encoding.samples import Ints
from galen.features.encoding.vocabulary import Exact, valued


@dataclass(frozen=True, eq=False)
class Dynamic:
    """Values by id, when each was last seen, and what is known of values not yet let in.

    `least` is how often a value must be seen before it has an id; `days` how long it keeps one
    without being seen (0 is for ever); `most` how many there may be (0 is any number).
    """

    least: int = 1
    days: int = 0
    most: int = 0
    day: int = 0  # of the newest column
    values: pa.Array | None = None  # by id - 1; null where an id is free
    last: Ints | None = None  # day on which each was last seen
    waiting: pa.Table | None = None  # value, count, day last seen

    @property
    def vocabulary(self) -> Exact:
        """The vocabulary as it stands, for encoding."""
        return Exact(pa.array([], pa.int64()) if self.values is None else self.values)

    @classmethod
    def of(cls, vocabulary: Exact, *, least: int = 1, days: int = 0, most: int = 0) -> "Dynamic":
        """Go on from a vocabulary whose values were all seen on day 0."""
        last = np.zeros(len(vocabulary.values), np.int64)
        return cls(least, days, most, 0, vocabulary.values, last)

    def advanced(self, column: pa.Array, day: int) -> "tuple[Dynamic, Ints]":
        """The vocabulary after one more day's column, and the ids whose meaning changed.

        Raises:
            ValueError: the day lies before one that was taken in.
        """
        if day < self.day:
            raise ValueError(f"day {day} lies before day {self.day}, which was taken in already.")
        column = valued(column).drop_null()
        values = pa.array([], column.type) if self.values is None else self.values
        last = np.empty(0, np.int64) if self.last is None else self.last.copy()
        ids = Exact(values).ids(column)
        last[np.unique(ids[ids > 0]) - 1] = day
        waiting = self._waiting(column.filter(pa.array(ids == 0)), day)
        if self.days:
            gone = (last < day - self.days) & np.asarray(pc.is_valid(values))
            values = pc.if_else(pa.array(gone), None, values)
            waiting = waiting.filter(pc.greater_equal(waiting["day"], day - self.days))
        return self._with_admitted(values, last, waiting, day)

    def _waiting(self, column: pa.Array, day: int) -> pa.Table:
        counted = pc.value_counts(column)
        fresh = pa.table(
            {
                "value": counted.field("values"),
                "count": counted.field("counts"),
                "day": pa.array(np.full(len(counted), day)),
            }
        )
        parts = [fresh] if self.waiting is None else [self.waiting, fresh]
        merged = (
            pa.concat_tables(parts).group_by("value").aggregate([("count", "sum"), ("day", "max")])
        )
        return merged.rename_columns(["value", "count", "day"])

    def _with_admitted(
        self, values: pa.Array, last: Ints, waiting: pa.Table, day: int
    ) -> "tuple[Dynamic, Ints]":
        order = [("count", "descending"), ("value", "ascending")]
        ripe = waiting.filter(pc.greater_equal(waiting["count"], self.least)).sort_by(order)
        free = np.flatnonzero(~np.asarray(pc.is_valid(values)))
        room = len(free) + (self.most - len(values) if self.most else len(ripe))
        admitted = ripe["value"].combine_chunks().slice(0, max(room, 0))
        reused = free[: len(admitted)]
        chosen = np.concatenate(
            [reused, len(values) + np.arange(len(admitted) - len(reused))]
        ).astype(np.int64)
        size = len(values) + len(admitted) - len(reused)
        # Old values stay in their places, admitted ones follow: taking by place puts both right.
        place = np.arange(size)
        place[chosen] = len(values) + np.arange(len(admitted))
        values = pa.concat_arrays([values, admitted]).take(pa.array(place))
        last = np.concatenate([last, np.full(size - len(last), day)])
        last[chosen] = day
        rest = waiting.filter(pc.invert(pc.is_in(waiting["value"], value_set=admitted)))
        return replace(self, day=day, values=values, last=last, waiting=rest), chosen + 1
