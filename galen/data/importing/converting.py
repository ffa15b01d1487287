"""Columns as they stand in a file → columns of the schema; values that do not fit are marked."""

import ast
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Bools
from galen.data.schema import Kind, Surface

Mask = Bools
Converted = tuple[pa.Array, Mask]
"""A column, null where a value was unknown or did not fit; and where it did not fit."""

TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")

_NUMBER: Final = (
    r"^[+-]?(\d{1,300}\.?\d{0,300}|\.\d{1,300})([eE][+-]?\d{1,3})?$|^[+-]?(?i:inf|nan)$"
)
_ESCAPED: Final = r"""\\(?:[\\'"nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U00(?:0[0-9a-f]|10)[0-9a-f]{4})"""
_QUOTED: Final = rf"""(?:'(?:[^'\\]|{_ESCAPED})*'|"(?:[^"\\]|{_ESCAPED})*")"""
_PRINTED: Final = re.compile(rf"\[{_QUOTED}(?:, {_QUOTED})*\]", re.DOTALL)
"""A list of texts as Python prints it, which is how tools leave them in a CSV."""
_WHOLE: Final = r"^[+-]?\d{1,38}$"
_WIDE: Final = pa.decimal128(38, 0)  # holds the integers of every type
_EXACT: Final = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}
"""Bits of a float → below it each integer is one of its own."""
_ZONE: Final = r"(Z|[+-]\d\d(:?\d\d)?)$"
_CODED: Final[dict[str, type[Kind] | type[Surface]]] = {"kind": Kind, "surface": Surface}


def convert(column: pa.Array | pa.ChunkedArray, field: pa.Field) -> Converted:
    """A column as the field's type."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):  # no chunk at all
        whole = pa.array([], whole.type)
    if pa.types.is_null(whole.type):
        return pa.nulls(len(whole), field.type), _nowhere(whole)
    if field.name in _CODED:
        return _coded(whole, field)
    return _converter(field.type)(whole)


def _converter(kind: pa.DataType) -> Callable[[pa.Array], Converted]:
    if pa.types.is_string(kind):
        return _string
    if pa.types.is_floating(kind):
        return _float
    if pa.types.is_integer(kind):
        return lambda column: _integer(column, kind)
    if pa.types.is_boolean(kind):
        return _boolean
    if pa.types.is_timestamp(kind):
        return _timestamp
    return _list


def _nowhere(column: pa.Array) -> Mask:
    return np.zeros(len(column), bool)


def _lost(before: pa.Array, after: pa.Array) -> Mask:
    """Where a value was present and is not any more."""
    return np.asarray(pc.and_(pc.is_valid(before), pc.is_null(after)))


def _trimmed(column: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _string(column: pa.Array) -> Converted:
    if pa.types.is_string(column.type):
        return _trimmed(column), _nowhere(column)  # a key's blanks are its column's, not its own
    if pa.types.is_floating(column.type):
        return _float_ids(column)
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return pa.nulls(len(column), pa.string()), np.asarray(pc.is_valid(column))
    return column.cast(pa.string()), _nowhere(column)


def _float_ids(column: pa.Array) -> Converted:
    """Ids that a tool made into floats, each by itself: one id is one word in every block."""
    most = _EXACT[column.type.bit_width]
    column = column.cast(pa.float32()) if pa.types.is_float16(column.type) else column
    known = pc.if_else(pc.is_nan(column), None, column)
    told = pc.if_else(pc.less(pc.abs(known), most), known, None)
    whole = pc.if_else(pc.equal(pc.floor(told), told), told, None).cast(pa.int64())
    text = pc.coalesce(whole.cast(pa.string()), told.cast(pa.string()))
    return text, _lost(known, text)


def _float(column: pa.Array) -> Converted:
    if pa.types.is_string(column.type):
        text = _trimmed(column)
        try:
            return text.cast(pa.float64()), _nowhere(column)
        except pa.ArrowInvalid:
            fits = pc.match_substring_regex(text, _NUMBER)
            number = pc.if_else(fits, text, None).cast(pa.float64())
            return number, _lost(text, number)
    if not pa.types.is_primitive(column.type) or pa.types.is_temporal(column.type):
        if pa.types.is_decimal(column.type):
            return column.cast(pa.float64()), _nowhere(column)
        return pa.nulls(len(column), pa.float64()), np.asarray(pc.is_valid(column))
    return pc.cast(column, pa.float64(), safe=False), _nowhere(column)


def _integer(column: pa.Array, kind: pa.DataType) -> Converted:
    text = _trimmed(column) if pa.types.is_string(column.type) else column
    if pa.types.is_string(column.type) or pa.types.is_integer(column.type):
        try:
            return text.cast(kind), _nowhere(column)
        except pa.ArrowInvalid:
            pass  # some do not fit: those that are whole numbers in other words do
    exact = _exact(text, kind)
    number, bad = _float(text if exact.null_count == len(exact) else _rest(text, exact))
    bound = 2.0 ** (kind.bit_width - 1)
    whole = pc.equal(pc.floor(number), number)
    inside = pc.and_(pc.less(number, bound), pc.greater_equal(number, -bound))
    fits = pc.if_else(pc.and_(whole, inside), number, None)
    result = fits.cast(kind)
    return pc.coalesce(exact, result), bad | _lost(number, result)


def _exact(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Whole numbers that are kept as such and fit, some of which floats would round."""
    if pa.types.is_string(column.type):
        whole = pc.match_substring_regex(column, _WHOLE)
    elif pa.types.is_decimal128(column.type):
        whole = pc.equal(pc.floor(column), column)
    elif pa.types.is_integer(column.type):
        whole = pc.is_valid(column)
    else:
        return pa.nulls(len(column), kind)
    wide = pc.if_else(whole, column, None).cast(_WIDE)
    bound = 1 << (kind.bit_width - 1)
    least, most = (pa.scalar(Decimal(end), _WIDE) for end in (-bound, bound - 1))
    inside = pc.and_(pc.less_equal(wide, most), pc.greater_equal(wide, least))
    return pc.if_else(inside, wide, None).cast(kind)


def _rest(column: pa.Array, done: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_null(done), column, None)


def _boolean(column: pa.Array) -> Converted:
    if pa.types.is_boolean(column.type):
        return column, _nowhere(column)
    text = pc.utf8_lower(_trimmed(_string(column)[0]))
    values = pa.array([True] * len(TRUE) + [False] * len(FALSE))
    result = values.take(pc.index_in(text, value_set=pa.array(TRUE + FALSE)))
    return result, _lost(text, result)


def _timestamp(column: pa.Array) -> Converted:
    if pa.types.is_timestamp(column.type):
        return pc.cast(column, pa.timestamp("us"), safe=False), _nowhere(column)
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("us")), _nowhere(column)
    if not pa.types.is_string(column.type):
        return _since_epoch(column)
    text = _trimmed(column)
    try:
        return text.cast(pa.timestamp("us")), _nowhere(column)
    except pa.ArrowInvalid:
        pass  # not all are in one form: each form is read by itself
    numeric = pc.match_substring_regex(text, r"^-?\d+(\.\d*)?$")
    if pc.all(pc.fill_null(numeric, True)).as_py():
        return _since_epoch(text)
    zoned = pc.and_(pc.match_substring_regex(text, _ZONE), pc.match_substring(text, ":"))
    number, _ = _since_epoch(pc.if_else(numeric, text, None))
    with_zone = _each_time(pc.if_else(zoned, text, None), pa.timestamp("us", "UTC"))
    naive = pc.if_else(pc.or_(zoned, numeric), None, text)
    result = pc.coalesce(number, with_zone, _each_time(naive, pa.timestamp("us")))
    return result, _lost(text, result)


def _each_time(text: pa.Array, kind: pa.DataType) -> pa.Array:
    """Times of those words that are one; halves that hold a bad one are split until it is alone."""
    try:
        return text.cast(kind).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        if len(text) == 1:
            return pa.nulls(1, pa.timestamp("us"))
        half = len(text) // 2
        parts = [_each_time(text[:half], kind), _each_time(text[half:], kind)]
        return pa.concat_arrays(parts)


def _since_epoch(column: pa.Array) -> Converted:
    """Seconds, milli-, micro- or nanoseconds: their ranges from 1990 to 2100 do not meet."""
    number, bad = _float(column)
    seconds = np.asarray(pc.fill_null(number, np.nan), dtype=np.float64)
    size = np.abs(seconds)
    micros = np.select(
        [size < 1e11, size < 1e14, size < 1e17],
        [seconds * 1e6, seconds * 1e3, seconds],
        seconds / 1e3,
    )
    fits = np.isfinite(micros) & (np.abs(micros) < 2.0**62)
    whole = pa.array(np.where(fits, micros, 0).astype(np.int64), mask=~fits)
    nanos = fits & (size >= 1e17)
    if nanos.any():  # floats would round them past the microsecond
        exact = pc.divide(_exact(column, pa.int64()), 1000)
        whole = pc.if_else(pa.array(nanos), pc.coalesce(exact, whole), whole)
    result = whole.cast(pa.timestamp("us"))
    return result, bad | _lost(number, result)


def _list(column: pa.Array) -> Converted:
    """Lists of words; a word is a JSON list or its parts are parted by "|"."""
    kind = pa.list_(pa.string())
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        if pa.types.is_string(column.type.value_type) or pa.types.is_large_string(
            column.type.value_type
        ):
            return column.cast(kind), _nowhere(column)
        return _each_list(column.to_pylist())
    if not pa.types.is_string(column.type):
        column, bad = _string(column)
        if bad.any():
            return pa.nulls(len(column), kind), bad
    text = _trimmed(column)
    if not pc.any(pc.starts_with(text, "[")).as_py():
        return _barred(text), _nowhere(column)
    return _each_list(text.to_pylist())


def _barred(text: pa.Array) -> pa.Array:
    """Lists of the parts between bars, without the blanks around them."""
    parts = pc.split_pattern(text, "|")
    words = _trimmed(parts.flatten())
    there = np.asarray(pc.is_valid(words))
    lengths = np.bincount(np.asarray(pc.list_parent_indices(parts))[there], minlength=len(text))
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(
        pa.array(ends), words.filter(pa.array(there)), mask=pc.is_null(text)
    )


def _each_list(values: list[Any]) -> Converted:
    rows: list[list[str] | None] = []
    bad = np.zeros(len(values), bool)
    for place, value in enumerate(values):
        try:
            rows.append(_parts(value))
        except (ValueError, msgspec.MsgspecError, RecursionError):
            rows.append(None)
            bad[place] = True
    return pa.array(rows, pa.list_(pa.string())), bad


def _parts(value: Any) -> list[str] | None:
    if isinstance(value, str):
        value = _read_list(value) if value.startswith("[") else _between_bars(value)
    if value is None:
        return None
    if isinstance(value, list) and value and isinstance(value[0], list):
        value = value[0]  # of several paths, the first
    if not isinstance(value, list) or not all(isinstance(v, str | int | float) for v in value):
        raise ValueError("not a list of words")
    return [str(part) for part in value]


def _between_bars(text: str) -> list[str]:
    return [part for part in map(str.strip, text.split("|")) if part]


def _read_list(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        if _PRINTED.fullmatch(text):  # flat and of texts alone, so it is nothing but read
            return ast.literal_eval(text)
        raise


def _coded(column: pa.Array, field: pa.Field) -> Converted:
    """Words of an enumeration. Numbers are a shop's own codes, which nobody may guess."""
    members = _CODED[field.name]
    text = pc.utf8_lower(_trimmed(_string(column)[0]))
    known = pa.array([m.name.lower() for m in members])
    codes = pa.array([int(m) for m in members], field.type)
    result = codes.take(pc.index_in(text, value_set=known))
    return result, _lost(text, result)
