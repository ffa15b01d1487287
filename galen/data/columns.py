"""Columns of a table as arrays."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Floats


def numbers_of(column: pa.ChunkedArray) -> Floats:
    """Numbers, or 1 and 0 for true and false, as floats; NaN where null."""
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    whole = pc.fill_null(pc.cast(column, pa.float64()), float("nan"))
    return np.asarray(whole, dtype=np.float64)
