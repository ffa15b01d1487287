"""A vocabulary that follows the days: values are let in by count, over as many days as it takes.

Ids keep their meaning from day to day; the new ones are told, so that their embeddings can begin.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Ints
from galen.features.encoding.vocabulary import Exact, valued

PATIENCE: Final = 30
"""Days without being seen after which a value that waits for an id is forgotten."""


@dataclass(frozen=True, eq=False)
class Dynamic:
    """A vocabulary, and what is known of values that are not yet let in.

    `least` is how often a value must be seen before it has an id.
    """

    vocabulary: Exact
    least: int = 1
    waiting: pa.Table | None = None  # value, count, day last seen

    def advanced(self, column: pa.Array, day: int) -> "tuple[Dynamic, Ints]":
        """The vocabulary after one more day's column, and the ids that are new."""
        column = valued(column).drop_null()
        unknown = column.filter(pa.array(self.vocabulary.ids(column) == 0))
        waiting = self._waiting(unknown, day)
        ripe = pc.greater_equal(waiting["count"], self.least)
        order = [("count", "descending"), ("value", "ascending")]
        admitted = waiting.filter(ripe).sort_by(order)["value"].combine_chunks()
        known = self.vocabulary.values
        values = pa.concat_arrays([known, admitted.cast(known.type)])
        hoped = pc.greater(waiting["day"], day - PATIENCE)
        rest = waiting.filter(pc.and_(pc.invert(ripe), hoped))
        ids = np.arange(len(known), len(values), dtype=np.int64) + 1
        return Dynamic(Exact(values), self.least, rest), ids

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
