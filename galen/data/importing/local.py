"""Numbers and times as a country writes them → columns of the schema."""

from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.importing.converting import Converted, convert
from galen.data.importing.feeds import Dialect, ImportRefused
from galen.data.importing.words import WORDS

_COMMA: Final = r"^\s*[+-]?(\d{1,3}([. \x{00a0}\x{202f}']\d{3})+|\d+)(,\d+)?\s*$"
_TIME: Final = (
    r"(?:,?[ T]+(?P<time>\d?\d:\d\d(?::\d\d(?:\.\d+)?)?)(?P<zone>Z| ?[+-]\d\d(?::?\d\d)?)?)?"
)
_DAYS: Final[Mapping[str, str]] = {
    "dmy": rf"^\s*(?P<d>\d?\d)[./-](?P<m>\d?\d)[./-](?P<y>\d{{4}}){_TIME}\s*$",
    "mdy": rf"^\s*(?P<m>\d?\d)[./-](?P<d>\d?\d)[./-](?P<y>\d{{4}}){_TIME}\s*$",
    "ymd": rf"^\s*(?P<y>\d{{4}})[./-](?P<m>\d?\d)[./-](?P<d>\d?\d){_TIME}\s*$",
}
_ZONED: Final = r":.*(Z|[+-]\d\d(:?\d\d)?)\s*$"
_COUNTED: Final = r"^\s*-?\d+(\.\d*)?\s*$"  # since 1970, which is the same everywhere

SAID_BY: Final[Mapping[str, tuple[str, str]]] = {
    "decimal": ("is not a number", "If numbers have a decimal comma: --option decimal=','."),
    "dates": ("is not a time", "If dates begin with the day: --option dates=dmy (or mdy, ymd)."),
}
"""An option of a source → how reasons of rejected rows end that it may mend, and what to say."""


def check_local(dialect: Dialect) -> None:
    """Refuse what is not known.

    Raises:
        ImportRefused: a mark, an order or a zone cannot be meant.
    """
    if dialect.decimal not in {".", ","}:
        raise ImportRefused(f"the option decimal cannot be {dialect.decimal!r}: give '.' or ','.")
    if dialect.dates and dialect.dates not in _DAYS:
        given = ", ".join(_DAYS)
        raise ImportRefused(f"the option dates cannot be {dialect.dates!r}: give {given}.")
    try:
        known = not dialect.zone or bool(ZoneInfo(dialect.zone))
    except (KeyError, ValueError, OSError):  # what is no name of a file is told in all three
        known = False
    if not known:
        raise ImportRefused(
            f"the option zone cannot be {dialect.zone!r}: give a name such as Europe/Berlin."
        )


def converted(column: pa.Array | pa.ChunkedArray, field: pa.Field, dialect: Dialect) -> Converted:
    """A column as the field's type, its texts as the dialect writes numbers and times."""
    if pa.types.is_timestamp(field.type):
        return _moments(column, field, dialect)
    coded = field.name in WORDS  # words of galen, kept as integers
    number = (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)) and not coded
    if dialect.decimal == "," and number and pa.types.is_string(column.type):
        return _in_other_words(column, field, _COMMA, _with_point)
    return convert(column, field)


def _in_other_words(
    column: pa.Array | pa.ChunkedArray,
    field: pa.Field,
    form: str,
    said: Callable[[pa.Array], pa.Array],
) -> Converted:
    """What has the form is read as it is said in ours; what has not, and is no blank, is bad."""
    text = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    fits = pc.fill_null(pc.match_substring_regex(text, form), False)
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(text), ""), True)
    values, bad = convert(said(pc.if_else(fits, text, None)), field)
    return values, bad | ~np.asarray(pc.or_(fits, blank))


def _with_point(text: pa.Array) -> pa.Array:
    whole = pc.replace_substring_regex(text, r"[. \x{00a0}\x{202f}']", "")
    return pc.replace_substring(whole, ",", ".")


def _moments(column: pa.Array | pa.ChunkedArray, field: pa.Field, dialect: Dialect) -> Converted:
    if pa.types.is_string(column.type):
        naive = ~np.asarray(pc.fill_null(pc.match_substring_regex(column, _ZONED), False))
        naive &= ~np.asarray(pc.fill_null(pc.match_substring_regex(column, _COUNTED), False))
    else:
        timed = pa.types.is_timestamp(column.type) and column.type.tz is None
        naive = np.full(len(column), timed or pa.types.is_date(column.type))
    if dialect.dates and pa.types.is_string(column.type):
        form = _DAYS[dialect.dates]
        values, bad = _in_other_words(column, field, form, lambda text: _as_iso(text, form))
    else:
        values, bad = convert(column, field)
    if dialect.zone and naive.any():
        here = pc.assume_timezone(values, dialect.zone, ambiguous="earliest", nonexistent="latest")
        values = pc.if_else(pa.array(naive), here.cast(field.type), values)
    return values, bad


def _as_iso(text: pa.Array, form: str) -> pa.Array:
    """Parts of each date in the order of ISO 8601."""
    parts = pc.extract_regex(text, form)
    year, month, day, time, zone = (
        pc.struct_field(parts, name) for name in ("y", "m", "d", "time", "zone")
    )
    date = pc.binary_join_element_wise(
        year, *(pc.utf8_lpad(part, 2, "0") for part in (month, day)), "-"
    )
    padded = pc.replace_substring_regex(time, r"^(\d):", r"0\1:")
    clock = pc.if_else(pc.equal(padded, ""), "00:00", padded)
    iso = pc.binary_join_element_wise(date, clock, "T")
    return pc.binary_join_element_wise(iso, pc.replace_substring(zone, " ", ""), "")
