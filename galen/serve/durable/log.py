"""The durable log: what was acknowledged is on the disk, however the process ends.

One thread owns the writing connection. It takes every operation that waits, runs them in one
transaction and syncs once (group commit), so the price of a sync is shared by all requests of
the moment. An operation is acknowledged only after its transaction is on the disk.
"""

import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from galen.data.mendable import MendableError
from galen.serve.durable import tables
from galen.serve.durable.futures import certain

GROUP: Final = 512  # operations in one transaction at most


class LogUnavailable(Exception):
    """The log cannot take a write now; nothing was acknowledged. Try again later."""


class LogBusy(LogUnavailable):
    """More writes wait than the log may hold."""


class LogError(MendableError):
    """The log's file cannot be opened; the message says why and what to do."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell of a log that cannot be read in words.

    Raises:
        LogError: its file is damaged.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise LogError(
            f"the event log {path} cannot be read: {error}; put a copy of it in its place"
        ) from error


@dataclass(slots=True)
class _Waiting:
    run: Callable[[sqlite3.Connection], Any]
    committed: Callable[[Any], None] | None
    answer: "Future[Any]"
    outcome: Any = None


class EventLog:
    """An SQLite file in WAL mode with one writing thread and a bounded queue before it."""

    def __init__(self, path: Path, *, capacity: int = 10_000, lock_wait: float = 2.0) -> None:
        """Open or make the log.

        Args:
            path: the database file; its folder is made.
            capacity: operations that may wait; one more is refused.
            lock_wait: seconds to wait for another process that holds the file.

        Raises:
            LogError: the file is no log, is newer than this galen, is in use, or cannot be written.
        """
        self.path = path
        self._lock_wait = lock_wait
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(capacity)
        self._closing = threading.Lock()
        self._closed = False
        self._broken = False  # the connection, which the next group replaces
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._claim = _claimed(path)
            try:
                self._connection = self._open()
            except BaseException:
                self._claim.close()
                raise
        except (sqlite3.Error, OSError, tables.EventLogError) as error:
            raise LogError(f"the event log {path} cannot be opened: {error}") from error
        self._writer = threading.Thread(target=self._write_all, name="event-log", daemon=True)
        self._writer.start()

    def write(
        self,
        operation: Callable[[sqlite3.Connection], Any],
        committed: Callable[[Any], None] | None = None,
    ) -> "Future[Any]":
        """Run an operation in the next transaction; the future holds what it gave.

        `committed` is called with that, in the order of the log, when it is durable and before
        the future is done. The future's error is LogUnavailable where the disk refused.

        Raises:
            LogBusy: too much waits already.
            LogUnavailable: the log is closed.
        """
        waiting = _Waiting(operation, committed, certain())
        with self._closing:
            if self._closed:
                raise LogUnavailable("the event log is closed")
            if self.problem is not None:
                raise LogUnavailable(self.problem)
            try:
                self._waiting.put_nowait(waiting)
            except queue.Full:
                raise LogBusy(f"{self._waiting.maxsize} writes wait already") from None
        return waiting.answer

    def read(self) -> sqlite3.Connection:
        """A connection of the caller's own that can only read; close it."""
        uri = f"{self.path.resolve().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=self._lock_wait)

    def checkpoint(self) -> None:
        """Empty the write-ahead file, so that nothing erased is left in it.

        Only for `committed` functions, which run on the writing thread.

        Raises:
            LogUnavailable: a reader holds the file; what was erased is still in it.
        """
        (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise LogUnavailable("a reader holds the event log; its old pages are not erased yet")

    @property
    def problem(self) -> str | None:
        """Why nothing that waits will ever be written; None while it will."""
        alive = self._writer.is_alive()
        return None if alive else "nothing writes the event log any more; restart the server"

    @property
    def backlog(self) -> int:
        """Operations that wait."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Write what waits, then close the file. Calling it again does nothing."""
        with self._closing:
            if not self._closed:
                self._closed = True
                if self.problem is None:
                    self._waiting.put(None)
        self._writer.join()
        self._connection.close()
        self._claim.close()

    def _open(self, mode: str = "rwc") -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=self._lock_wait,
        )
        try:
            tables.prepare(connection)  # before anything that would change a file not ours
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # sync at every commit
            connection.execute("PRAGMA secure_delete = ON")  # a forgotten user's bytes are zeroed
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what a crash left to erase
        except BaseException:
            connection.close()
            raise
        return connection

    def _write_all(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, last = [first], False
            while len(group) < GROUP:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                group.append(more)
            self._commit(group)
            if last:
                return

    def _commit(self, group: Sequence[_Waiting]) -> None:
        """One transaction for all; where one of several fails, each gets its own."""
        try:
            if self._broken:
                self._connection = self._open("rw")  # a file that is gone is not made anew empty
                self._broken = False
            self._connection.execute("BEGIN IMMEDIATE")
            for waiting in group:
                waiting.outcome = waiting.run(self._connection)
            self._connection.execute("COMMIT")
        except Exception as error:
            self._undo()
            if len(group) > 1 and not _refused_all(error):
                for waiting in group:
                    self._commit([waiting])
            else:
                for waiting in group:
                    waiting.answer.set_exception(self._told(error))
            return
        for waiting in group:
            self._acknowledge(waiting)

    def _acknowledge(self, waiting: _Waiting) -> None:
        try:
            if waiting.committed is not None:
                waiting.committed(waiting.outcome)
        except Exception as error:
            waiting.answer.set_exception(self._told(error))
        else:
            waiting.answer.set_result(waiting.outcome)

    def _undo(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:  # the connection itself is broken: the next group gets a new one
            self._broken = True
            self._connection.close()

    def _told(self, error: Exception) -> Exception:
        if isinstance(error, (sqlite3.Error, OSError, tables.EventLogError)):
            return LogUnavailable(f"the event log could not be written: {error}")
        return error


def _claimed(path: Path) -> IO[bytes]:
    """A lock that ends with the process: a second server's memory would not know of our writes.

    Raises:
        LogError: another process has the log open.
    """
    claim = path.with_name(f"{path.name}.lock").open("wb")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        raise LogError(f"the event log {path} is in use by another server; stop it first") from None
    return claim


def _refused_all(error: Exception) -> bool:
    """A full disk or a lock refuses the whole group: trying one by one would only take longer."""
    return isinstance(error, sqlite3.OperationalError)
