"""Which column of a file is which field of a table."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import msgspec

from galen.data.importing.feeds import FIELDS, LINE, Dialect, Feed, ImportRefused, TableName
from galen.data.importing.words import Meanings

_REQUIRED: Final[dict[TableName, tuple[str, ...]]] = {
    "items": ("item_id",),
    "users": ("user_id",),
    "events": ("user_id", "item_id", "kind"),
}


@dataclass(frozen=True)
class Mapped:
    """What is read of a file."""

    columns: Mapping[str, str]  # field → column of the file, or LINE
    constants: Mapping[str, str]  # field → value of every row
    ignored: tuple[str, ...]  # columns that are no field
    words: Mapping[str, Meanings] = field(default_factory=dict)  # field → its file's own words
    dialect: Dialect = field(default_factory=Dialect)  # how numbers and times are written


class MappingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says of the columns of their files, and of words in them."""

    items: dict[str, str] = msgspec.field(default_factory=dict)
    users: dict[str, str] = msgspec.field(default_factory=dict)
    events: dict[str, str] = msgspec.field(default_factory=dict)
    words: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)

    @property
    def tables(self) -> dict[str, dict[str, str]]:
        """field → column, of the tables of which something is said."""
        said = {"items": self.items, "users": self.users, "events": self.events}
        return {table: dict(fields) for table, fields in said.items() if fields}


def map_columns(
    table: TableName,
    feed: Feed,
    columns: Sequence[str],
    given: Mapping[str, str],
    words: Mapping[str, Meanings],
) -> Mapped:
    """Columns named as a field are that field; the feed's mapping goes before, `given` first.

    Raises:
        ImportRefused: an unknown field or column is named, a column is one slip away from a field
            that no column gives, or a required field has no column.
    """
    fields = FIELDS[table].names
    for name in given:
        if name not in fields:
            raise ImportRefused(
                f"{table}.{name} is mapped, but {table} has no such field{_nearest(name, fields)}"
            )
    there = [*columns, *feed.made]
    wanted = {name: name for name in fields if name in there} | dict(feed.mapping) | dict(given)
    constants = {f: text[1:] for f, text in wanted.items() if text.startswith("=")}
    chosen = {f: c for f, c in wanted.items() if c and not c.startswith("=")}
    for name, column in chosen.items():
        if column not in there and column != LINE:
            raise ImportRefused(
                f"{feed.path} has no column {column!r} for {table}.{name}"
                f"{_nearest(column, there)} Its columns: {', '.join(columns)}."
            )
    for column in feed.reads:
        if column not in columns:
            raise ImportRefused(
                f"{feed.path} has no column {column!r}{_nearest(column, columns)} Its columns: "
                f"{', '.join(columns)}."
            )
    used = {*chosen.values(), *feed.reads}
    ignored = tuple(name for name in columns if name and name not in used)
    for column in ignored:
        for name in fields:
            if name not in wanted and one_slip(column, name):
                raise ImportRefused(
                    f"{feed.path} has an unknown column {column!r}; did you mean {name!r}? Rename "
                    f"it, or map it: --map {table}.{name}={column}; to leave it out: "
                    f"--map {table}.{name}="
                )
    _require(table, feed, {*chosen, *constants}, columns)
    own = {name: meanings for name, meanings in words.items() if name in chosen}
    return Mapped(chosen, constants, ignored, own, feed.dialect)


def _require(table: TableName, feed: Feed, got: set[str], columns: Sequence[str]) -> None:
    missing = [name for name in _REQUIRED[table] if name not in got]
    if table == "events" and not got & {"timestamp", "order"}:
        missing.append("timestamp (or order)")
    if missing:
        first = f"{table}.{missing[0].split()[0]}"
        raise ImportRefused(
            f"{feed.path} gives no {', '.join(missing)} for the table {table}. Its columns: "
            f"{', '.join(columns)}. "
            + (
                _parted_otherwise(columns)
                or f"Map one (--map {first}=COLUMN) or give a value for all rows "
                f"(--map {first}==VALUE)."
            )
        )


def _parted_otherwise(columns: Sequence[str]) -> str:
    """What to say where a file's columns stand as one, since something else parts them."""
    if len(columns) != 1:
        return ""
    written = {"\t": "a tab", ";": "';'", ",": "','", "|": "'|'"}
    within = [mark for mark in written if mark in columns[0]]
    if not within:
        return ""
    mark = max(within, key=columns[0].count)
    flag = "$'\\t'" if mark == "\t" else f"'{mark}'"
    return f"They stand as one: if {written[mark]} parts them, --option separator={flag} says so."


def _nearest(name: str, among: Sequence[str]) -> str:
    near = get_close_matches(name, among, n=1)
    return f"; the nearest is {near[0]!r}." if near else "."


def one_slip(a: str, b: str) -> bool:
    """Whether one letter more, less or other, or two swapped, make one of the other."""
    a, b = a.strip().lower(), b.strip().lower()
    if a == b:
        return True
    if abs(len(a) - len(b)) > 1:
        return False
    start = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    rest, other = a[start:], b[start:]
    swapped = rest[:2] == other[1::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]


def read_mapping(path: Path) -> MappingFile:
    """A TOML file: `field = "column"` under items, users and events, `word = "ours"` under words.

    Raises:
        ImportRefused: the file is not there, is not TOML, or holds something else.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(tree, MappingFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImportRefused(f"mapping {path}: {error}") from error
    except msgspec.ValidationError as error:
        raise ImportRefused(
            f'mapping {path}: {error}. Write [events] and below it field = "column".'
        ) from error
