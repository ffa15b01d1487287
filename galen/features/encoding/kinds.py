"""What the columns of a table are, and what one pass over its rows counts."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Floats, Singles
from galen.features.encoding.fields import column_of, floats, parts_of
from galen.features.encoding.lists import are_lists, lengths_of
from galen.features.encoding.scale import bent
from galen.features.encoding.schema import SchemaError
from galen.features.encoding.tables import TableColumns
from galen.features.encoding.vocabulary import Counts


@dataclass(frozen=True)
class Kinds:
    """Every column under what it is."""

    columns: TableColumns
    categories: list[str]
    numbers: list[str]
    lists: list[str]  # bags and histories

    @classmethod
    def of(cls, columns: TableColumns, types: dict[str, pa.DataType]) -> "Kinds":
        """What each column is, by what is said of it, else by its type.

        Raises:
            SchemaError: a column of lists of floats is not said to be vectors.
        """
        aside = {*columns.labels.values(), columns.weight, columns.truth}
        aside |= {*columns.skip, *columns.vectors, *columns.bag_weights.values()}
        if columns.group not in (columns.user, columns.item):
            aside.add(columns.group)
        categories: list[str] = []
        numbers, lists = [], []
        for name, kind in types.items():
            if name in aside:
                continue
            if are_lists(kind):
                if pa.types.is_floating(kind.value_type):
                    raise SchemaError(
                        f"column {name!r} holds lists of floats, which are no ids; name it under "
                        "`vectors` or `skip` in samples.toml."
                    )
                lists.append(name)
            elif name in columns.numbers or (
                (pa.types.is_floating(kind) or pa.types.is_decimal(kind))
                and name not in columns.categories
            ):
                numbers.append(name)
            elif name in columns.categories or name in columns.hashed:
                categories.append(name)
            else:
                categories += parts_of(name, kind) or (name,)
        return cls(columns, categories, numbers, lists)

    def table_of(self, name: str) -> str:
        """The table of ids that a column shares, its own where it shares none."""
        return self.columns.shared.get(name) or self.columns.targets.get(name) or name


@dataclass
class Seen:
    """What one pass over a table counts."""

    counts: dict[str, Counts] = field(default_factory=dict)  # by table
    moments: dict[str, Floats] = field(default_factory=dict)  # rows, sum, squares
    widths: dict[str, int] = field(default_factory=dict)

    def add(self, piece: pa.RecordBatch, kinds: Kinds) -> None:
        """Count a piece of the table.

        Raises:
            SchemaError: a number is infinite.
        """
        for name in (*kinds.categories, *kinds.lists):
            column = column_of(piece, name)
            if name in kinds.lists:
                self.widths[name] = max(
                    self.widths.get(name, 0), int(lengths_of(column).max(initial=0))
                )
                column = pc.list_flatten(column)
            table = kinds.table_of(name)
            if table not in kinds.columns.hashed:
                self.counts.setdefault(table, Counts()).add(column)
        for name in kinds.numbers:
            values = floats(column_of(piece, name))
            _check_finite(values, name)
            known = bent(values[~np.isnan(values)]).astype(np.float64)
            now = np.array([len(known), known.sum(), np.square(known).sum()])
            self.moments[name] = self.moments.get(name, np.zeros(3)) + now
        for name in kinds.columns.vectors:
            width = int(lengths_of(column_of(piece, name)).max(initial=0))
            self.widths[name] = max(self.widths.get(name, 0), width)


def _check_finite(values: Singles, name: str) -> None:
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise SchemaError(f"column {name!r} is infinite in row {row} of its piece; mend it.")
