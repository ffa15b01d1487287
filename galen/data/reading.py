"""Files of rows in blocks of columns: CSV, JSON Lines and Parquet, with the line of every row.

A block of good lines is parsed at once. A block with trouble is parsed line by line, so that
one broken line costs only itself.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from galen.data.feeds import ImportRefused, Layout
from galen.data.lines import Lines, Reject, read_lines, shown

_ROWS: Final = 131_072  # of a block of Parquet
_ONE: Final = "\x1f"  # stands for a separator of several characters
_CUT: Final = "file is cut in the middle of this line"

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Block:
    """Some rows of a file as they stand there."""

    table: pa.Table
    lines: npt.NDArray[np.int64]  # line of each row; its row number in Parquet


def columns_of(path: Path, layout: Layout) -> tuple[str, ...]:
    """The columns that a file has.

    Raises:
        ImportRefused: the file is missing or empty, or its columns cannot be told.
    """
    if not path.is_file():
        raise ImportRefused(f"{path}: there is no such file; check the path.")
    if path.stat().st_size == 0:
        raise ImportRefused(f"{path} is empty: it has neither columns nor rows.")
    kind = _kind(path)
    if kind == "parquet":
        try:
            return tuple(pq.read_schema(path).names)
        except (pa.ArrowException, OSError) as error:
            raise ImportRefused(
                f"{path} cannot be read as Parquet ({_first_line(error)}): it is cut or damaged; "
                "copy or write it again."
            ) from error
    first = next(read_lines(path, _ignore, _ignore), None)
    if first is None:
        raise ImportRefused(f"{path} has no whole line that could be read; copy it again.")
    columns = _keys(first) if kind == "json" else layout.columns or _header(path, layout, first)
    if not columns:
        raise ImportRefused(f"{path}: none of its first lines is a JSON object; is it JSON Lines?")
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise ImportRefused(f"{path}, line 1: columns named twice: {doubled}; rename them.")
    return columns


def read_blocks(
    path: Path, layout: Layout, needed: Sequence[str], reject: Reject, advance: Advance
) -> Iterator[Block]:
    """The needed columns of a file, block by block; what cannot be parsed goes to `reject`."""
    kind = _kind(path)
    if kind == "parquet":
        return _parquet(path, needed, reject, advance)
    if kind == "json":
        return _json(path, needed, reject, advance)
    return _csv(path, layout, needed, reject, advance)


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    with path.open("rb") as file:
        if file.read(4) == b"PAR1" or ".parquet" in suffixes[-1:]:
            return "parquet"
    return "json" if {".jsonl", ".ndjson", ".json"} & set(suffixes[-2:]) else "csv"


def _ignore(*_: Any) -> None:
    """Troubles are told when the file is read, not when its columns are."""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


# --- CSV


def _separator(path: Path, layout: Layout) -> str:
    if layout.separator is not None:
        return layout.separator if len(layout.separator) == 1 else _ONE
    return "\t" if ".tsv" in path.suffixes[-2:] else ","


def _header(path: Path, layout: Layout, first: Lines) -> tuple[str, ...]:
    line = first.data.split(b"\n", 1)[0].rstrip(b"\r")
    try:
        text = line.decode(layout.encoding)
        if "\0" in text:
            raise ValueError("it has NUL bytes")
        (fields,) = csv.reader([text], delimiter=_separator(path, layout), strict=True)
    except (ValueError, csv.Error) as error:
        raise ImportRefused(
            f"{path}, line 1: the columns' names cannot be read ({error}); save it as UTF-8 CSV."
        ) from error
    return tuple(name.strip() for name in fields)


def _csv(
    path: Path, layout: Layout, needed: Sequence[str], reject: Reject, advance: Advance
) -> Iterator[Block]:
    parser = _Csv(path, layout, columns_of(path, layout), needed, reject)
    header = not layout.columns
    rest = Lines(b"", 1)
    for lines in read_lines(path, reject, advance):
        whole = parser.recoded(lines)
        if header:
            whole, header = _without_first(whole), False
        if rest.data:
            whole = replace(whole, data=rest.data + whole.data, first=rest.first)
        block, rest = parser.parse(whole, last=not whole.ended)
        if len(block.lines):
            yield block
    if rest.data:
        block, _ = parser.parse(rest, last=True)
        if len(block.lines):
            yield block


def _without_first(lines: Lines) -> Lines:
    end = lines.data.find(b"\n") + 1
    return replace(lines, data=lines.data[end:] if end else b"", first=lines.first + 1)


class _Csv:
    """Parses blocks of lines of one file."""

    def __init__(
        self,
        path: Path,
        layout: Layout,
        columns: tuple[str, ...],
        needed: Sequence[str],
        reject: Reject,
    ) -> None:
        self._layout = layout
        self._separator = _separator(path, layout)
        self._columns = columns
        self._needed = list(needed)
        self._places = [columns.index(name) for name in needed]
        self._reject = reject

    def recoded(self, lines: Lines) -> Lines:
        """The same lines in UTF-8 with a separator of one character."""
        data, separator = lines.data, self._layout.separator
        if self._layout.encoding != "utf-8":
            data = data.decode(self._layout.encoding).encode()
        if separator is not None and len(separator) > 1:
            data = data.replace(separator.encode(), _ONE.encode())
        return replace(lines, data=data)

    def parse(self, lines: Lines, *, last: bool) -> tuple[Block, Lines]:
        """Rows, and the lines that belong to a row which goes on in the next block."""
        quick = self._quick(lines)
        if quick is not None:
            return quick, Lines(b"", 1)
        return self._careful(lines, last=last)

    def _quick(self, lines: Lines) -> Block | None:
        data = lines.data
        if not data or b"\0" in data or data.count(b"\r") != data.count(b"\r\n"):
            return None
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
        bad: list[tuple[int, int, str]] = []

        def skip(row: pacsv.InvalidRow) -> str:
            bad.append((row.number, row.actual_columns, row.text))
            return "skip"

        try:
            table = pacsv.read_csv(
                pa.BufferReader(data),
                read_options=pacsv.ReadOptions(
                    column_names=self._columns, use_threads=False, block_size=len(data) + 1
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self._separator,
                    quote_char='"' if self._layout.quoted else False,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types={name: pa.string() for name in self._needed},
                    include_columns=self._needed,
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                    null_values=[""],
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        total = data.count(b"\n") + (not lines.ended)
        if len(table) + len(bad) != total:
            return None  # a quote that was never closed took the lines after it
        good = np.ones(total, bool)
        for number, fields, text in bad:
            good[number - 1] = False
            self._wrong(lines, lines.first + number - 1, fields, text, number == total)
        return Block(table, lines.first + np.flatnonzero(good))

    def _wrong(self, lines: Lines, line: int, fields: int, text: str, at_end: bool) -> None:
        if not text.strip():
            return
        reason = f"{len(self._columns)} fields were expected, not {fields}"
        if at_end and not lines.ended and fields < len(self._columns):
            reason = _CUT
        self._reject(line, reason, text[:500])

    def _careful(self, lines: Lines, *, last: bool) -> tuple[Block, Lines]:
        texts = lines.data.split(b"\n")
        if not texts[-1]:
            texts.pop()
        rows: list[list[str]] = []
        places: list[int] = []
        at = 0
        while at < len(texts):
            fields, used, problem = self._row(texts, at)
            line = lines.first + at
            if problem == "goes on" and not last and len(texts) - at < self._layout.joined:
                rest = b"\n".join(texts[at:]) + b"\n"
                return self._block(rows, places), Lines(rest, line)
            if problem:
                end = not lines.ended and at == len(texts) - 1
                words = "quotes are broken" if problem == "goes on" else problem
                self._reject(
                    line, _CUT if end and problem == "goes on" else words, shown(texts[at])
                )
            elif len(fields) != len(self._columns):
                end = at + used == len(texts)
                self._wrong(lines, line, len(fields), shown(b"\n".join(texts[at : at + used])), end)
            else:
                rows.append(fields)
                places.append(line)
            at += used
        return self._block(rows, places), Lines(b"", 1)

    def _row(self, texts: list[bytes], at: int) -> tuple[list[str], int, str]:
        """Fields, the number of lines they took, and what is wrong with the first of them."""
        most = min(self._layout.joined, len(texts) - at)
        problem = "goes on"
        joined = b""
        for used in range(1, most + 1):
            joined += texts[at + used - 1]
            fields, problem = self._fields(joined)
            if problem != "goes on":
                if used == 1 or (not problem and len(fields) == len(self._columns)):
                    return fields, used, problem
                return [], 1, "quotes are broken"
            joined += b"\n"
        return [], 1, problem

    def _fields(self, line: bytes) -> tuple[list[str], str]:
        """Fields of one line, or why it has none."""
        problem = "line has NUL bytes" if b"\0" in line else ""
        try:
            text = line.removesuffix(b"\r").decode()
            if not self._layout.quoted:
                return text.split(self._separator), problem
            rows = list(csv.reader([text], delimiter=self._separator, strict=True))
            if len(rows) > 1:
                problem = "line has a line end inside"
            return (rows[0] if rows else [""]), problem
        except UnicodeDecodeError:
            return [], "line is not UTF-8"
        except csv.Error as error:
            unclosed = "unexpected end of data" in str(error)
            return [], problem or ("goes on" if unclosed else "quotes are broken")

    def _block(self, rows: list[list[str]], places: list[int]) -> Block:
        columns = [pa.array([row[p] or None for row in rows], pa.string()) for p in self._places]
        return Block(pa.table(columns, names=self._needed), np.array(places, np.int64))


# --- JSON Lines


def _keys(first: Lines) -> tuple[str, ...]:
    keys: dict[str, None] = {}
    for line in first.data[: 1 << 20].split(b"\n")[:1000]:
        try:
            record = msgspec.json.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            keys |= dict.fromkeys(record)
    return tuple(keys)


def _json(path: Path, needed: Sequence[str], reject: Reject, advance: Advance) -> Iterator[Block]:
    fields = [f"c{place}" for place in range(len(needed))]
    shape = msgspec.defstruct(
        "Row",
        [(name, Any, None) for name in fields],
        rename=dict(zip(fields, needed, strict=True)),
        gc=False,
    )
    decode = msgspec.json.Decoder(shape).decode
    for lines in read_lines(path, reject, advance):
        texts = lines.data.split(b"\n")
        if not texts[-1]:
            texts.pop()
        numbers = np.arange(lines.first, lines.first + len(texts))
        try:
            if b"\\u0000" in lines.data:
                raise ValueError("NUL")
            rows = list(map(decode, texts))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            rows, numbers = _one_by_one(texts, lines, decode, reject)
        if rows:
            columns = [column(map(attrgetter(name), rows)) for name in fields]
            yield Block(pa.table(columns, names=list(needed)), numbers)


def _one_by_one(
    texts: list[bytes], lines: Lines, decode: Callable[[bytes], Any], reject: Reject
) -> tuple[list[Any], npt.NDArray[np.int64]]:
    rows, numbers = [], []
    for place, text in enumerate(texts):
        if not text.strip():
            continue
        try:
            row = decode(text)
        except msgspec.ValidationError:
            reason = "line is not a JSON object"
        except UnicodeError:
            reason = "line is not UTF-8"
        except (msgspec.MsgspecError, ValueError, RecursionError):
            reason = "JSON is broken"
            if place == len(texts) - 1 and not lines.ended:
                reason = _CUT
        else:
            reason = "line has NUL characters" if b"\\u0000" in text else ""
        if reason:
            reject(lines.first + place, reason, shown(text))
        else:
            rows.append(row)
            numbers.append(lines.first + place)
    return rows, np.array(numbers, np.int64)


def column(values: Iterable[Any]) -> pa.Array:
    """A column of one type where the values have one, else of their JSON as words."""
    listed = list(values)
    try:
        return pa.array(listed)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([_word(value) for value in listed], pa.string())


def _word(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


# --- Parquet


def _parquet(
    path: Path, needed: Sequence[str], reject: Reject, advance: Advance
) -> Iterator[Block]:
    first = 1
    with pq.ParquetFile(path) as file:
        groups = file.num_row_groups
        for group in range(groups):
            rows = file.metadata.row_group(group).num_rows
            try:
                done = 0
                for batch in file.iter_batches(_ROWS, row_groups=[group], columns=list(needed)):
                    lines = np.arange(first + done, first + done + len(batch))
                    yield Block(_plain(pa.Table.from_batches([batch])), lines)
                    done += len(batch)
            except (pa.ArrowException, OSError) as error:
                told = f"{rows - done} rows: {_first_line(error)}"
                reject(first + done, "row group cannot be read", told)
            first += rows
            advance(path.stat().st_size // groups)


def _plain(table: pa.Table) -> pa.Table:
    """Words in one type, whatever a file keeps them in."""
    for place, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            kind = pa.string()
        if kind != field.type:
            table = table.set_column(place, field.name, table.column(place).cast(kind))
    return table
