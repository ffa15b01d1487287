"""Lists of different lengths as a table with empty places."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Ints

Value = TypeVar("Value", np.int64, np.float32)


def are_lists(kind: pa.DataType) -> bool:
    """Whether rows of this type are lists, of a fixed length or not."""
    known = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_one(kind) for is_one in known)


def lengths_of(column: pa.Array) -> Ints:
    """(N,): how many values each row's list has; 0 where it is missing."""
    return np.asarray(pc.fill_null(pc.list_value_length(column), 0), dtype=np.int64)


def filled(
    values: npt.NDArray[Value], lengths: Ints, width: int, *, newest: bool
) -> tuple[npt.NDArray[Value], Ints]:
    """(N, width) with 0 in empty places, and (N,) how many are filled.

    Of a longer list the first values are kept, or with `newest` the last.
    """
    ends = np.cumsum(lengths)
    row = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(values)) - np.repeat(ends - lengths, lengths)
    if newest:
        place = place - np.maximum(lengths - width, 0)[row]
    kept = (place >= 0) & (place < width)
    out = np.zeros((len(lengths), width), values.dtype)
    out[row[kept], place[kept]] = values[kept]
    return out, np.minimum(lengths, width)
