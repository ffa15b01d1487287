"""One column of a table of samples, by its name: as it stands, or a part of its moments."""

from collections.abc import Callable, Collection
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Singles
from galen.features.encoding.schema import SchemaError

OF_MOMENTS: Final[dict[str, Callable[[pa.Array], pa.Array]]] = {
    "hour": pc.hour,
    "weekday": pc.day_of_week,
}
"""What a moment tells that comes again, in the zone of its column; the moment itself does not."""


def parts_of(name: str, kind: pa.DataType) -> tuple[str, ...]:
    """Names of the categories that a column of moments or days is read as; none for others."""
    if pa.types.is_timestamp(kind):
        return tuple(f"{name}:{part}" for part in OF_MOMENTS)
    return (f"{name}:weekday",) if pa.types.is_date(kind) else ()


def stored_name(name: str, names: Collection[str]) -> str:
    """The column of a table of these `names` that holds what is called so, if any does."""
    whole, _, part = name.rpartition(":")
    return whole if name not in names and part in OF_MOMENTS else name


def column_of(piece: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    """One column in one piece.

    Raises:
        SchemaError: there is none.
    """
    stored = stored_name(name, piece.schema.names)
    if stored not in piece.schema.names:
        raise SchemaError(
            f"the table has no column {stored!r}; it has {', '.join(piece.schema.names)}."
        )
    column = piece.column(stored)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if stored == name:
        return column
    part = name.removeprefix(f"{stored}:")
    try:
        return OF_MOMENTS[part](column)
    except pa.ArrowNotImplementedError as error:
        raise SchemaError(f"column {stored!r} held moments and is now {column.type}.") from error


def floats(column: pa.Array) -> Singles:
    """(N,): NaN where missing.

    Raises:
        SchemaError: it does not hold numbers.
    """
    try:
        # By way of float64: the direct way refuses integers that float32 would round.
        values = pc.cast(pc.cast(column, pa.float64(), safe=False), pa.float32())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaError(f"a column of type {column.type} holds no numbers ({error}).") from error
    return np.asarray(pc.fill_null(values, np.nan), dtype=np.float32)
