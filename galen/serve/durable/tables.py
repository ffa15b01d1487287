"""The tables of the event log and the operations on them, each one run inside a transaction.

People and items have the log's own numbers, given when a string id is first seen, so the log
outlives a new import of the shop, which may move every row.
"""

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from galen.data.mendable import MendableError
from galen.eligibility.rules.withdrawn import What

VERSION: Final = 3

_SCHEMA: Final = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE users (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL UNIQUE,
    record TEXT
);
CREATE TABLE items (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id TEXT NOT NULL UNIQUE,
    record TEXT,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    user INTEGER REFERENCES users,
    item INTEGER NOT NULL REFERENCES items,
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    session TEXT,
    request TEXT,
    position INTEGER,
    surface INTEGER,
    quantity REAL,
    value REAL,
    propensity REAL
);
CREATE INDEX events_of_user ON events (user);
CREATE TABLE forgotten (digest BLOB PRIMARY KEY) WITHOUT ROWID;
"""

_WITHDRAWN: Final = """
CREATE TABLE withdrawn (
    what TEXT NOT NULL,
    name TEXT NOT NULL,
    batch TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (what, name, batch)
) WITHOUT ROWID;
"""

_WITH_BATCHES: Final = f"""
ALTER TABLE withdrawn RENAME TO withdrawn_before;
{_WITHDRAWN}
INSERT INTO withdrawn (what, name) SELECT what, name FROM withdrawn_before;
DROP TABLE withdrawn_before;
"""


class EventLogError(MendableError):
    """The file is not an event log that this galen can read."""


class EventOutcome(Enum):
    """What became of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # its event_id is in the log already
    FORGOTTEN = "forgotten"  # its user was deleted, and not made anew since


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event at the log's edge, where ids are strings."""

    event_id: str
    user: str | None  # None: an anonymous session
    item: str
    kind: int  # galen.data.schema.Kind
    at: int  # microseconds since the epoch, or the place in the history
    session: str | None = None
    request: str | None = None
    position: int | None = None
    surface: int | None = None
    quantity: float | None = None
    value: float | None = None
    propensity: float | None = None


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables of a new file, or check those of an old one.

    Raises:
        EventLogError: the file holds something else, or a newer version.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
            raise EventLogError("it holds tables of another program; choose another file")
        salt = secrets.token_bytes(32)  # lets no one test whether an id was ever forgotten here
        connection.executescript(
            f"BEGIN IMMEDIATE;{_SCHEMA}{_WITHDRAWN}PRAGMA user_version = {VERSION};"
        )
        connection.execute("INSERT INTO settings VALUES ('salt', ?)", (salt,))
        connection.execute("COMMIT")
    elif version in (1, 2):
        step = _WITHDRAWN if version == 1 else _WITH_BATCHES
        connection.executescript(f"BEGIN IMMEDIATE;{step}PRAGMA user_version = {VERSION};COMMIT;")
    elif version != VERSION:
        raise EventLogError(f"it has version {version}; this galen reads {VERSION}")


def append(connection: sqlite3.Connection, events: Sequence[LoggedEvent]) -> list[EventOutcome]:
    """Add events that are not in the log yet; one outcome an event."""
    users: dict[str, int | None] = {}
    items: dict[str, int] = {}
    salt = _salt(connection)
    outcomes = []
    for event in events:
        user = None
        if event.user is not None:
            if event.user not in users:
                users[event.user] = _user_number(connection, event.user, salt)
            user = users[event.user]
            if user is None:
                outcomes.append(EventOutcome.FORGOTTEN)
                continue
        if event.item not in items:
            items[event.item] = _item_number(connection, event.item)
        added = connection.execute(
            "INSERT INTO events (event_id, user, item, kind, at, session, request, position,"
            " surface, quantity, value, propensity) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (event_id) DO NOTHING",
            (
                event.event_id,
                user,
                items[event.item],
                event.kind,
                event.at,
                event.session,
                event.request,
                event.position,
                event.surface,
                event.quantity,
                event.value,
                event.propensity,
            ),
        ).rowcount
        outcomes.append(EventOutcome.ACCEPTED if added else EventOutcome.DUPLICATE)
    return outcomes


def put_user(connection: sqlite3.Connection, user_id: str, record: str) -> None:
    """Write a user's record (JSON); a user who was forgotten starts anew."""
    connection.execute(
        "INSERT INTO users (user_id, record) VALUES (?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET record = excluded.record",
        (user_id, record),
    )


def forget_user(connection: sqlite3.Connection, user_id: str) -> None:
    """Erase a user and all events of theirs."""
    found = connection.execute("SELECT number FROM users WHERE user_id = ?", (user_id,)).fetchone()
    if found is not None:
        connection.execute("DELETE FROM events WHERE user = ?", found)
        connection.execute("DELETE FROM users WHERE number = ?", found)
    digest = _digest(_salt(connection), user_id)
    connection.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (digest,))


def put_item(connection: sqlite3.Connection, item_id: str, record: str) -> bool:
    """Write an item's record (JSON); False, and nothing written, where it was deleted."""
    return bool(
        connection.execute(
            "INSERT INTO items (item_id, record) VALUES (?, ?)"
            " ON CONFLICT (item_id) DO UPDATE SET record = excluded.record WHERE NOT deleted",
            (item_id, record),
        ).rowcount
    )


def delete_item(connection: sqlite3.Connection, item_id: str) -> None:
    """Mark an item as gone for good."""
    connection.execute(
        "INSERT INTO items (item_id, deleted) VALUES (?, 1)"
        " ON CONFLICT (item_id) DO UPDATE SET deleted = 1, record = NULL",
        (item_id,),
    )


def withdraw(connection: sqlite3.Connection, what: str, name: str, batch: str) -> None:
    """Remember that something is withdrawn."""
    connection.execute("INSERT OR IGNORE INTO withdrawn VALUES (?, ?, ?)", (what, name, batch))


def lift(connection: sqlite3.Connection, what: str, name: str, batch: str) -> None:
    """Forget that something was withdrawn."""
    entry = (what, name, batch)
    connection.execute("DELETE FROM withdrawn WHERE what = ? AND name = ? AND batch = ?", entry)


def withdrawn(connection: sqlite3.Connection) -> list[tuple[What, str, str]]:
    """(what, name, batch) of all that is withdrawn; a log of before there was a switch has none."""
    table = "SELECT 1 FROM sqlite_schema WHERE name = 'withdrawn'"
    if connection.execute(table).fetchone() is None:
        return []
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    batch = "batch" if version >= VERSION else "''"  # a log that is only read stays as it was
    rows = connection.execute(f"SELECT what, name, {batch} FROM withdrawn ORDER BY what, name")
    return list(rows)


def users(connection: sqlite3.Connection) -> Iterator[tuple[int, str, str | None]]:
    """(number, user_id, record) of every user that the log knows, oldest first."""
    yield from connection.execute("SELECT number, user_id, record FROM users ORDER BY number")


def items(connection: sqlite3.Connection) -> Iterator[tuple[int, str, str | None, int]]:
    """(number, item_id, record, deleted) of every item that the log knows, oldest first."""
    yield from connection.execute(
        "SELECT number, item_id, record, deleted FROM items ORDER BY number"
    )


def events_after(connection: sqlite3.Connection, sequence: int) -> Iterator[tuple[Any, ...]]:
    """(sequence, user or -1, item, kind, at, quantity) of events, in the log's order."""
    yield from connection.execute(
        "SELECT sequence, coalesce(user, -1), item, kind, at, quantity FROM events"
        " WHERE sequence > ? ORDER BY sequence",
        (sequence,),
    )


def identity(connection: sqlite3.Connection) -> str:
    """What tells this log from every other."""
    return hmac.digest(_salt(connection), b"identity", hashlib.sha256).hex()


def last(connection: sqlite3.Connection) -> int:
    """The sequence number that was given last; 0 in a new log."""
    given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return 0 if given is None else int(given[0])


def forgotten_among(connection: sqlite3.Connection, user_ids: Iterable[str]) -> list[int]:
    """Places in `user_ids` of those who were deleted."""
    digests = {digest for (digest,) in connection.execute("SELECT digest FROM forgotten")}
    if not digests:
        return []
    salt = _salt(connection)
    return [place for place, user in enumerate(user_ids) if _digest(salt, user) in digests]


def _user_number(connection: sqlite3.Connection, user_id: str, salt: bytes) -> int | None:
    """The number of a user, new where none was known; None where the user was forgotten."""
    find = "SELECT number FROM users WHERE user_id = ?"
    found = connection.execute(find, (user_id,)).fetchone()
    if found is None:
        digest = (_digest(salt, user_id),)
        if connection.execute("SELECT 1 FROM forgotten WHERE digest = ?", digest).fetchone():
            return None
        connection.execute("INSERT INTO users (user_id) VALUES (?)", (user_id,))
        found = connection.execute(find, (user_id,)).fetchone()
    return int(found[0])


def _item_number(connection: sqlite3.Connection, item_id: str) -> int:
    connection.execute("INSERT OR IGNORE INTO items (item_id) VALUES (?)", (item_id,))
    found = connection.execute("SELECT number FROM items WHERE item_id = ?", (item_id,)).fetchone()
    return int(found[0])


def _salt(connection: sqlite3.Connection) -> bytes:
    (salt,) = connection.execute("SELECT value FROM settings WHERE name = 'salt'").fetchone()
    return bytes(salt)


def _digest(salt: bytes, user_id: str) -> bytes:
    return hmac.digest(salt, user_id.encode(), hashlib.sha256)
