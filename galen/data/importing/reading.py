"""Files of rows in blocks of columns: CSV, JSON Lines and Parquet, with the line of every row.

A block of good lines is parsed at once. A block with trouble is parsed line by line, so that
one broken line costs only itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from galen.data.arrays import Ints
from galen.data.importing.csv_rows import csv_blocks, header_of
from galen.data.importing.feeds import Dialect, ImportRefused
from galen.data.importing.lines import CUT, Lines, Reject, RowBlock, read_lines, shown

_ROWS: Final = 131_072  # of a block of Parquet
_EXACT: Final = 2.0**53  # below it each integer is a float of its own
_MOST_KEYS: Final = 10_000  # of JSON objects in one file

_WIDE: Final = "UTF-16"
_NO_TEXT: Final = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save the sheet as CSV"),
    (b"\xfd7zXZ\0", "packed with xz", "unpack it, or pack it with gzip"),
    (b"(\xb5/\xfd", "packed with zstd", "unpack it, or pack it with gzip"),
    (b"BZh91AY&SY", "packed with bzip2", "unpack it, or pack it with gzip"),
    (b"\xff\xfe", _WIDE, "save it as UTF-8"),
    (b"\xfe\xff", _WIDE, "save it as UTF-8"),
)
"""How files begin that look like text and are none, what they are, and what to do."""

Advance = Callable[[int], None]


def columns_of(path: Path, dialect: Dialect) -> tuple[str, ...]:
    """The columns that a file has.

    Raises:
        ImportRefused: the file is missing or empty, or its columns cannot be told.
    """
    if path.is_dir():
        raise ImportRefused(f"{path} is a folder; name one file, in which all rows are.")
    if not path.is_file():
        raise ImportRefused(f"{path}: there is no such file; check the path.")
    if path.stat().st_size == 0:
        raise ImportRefused(f"{path} is empty: it has neither columns nor rows.")
    with path.open("rb") as file:
        begins = file.read(16)
    for mark, what, instead in _NO_TEXT:
        damaged = what == _WIDE and b"\0" not in begins  # a byte or two of UTF-8 that are broken
        if begins.startswith(mark) and not damaged:
            raise ImportRefused(f"{path} is {what}, which is not read; {instead}.")
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
    if kind == "json":
        written = path.stat()
        columns = _keys(path, written.st_size, written.st_mtime_ns)
    else:
        columns = dialect.columns or header_of(path, dialect, first)
    if not columns:
        raise ImportRefused(f"{path}{_without_columns(kind, begins)}")
    doubled = sorted({name for name in columns if name and columns.count(name) > 1})
    if doubled:
        raise ImportRefused(f"{path}, line 1: columns named twice: {doubled}; rename them.")
    return columns


def read_blocks(
    path: Path, dialect: Dialect, needed: Sequence[str], reject: Reject, advance: Advance
) -> Iterator[RowBlock]:
    """The needed columns of a file, block by block; what cannot be parsed goes to `reject`."""
    kind = _kind(path)
    if kind == "parquet":
        return _parquet(path, needed, reject, advance)
    if kind == "json":
        return _json(path, needed, reject, advance)
    return csv_blocks(path, dialect, columns_of(path, dialect), needed, reject, advance)


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if ".parquet" in suffixes[-1:] or _is_parquet(path):
        return "parquet"
    return "json" if {".jsonl", ".ndjson", ".json"} & set(suffixes[-2:]) else "csv"


def _is_parquet(path: Path) -> bool:
    """Whether a file of another name is Parquet: it says so at both ends, a damaged text at one."""
    with path.open("rb") as file:
        begins = file.read(4) == b"PAR1"
        file.seek(-min(4, path.stat().st_size), 2)
        return begins and file.read() == b"PAR1"


def _without_columns(kind: str, begins: bytes) -> str:
    if kind == "csv":
        return (
            ", line 1 is empty: it has to name the columns; delete what stands above their names."
        )
    if begins.lstrip().startswith(b"["):
        return (
            " is one JSON list; write each of its objects on a line of its own, without brackets "
            "and commas between them (`jq -c '.[]'` does)."
        )
    return ": none of its lines is a JSON object; is it JSON Lines?"


def _ignore(*_: Any) -> None:
    """Troubles are told when the file is read, not when its columns are."""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@lru_cache(maxsize=8)  # a source, the mapping and the landing all ask, and each time reads it all
def _keys(path: Path, size: int, written: int) -> tuple[str, ...]:
    """The keys of all objects of a file, which may have one from its last line alone.

    Raises:
        ImportRefused: there are so many that they must be values.
    """
    keys: dict[str, None] = {}
    for lines in read_lines(path, _ignore, _ignore):
        keys |= dict.fromkeys(chain.from_iterable(_objects(lines.data)))
        if len(keys) > _MOST_KEYS:
            raise ImportRefused(
                f"{path}: its objects have more than {_MOST_KEYS:,} different keys, such as "
                f"{next(reversed(keys))!r}; write what differs by row as a value, not as a key."
            )
    return tuple(keys)


def _objects(data: bytes) -> Iterable[dict[str, msgspec.Raw]]:
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    try:
        return decoder.decode_lines(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _whole_objects(data, decoder.decode)


def _whole_objects(
    data: bytes, decode: Callable[[bytes], dict[str, msgspec.Raw]]
) -> Iterator[dict[str, msgspec.Raw]]:
    for line in data.split(b"\n"):
        try:
            yield decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue


def _json(
    path: Path, needed: Sequence[str], reject: Reject, advance: Advance
) -> Iterator[RowBlock]:
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
            yield RowBlock(pa.table(columns, names=list(needed)), numbers)


def _one_by_one(
    texts: list[bytes], lines: Lines, decode: Callable[[bytes], Any], reject: Reject
) -> tuple[list[Any], Ints]:
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
                reason = CUT
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
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))  # as it is read in a column of floats
    return msgspec.json.encode(value).decode()


def _parquet(
    path: Path, needed: Sequence[str], reject: Reject, advance: Advance
) -> Iterator[RowBlock]:
    first = 1
    with pq.ParquetFile(path) as file:
        groups = file.num_row_groups
        for group in range(groups):
            rows = file.metadata.row_group(group).num_rows
            try:
                done = 0
                for batch in file.iter_batches(_ROWS, row_groups=[group], columns=list(needed)):
                    lines = np.arange(first + done, first + done + len(batch))
                    yield RowBlock(_plain(pa.Table.from_batches([batch])), lines)
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
