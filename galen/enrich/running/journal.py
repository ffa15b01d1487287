"""What was asked and answered, so that no answer is paid for twice: one SQLite file of a shop.

Answers are kept once they were judged good, failures only with their reason; each job's outcome is
one transaction, so a kill loses no more than what was being asked.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from galen.enrich.running.faults import EnrichError

_TABLES: Final = """
create table if not exists answers (
    key text primary key, task text not null, text text not null, at integer not null,
    tokens_read integer not null, tokens_written integer not null, cost real not null,
    judged_by text not null
) without rowid;
create table if not exists quarantine (
    task text not null, record text not null, key text not null, code text not null,
    detail text not null, text text not null, tries integer not null, cost real not null,
    at integer not null, primary key (task, key)
) without rowid;
create table if not exists spent (task text primary key, cost real not null,
    tokens_read integer not null, tokens_written integer not null, answers integer not null,
    seconds real not null) without rowid;
create table if not exists verdicts (
    task text not null, record text not null, prompt text not null, model text not null,
    good integer not null, note text not null, at integer not null,
    primary key (task, record, prompt, model)
) without rowid;
create table if not exists verdicts_on_values (
    task text not null, record text not null, prompt text not null, model text not null,
    value text not null, good integer not null, note text not null, at integer not null,
    primary key (task, record, prompt, model, value)
) without rowid;
"""
_MOST_AT_ONCE: Final = 900
"""Variables of one SQL statement, below the least limit that SQLite is built with."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that was judged good."""

    key: str
    text: str
    at: int  # microseconds since the epoch
    tokens_read: int
    tokens_written: int
    cost: float
    judged_by: str  # version of what it was judged by


@dataclass(frozen=True, slots=True)
class Held:
    """A record without a good answer, and why."""

    record: str
    key: str
    code: str
    detail: str
    text: str
    tries: int
    cost: float
    at: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What a task has cost in all, failures too."""

    cost: float = 0.0
    tokens_read: int = 0
    tokens_written: int = 0
    answers: int = 0
    seconds: float = 0.0  # that the model took, summed over jobs

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Judged:
    """A value that a person judged."""

    record: str
    prompt: str
    model: str
    value: str  # a digest of it; empty in journals of before values were told apart


@dataclass(frozen=True, slots=True)
class Review:
    """What a person said of a value."""

    of: Judged
    good: bool
    note: str
    at: int


class Journal:
    """Opened by one run at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the journal of a folder of tables.

        Raises:
            EnrichError: another run holds it, or it cannot be read or written.
        """
        self.path = folder / "journal.sqlite"
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / ".journal.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise EnrichError(f"another run writes to {folder}; wait for its end.") from None
        self._base = sqlite3.connect(self.path, isolation_level=None)
        try:
            with self._told():
                self._base.execute("pragma journal_mode = wal")
                self._base.execute("pragma synchronous = full")  # answers are paid for
                self._base.executescript(_TABLES)
        except EnrichError:
            self.close()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another run open it; what was written is on the disk already."""
        self._base.close()
        self._lock.close()

    def answers(self, keys: Sequence[str]) -> dict[str, KeptAnswer]:
        """The answers that are kept under some of these keys."""
        found = {}
        for start in range(0, len(keys), _MOST_AT_ONCE):
            part = list(keys[start : start + _MOST_AT_ONCE])
            query = (
                "select key, text, at, tokens_read, tokens_written, cost, judged_by from answers "
                f"where key in ({','.join('?' * len(part))})"
            )
            with self._told():
                found.update({row[0]: KeptAnswer(*row) for row in self._base.execute(query, part)})
        return found

    def held(self, task: str) -> dict[str, Held]:
        """What of a task is in quarantine, by the key of its question."""
        query = "select record, key, code, detail, text, tries, cost, at from quarantine"
        with self._told():
            rows = self._base.execute(f"{query} where task = ? order by record", (task,)).fetchall()
            return {row[1]: Held(*row) for row in rows}

    def spent(self, task: str) -> Spent:
        """What a task has cost in all its runs; nothing for one that never ran.

        Raises:
            EnrichError: the journal cannot be read.
        """
        query = "select cost, tokens_read, tokens_written, answers, seconds from spent"
        with self._told():
            row = self._base.execute(f"{query} where task = ?", (task,)).fetchone()
        return Spent(*row) if row else Spent()

    def put(
        self,
        task: str,
        kept: Sequence[tuple[str, KeptAnswer]],
        held: Sequence[Held],
        spent: Spent,
    ) -> None:
        """What one job brought, as (record, answer) and records held, in one transaction."""
        answers = [
            (k.key, task, k.text, k.at, k.tokens_read, k.tokens_written, k.cost, k.judged_by)
            for _, k in kept
        ]
        wrong = [
            (task, h.record, h.key, h.code, h.detail, h.text, h.tries, h.cost, h.at) for h in held
        ]
        with self._told(), self._transaction():
            run = self._base.executemany
            run("insert or replace into answers values (?, ?, ?, ?, ?, ?, ?, ?)", answers)
            run(
                "delete from quarantine where task = ? and record = ?",
                [(task, record) for record in [r for r, _ in kept] + [h.record for h in held]],
            )
            run("insert or replace into quarantine values (?, ?, ?, ?, ?, ?, ?, ?, ?)", wrong)
            self._base.execute(
                "insert into spent values (?, ?, ?, ?, ?, ?) on conflict (task) do update set "
                "cost = cost + excluded.cost, tokens_read = tokens_read + excluded.tokens_read, "
                "tokens_written = tokens_written + excluded.tokens_written, "
                "answers = answers + excluded.answers, seconds = seconds + excluded.seconds",
                (
                    *(task, spent.cost, spent.tokens_read, spent.tokens_written),
                    *(spent.answers, spent.seconds),
                ),
            )

    def verdicts(self, task: str) -> list[Review]:
        """What people said of a task's values, the oldest first.

        Raises:
            EnrichError: the journal cannot be read.
        """
        query = (
            "select record, prompt, model, '', good, note, at from verdicts where task = ?1 union "
            "all select record, prompt, model, value, good, note, at from verdicts_on_values "
            "where task = ?1 order by at, record"
        )
        with self._told():
            rows = self._base.execute(query, (task,))
            return [Review(Judged(*row[:4]), bool(row[4]), *row[5:]) for row in rows]

    def judge(self, task: str, verdict: Review) -> None:
        """Keep what a person said; a later verdict on the same value takes its place."""
        row = (task, *astuple(verdict.of), int(verdict.good), verdict.note, verdict.at)
        query = "insert or replace into verdicts_on_values values (?, ?, ?, ?, ?, ?, ?, ?)"
        with self._told():
            self._base.execute(query, row)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("begin immediate")
        try:
            yield
        except BaseException:
            if self._base.in_transaction:
                self._base.execute("rollback")
            raise
        self._base.execute("commit")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A full disk or a broken file, in words."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            free = os.statvfs(self.path.parent)
            raise EnrichError(
                f"{self.path} cannot be used: {error} ({free.f_bavail * free.f_frsize // 2**20:,} "
                "MiB are free there). What was kept before is kept; mend it and run again."
            ) from error
