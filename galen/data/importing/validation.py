"""Rows that cannot be true are marked with a reason; the others are columns of the schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Bools
from galen.data.importing.converting import Converted, Mask
from galen.data.importing.feeds import FIELDS, LINE, Dialect, ImportRefused, TableName
from galen.data.importing.lines import RowBlock
from galen.data.importing.local import converted
from galen.data.importing.mapping import Mapped
from galen.data.importing.words import WORDS, expected, translated, unknown

_EARLIEST: Final = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_OLDEST: Final = 130  # years of a person

_TYPES: Final = {
    pa.float64(): "a number",
    pa.int64(): "a whole number",
    pa.int32(): "a whole number",
    pa.bool_(): "true or false",
    pa.timestamp("us"): "a time",
    pa.string(): "a word",
}
_NOT_NEGATIVE: Final = {
    *{"price", "quantity", "value", "stock", "position", "order", "delivery_days"},
    *{"pack_size", "daily_dose", "household_size"},
}
_AGES: Final = {"age", "min_age"}


@dataclass(frozen=True)
class CheckedRows:
    """A block of rows as fields, with why some of them are rejected."""

    table: pa.Table
    verdict: "RowVerdict"


class RowVerdict:
    """The first reason against each row, and every field that has one against it."""

    def __init__(self, rows: int) -> None:
        self._code = np.zeros(rows, np.int16)  # 0 is good
        self._reasons = [""]
        self._fields: dict[str, Mask] = {}

    def against(self, mask: Mask, reason: str, field: str = "") -> None:
        """Reject rows for a reason, those that were not rejected before; `field` is what is bad."""
        if field and mask.any():
            self._fields[field] = self._fields.get(field, False) | mask
        fresh = mask & (self._code == 0)
        if fresh.any():
            if reason not in self._reasons:
                self._reasons.append(reason)
            self._code[fresh] = self._reasons.index(reason)

    @property
    def good(self) -> Mask:
        """(rows,): true where nothing spoke against a row."""
        return np.equal(self._code, 0)

    def bad_fields(self) -> Mapping[str, Mask]:
        """(rows,) by field: where it cannot be read or cannot be true."""
        return self._fields

    def rejected(self) -> list[tuple[int, str]]:
        """Place and reason of the rejected rows."""
        return [(int(p), self._reasons[self._code[p]]) for p in np.flatnonzero(self._code)]


def check(table: TableName, block: RowBlock, mapped: Mapped, now: datetime) -> CheckedRows:
    """Convert a block to the fields of a table and find the rows that cannot be true.

    `now` is the moment after which nothing can have happened.
    """
    verdict = RowVerdict(len(block.lines))
    columns: dict[str, pa.Array] = {}
    for name, source in mapped.columns.items():
        field = FIELDS[table].field(name)
        raw = pa.array(block.lines) if source == LINE else block.table[source]
        if name in mapped.words:
            raw = translated(raw, mapped.words[name])
        values, bad = _converted(raw, field, mapped.dialect)
        if name in WORDS:
            bad = bad | _no_word(name, values)
            for mask, reason in unknown(name, raw, bad) if bad.any() else ():
                verdict.against(mask, reason, name)
        elif bad.any():
            verdict.against(bad, f"{name} is not {_expected(field, raw.type)}", name)
        columns[name] = values
    for name, value in mapped.constants.items():
        columns[name] = pa.repeat(constant(table, name, value), len(block.lines))
    for name, values in columns.items():
        _check_values(table, name, values, verdict, now)
    if table == "events":
        clock = "timestamp" if "timestamp" in columns else "order"
        verdict.against(np.asarray(pc.is_null(columns[clock])), f"{clock} is missing")
    return CheckedRows(pa.table(columns), verdict)


def constant(table: TableName, name: str, value: str) -> pa.Scalar:
    """One value of a field, written as a word.

    Raises:
        ImportRefused: it is not of the field's type.
    """
    field = FIELDS[table].field(name)
    column, bad = _converted(pa.array([value]), field, Dialect())
    if bad.any() or _no_word(name, column).any():
        raise ImportRefused(
            f"{table}.{name} cannot be {value!r}: it is not {_expected(field, pa.string())}."
        )
    return column[0]


def _converted(column: pa.Array | pa.ChunkedArray, field: pa.Field, dialect: Dialect) -> Converted:
    """A column as the field's type; galen's own words in galen's letters, however capital."""
    values, bad = converted(column, field, dialect)
    if field.name in WORDS and pa.types.is_string(values.type):
        values = pc.utf8_lower(values)
    return values, bad


def _expected(field: pa.Field, given: pa.DataType) -> str:
    if field.name in WORDS:
        return expected(field.name)
    if pa.types.is_string(field.type) and pa.types.is_floating(given):
        return "told apart from others in a column of floats; write it as text"
    return _TYPES.get(field.type, "a list of words")


def _no_word(name: str, values: pa.Array) -> Mask:
    """Where a field that is kept as text has a word that it does not take."""
    if name not in WORDS or not pa.types.is_string(values.type):
        return np.zeros(len(values), bool)
    return ~np.asarray(pc.is_in(values, value_set=pa.array([*WORDS[name], None])))


def _check_values(
    table: TableName, name: str, values: pa.Array, verdict: RowVerdict, now: datetime
) -> None:
    field = FIELDS[table].field(name)
    if not field.nullable:
        verdict.against(np.asarray(pc.is_null(values)), f"{name} is missing", name)
    if pa.types.is_list(field.type):
        verdict.against(_with_gap(values), f"{name} is a list with an entry that is missing", name)
    if pa.types.is_floating(field.type):
        numbers = np.asarray(pc.fill_null(values, 0.0))
        verdict.against(~np.isfinite(numbers), f"{name} is not finite", name)
        if name == "propensity":
            outside = ~((numbers > 0) & (numbers <= 1)) & np.asarray(pc.is_valid(values))
            verdict.against(outside, "propensity is not above 0 and at most 1", name)
    if name in _NOT_NEGATIVE:
        verdict.against(_where(pc.less(values, 0)), f"{name} is negative", name)
    if name in _AGES:
        odd = pc.or_(pc.less(values, 0), pc.greater(values, _OLDEST))
        verdict.against(_where(odd), f"{name} is not from 0 to {_OLDEST} years", name)
    if pa.types.is_timestamp(field.type):
        micros = values.cast(pa.int64())
        verdict.against(_where(pc.less(micros, _EARLIEST)), f"{name} is before 1990", name)
        latest = int(now.timestamp() * 1_000_000)
        verdict.against(_where(pc.greater(micros, latest)), f"{name} is in the future", name)


def _with_gap(lists: pa.Array) -> Bools:
    """Where a list has an entry that is null: what is not said of it cannot be left out of it."""
    gaps: Bools = np.zeros(len(lists), bool)
    if isinstance(lists, pa.ChunkedArray):
        lists = lists.combine_chunks()
    missing = np.asarray(pc.is_null(pc.list_flatten(lists)), dtype=bool)
    gaps[np.asarray(pc.list_parent_indices(lists))[missing]] = True
    return gaps


def _where(mask: Any) -> Bools:
    return np.asarray(pc.fill_null(mask, False))


def fill(table: pa.Table, assumed: Mapping[str, pa.Scalar]) -> pa.Table:
    """Items with assumed values where nothing is known."""
    for name, value in assumed.items():
        if name in table.column_names:
            whole = table[name]
            if pa.types.is_list(whole.type):
                empty = pc.is_null(whole)
                filled = pc.if_else(empty, value, whole) if pc.any(empty).as_py() else whole
            else:
                filled = pc.fill_null(whole, value)
            table = table.set_column(table.column_names.index(name), name, filled)
        else:
            whole = pa.repeat(value, len(table)) if len(table) else pa.array([], value.type)
            table = table.append_column(name, whole)
    return table
