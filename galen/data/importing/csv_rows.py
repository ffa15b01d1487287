"""Rows of separated values: a good block at once, a block with trouble line by line."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from galen.data.importing.feeds import Dialect, ImportRefused
from galen.data.importing.lines import CUT, Lines, Reject, RowBlock, read_lines, shown

_ONE: Final = "\x1f"  # stands for a separator of several bytes
_NO_TEXT: Final = b"\xff"  # before a line that its encoding cannot say, for it is no UTF-8 either


def _separator(path: Path, dialect: Dialect) -> str:
    if dialect.separator is not None:
        return dialect.separator if len(dialect.separator.encode()) == 1 else _ONE
    return "\t" if ".tsv" in path.suffixes[-2:] else ","


def _recoded(data: bytes, dialect: Dialect) -> bytes:
    """The same lines in UTF-8 with a separator of one byte."""
    if dialect.encoding != "utf-8":
        try:
            data = data.decode(dialect.encoding).encode()
        except UnicodeDecodeError:
            data = b"\n".join(_each_recoded(data.split(b"\n"), dialect.encoding))
    separator = (dialect.separator or "").encode()
    return data.replace(separator, _ONE.encode()) if len(separator) > 1 else data


def _each_recoded(lines: list[bytes], encoding: str) -> Iterator[bytes]:
    for line in lines:
        try:
            yield line.decode(encoding).encode()
        except UnicodeDecodeError:
            yield _NO_TEXT + line.decode(encoding, "replace").encode()


def header_of(path: Path, dialect: Dialect, first: Lines) -> tuple[str, ...]:
    """The columns that the first line names.

    Raises:
        ImportRefused: the line cannot be read.
    """
    line = _recoded(first.data.split(b"\n", 1)[0].rstrip(b"\r"), dialect)
    try:
        text = line.decode()
        if "\0" in text:
            raise ValueError("it has NUL bytes")
        (fields,) = csv.reader([text], delimiter=_separator(path, dialect), strict=True)
    except (ValueError, csv.Error) as error:
        raise ImportRefused(
            f"{path}, line 1: the columns' names cannot be read ({error}); save it as UTF-8 CSV."
        ) from error
    return tuple(name.strip() for name in fields)


def csv_blocks(
    path: Path,
    dialect: Dialect,
    columns: tuple[str, ...],
    needed: Sequence[str],
    reject: Reject,
    advance: Callable[[int], None],
) -> Iterator[RowBlock]:
    """The needed columns of a file of separated values, block by block."""
    parser = _Csv(path, dialect, columns, needed, reject)
    header = not dialect.columns
    rest = Lines(b"", 1)
    for lines in read_lines(path, reject, advance):
        whole = replace(lines, data=_recoded(lines.data, dialect))
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
        dialect: Dialect,
        columns: tuple[str, ...],
        needed: Sequence[str],
        reject: Reject,
    ) -> None:
        self._dialect = dialect
        self._separator = _separator(path, dialect)
        self._columns = columns
        self._needed = list(needed)
        self._places = [columns.index(name) for name in needed]
        self._reject = reject

    def parse(self, lines: Lines, *, last: bool) -> tuple[RowBlock, Lines]:
        """Rows, and the lines that belong to a row which goes on in the next block."""
        quick = self._quick(lines)
        if quick is not None:
            return quick, Lines(b"", 1)
        return self._careful(lines, last=last)

    def _quick(self, lines: Lines) -> RowBlock | None:
        data = lines.data
        if not data or b"\0" in data:
            return None
        if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
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
                    quote_char='"' if self._dialect.quoted else False,
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
        return RowBlock(table, lines.first + np.flatnonzero(good))

    def _wrong(self, lines: Lines, line: int, fields: int, text: str, at_end: bool) -> None:
        if not text.strip():
            return
        reason = f"{len(self._columns)} fields were expected, not {fields}"
        if at_end and not lines.ended and fields < len(self._columns):
            reason = CUT
        self._reject(line, reason, text[:500])

    def _careful(self, lines: Lines, *, last: bool) -> tuple[RowBlock, Lines]:
        texts = lines.data.split(b"\n")
        if not texts[-1]:
            texts.pop()
        rows: list[list[str]] = []
        places: list[int] = []
        at = 0
        while at < len(texts):
            fields, used, problem = self._row(texts, at)
            line = lines.first + at
            if problem == "goes on" and not last and len(texts) - at < self._dialect.joined:
                rest = b"\n".join(texts[at:]) + b"\n"
                return self._block(rows, places), Lines(rest, line)
            if problem:
                end = not lines.ended and at == len(texts) - 1
                words = "quotes are broken" if problem == "goes on" else problem
                self._reject(line, CUT if end and problem == "goes on" else words, shown(texts[at]))
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
        most = min(self._dialect.joined, len(texts) - at)
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
            if not self._dialect.quoted:
                return text.split(self._separator), problem
            rows = list(csv.reader([text], delimiter=self._separator, strict=True))
            return (rows[0] if rows else [""]), problem
        except UnicodeDecodeError:
            return [], f"line is not {self._dialect.encoding.upper()}"
        except csv.Error as error:
            return [], problem or _meaning(str(error))

    def _block(self, rows: list[list[str]], places: list[int]) -> RowBlock:
        columns = [pa.array([row[p] or None for row in rows], pa.string()) for p in self._places]
        return RowBlock(pa.table(columns, names=self._needed), np.array(places, np.int64))


def _meaning(words: str) -> str:
    """What the csv module's words mean for the person who has the file."""
    if "unexpected end of data" in words:
        return "goes on"
    return "line has a line end inside" if "new-line" in words else "quotes are broken"
