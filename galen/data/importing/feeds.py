"""What a source says about its files: how they are laid out, and which column is which field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa

from galen.data.mendable import MendableError
from galen.data.schema import EVENTS, ITEMS, USERS

TableName = Literal["items", "users", "events"]

_AT_THE_EDGE: Final = {"user": "user_id", "item": "item_id"}

FIELDS: Final[dict[str, pa.Schema]] = {
    "items": ITEMS,
    "users": USERS,
    "events": pa.schema(
        [
            pa.field(_AT_THE_EDGE[f.name], pa.string(), nullable=False)
            if f.name in _AT_THE_EDGE
            else f
            for f in EVENTS
        ]
    ),
}
"""The fields that a file may give, by table: as in the shop, with the ids that people know."""

LINE: Final = "#line"
"""In a mapping, the number of the row's line in its file."""


class ImportRefused(MendableError):
    """An import that changed nothing; the message says why, where, and what to do."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written, where its name and first line do not say it."""

    separator: str | None = None  # None: a tab in .tsv, else a comma
    encoding: str = "utf-8"
    decimal: str = "."  # the mark before decimals
    dates: str = ""  # the order of day, month and year; empty: ISO 8601
    zone: str = ""  # of times that name none; empty: UTC
    columns: tuple[str, ...] = ()  # empty: the first line names them
    quoted: bool = True
    joined: int = 64  # lines that one quoted field may span


@dataclass(frozen=True)
class Feed:
    """The file of one table."""

    path: Path
    mapping: Mapping[str, str] = field(default_factory=dict)  # field → column, "=constant", LINE
    dialect: Dialect = Dialect()
    keep: Callable[[pa.Table], pa.Array] | None = None  # which raw rows are in scope
    adapt: Callable[[pa.Table], pa.Table] | None = None  # raw columns → columns the mapping names
    made: tuple[str, ...] = ()  # columns that `adapt` adds
    reads: tuple[str, ...] = ()  # columns that `keep` and `adapt` need


@dataclass(frozen=True)
class ImportPlan:
    """The files of a shop; without a file of items or users, they come from the events."""

    events: Feed
    items: Feed | None = None
    users: Feed | None = None
    assume: Mapping[str, str] = field(default_factory=dict)  # item field → value where unknown

    def feeds(self) -> dict[TableName, Feed]:
        """In the order in which they are read."""
        given: dict[TableName, Feed | None] = {
            "items": self.items,
            "users": self.users,
            "events": self.events,
        }
        return {name: feed for name, feed in given.items() if feed is not None}


@dataclass(frozen=True)
class ImportSource:
    """A kind of data that galen knows by name."""

    name: str
    what: str  # one line for people
    paths: Mapping[str, bool]  # name → required
    options: tuple[str, ...]
    plan: Callable[[Mapping[str, Path], Mapping[str, str]], ImportPlan]  # paths, options


OPEN_SALE: Final[Mapping[str, str]] = {
    "rx_class": "none",
    "stock": "1",
    "hidden": "false",
    "min_age": "0",
    "regions": "*",
}
"""What research data assume, which knows of no medicines, stock or regions."""
