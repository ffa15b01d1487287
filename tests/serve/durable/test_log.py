import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from galen.serve.durable import tables
from galen.serve.durable.futures import then
from galen.serve.durable.log import EventLog, LogBusy, LogError, LogUnavailable
from galen.serve.durable.tables import EventOutcome, LoggedEvent


def event(name: str, user: str | None = "ann", item: str = "tea") -> LoggedEvent:
    return LoggedEvent(event_id=name, user=user, item=item, kind=1, at=5)


def append(log: EventLog, *events: LoggedEvent) -> list[EventOutcome]:
    return log.write(lambda connection: tables.append(connection, events)).result(timeout=20)


def ids(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT event_id FROM events ORDER BY sequence")
        return [name for (name,) in rows]


def test_an_acknowledged_event_is_in_the_file_and_a_repeated_one_counts_once(
    tmp_path: Path,
) -> None:
    log = EventLog(tmp_path / "log.db")
    assert append(log, event("a"), event("a"), event("b")) == [
        EventOutcome.ACCEPTED,
        EventOutcome.DUPLICATE,
        EventOutcome.ACCEPTED,
    ]
    assert append(log, event("b")) == [EventOutcome.DUPLICATE]
    assert ids(log.path) == ["a", "b"]
    log.close()


def test_concurrent_writes_share_transactions_and_are_committed_in_one_order(
    tmp_path: Path,
) -> None:
    log = EventLog(tmp_path / "log.db")
    seen: list[str] = []
    hold = threading.Event()
    held = log.write(lambda _: hold.wait(10))  # the next writes gather behind it
    answers = [
        log.write(
            lambda connection, n=n: tables.append(connection, [event(f"e{n}")]),
            lambda _, n=n: seen.append(f"e{n}"),
        )
        for n in range(100)
    ]
    assert not any(answer.done() for answer in answers)
    hold.set()
    for answer in [held, *answers]:
        answer.result(timeout=10)
    log.close()
    assert ids(log.path) == seen == [f"e{n}" for n in range(100)]


def test_one_broken_operation_fails_alone(tmp_path: Path) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        tables.append(connection, [event("half")])
        raise KeyError("bug")

    log = EventLog(tmp_path / "log.db")
    hold = threading.Event()
    log.write(lambda _: hold.wait(10))
    good = log.write(lambda connection: tables.append(connection, [event("a")]))
    bad = log.write(broken)
    also_good = log.write(lambda connection: tables.append(connection, [event("b")]))
    hold.set()
    assert good.result(10) == also_good.result(10) == [EventOutcome.ACCEPTED]
    with pytest.raises(KeyError):
        bad.result(10)
    log.close()
    assert ids(log.path) == ["a", "b"]


def test_a_full_queue_refuses_at_once(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.db", capacity=2)
    hold, running = threading.Event(), threading.Event()
    first = log.write(lambda _: (running.set(), hold.wait(10)))
    assert running.wait(10)
    log.write(lambda _: None)
    log.write(lambda _: None)
    with pytest.raises(LogBusy):
        log.write(lambda _: None)
    hold.set()
    first.result(10)
    log.close()


def test_a_full_disk_is_an_error_and_never_an_acknowledgement(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.db")
    append(log, event("a"))

    def shrink(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own "disk is full"

    log.write(shrink).result(10)
    acknowledged = ["a"]
    refused = []
    for n in range(60):
        try:
            append(log, *(event(f"{n}-{m}-{'x' * 100}") for m in range(20)))
            acknowledged += [f"{n}-{m}-{'x' * 100}" for m in range(20)]
        except LogUnavailable as error:
            refused.append(str(error))
    assert refused
    assert all("full" in why for why in refused)
    log.close()
    assert sorted(ids(log.path)) == sorted(acknowledged)


def test_a_file_that_another_process_locks_is_an_error_that_passes(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.db", lock_wait=0.1)
    other = sqlite3.connect(log.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailable, match="locked"):
        append(log, event("a"))
    other.execute("ROLLBACK")
    other.close()
    assert append(log, event("a")) == [EventOutcome.ACCEPTED]
    log.close()


def test_a_closed_log_refuses_and_what_waited_was_written(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.db")
    answers = [
        log.write(lambda connection, n=n: tables.append(connection, [event(f"e{n}")]))
        for n in range(50)
    ]
    log.close()
    log.close()
    assert all(answer.result(0) == [EventOutcome.ACCEPTED] for answer in answers)
    with pytest.raises(LogUnavailable):
        log.write(lambda _: None)


def test_a_write_that_nobody_waits_for_any_more_is_done_and_the_next_one_too(
    tmp_path: Path,
) -> None:
    log = EventLog(tmp_path / "log.db")
    hold = threading.Event()
    held = log.write(lambda _: hold.wait(10))
    waiting = log.write(lambda connection: tables.append(connection, [event("a")]))
    assert not then(waiting, lambda outcomes: outcomes).cancel()
    assert not waiting.cancel()
    assert not held.cancel()
    hold.set()
    assert append(log, event("b")) == [EventOutcome.ACCEPTED]
    log.close()
    assert ids(log.path) == ["a", "b"]


class Unusable:
    """A connection whose file cannot be reached any more."""

    in_transaction = True

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.close = connection.close

    def execute(self, statement: str) -> None:
        raise sqlite3.OperationalError("disk I/O error")


def test_a_connection_that_broke_is_replaced_as_soon_as_the_file_is_back(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.db")
    append(log, event("a"))
    away = tmp_path / "away"
    for path in list(tmp_path.glob("log.db*")):
        away.mkdir(exist_ok=True)
        path.rename(away / path.name)
    log._connection = Unusable(log._connection)  # type: ignore[assignment]
    for _ in range(3):
        with pytest.raises(LogUnavailable):
            append(log, event("b"))
    assert not log.path.exists()  # an empty log in its place would hide the events
    for path in away.iterdir():
        path.rename(tmp_path / path.name)
    assert append(log, event("b")) == [EventOutcome.ACCEPTED]
    assert log.problem is None
    log.close()
    assert ids(log.path) == ["a", "b"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_log_whose_writer_has_ended_says_so_and_refuses(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.db", capacity=1)
    log.write(lambda _: sys.exit())
    log._writer.join(10)
    assert "restart the server" in (log.problem or "")
    with pytest.raises(LogUnavailable, match="restart the server"):
        log.write(lambda _: None)
    log.close()


@pytest.mark.parametrize("content", ["text", "tables", "newer"])
def test_a_file_that_is_no_log_is_refused_and_left_as_it_was(tmp_path: Path, content: str) -> None:
    path = tmp_path / "log.db"
    if content == "text":
        path.write_text("these are not the bytes of a database" * 100)
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE letters (a)" if content == "tables" else "SELECT 1")
            if content == "newer":
                connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(LogError, match=r"log\.db"):
        EventLog(path)
    assert path.read_bytes() == before


def test_a_forgotten_user_leaves_no_byte_in_the_files(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.db")
    names = [f"person-{n:04d}-{'z' * (n % 17)}" for n in range(300)]
    for n in range(0, 3000, 50):
        append(log, *(event(f"{names[m % 300]}:{m}", names[m % 300]) for m in range(n, n + 50)))
    gone = random.Random(1).sample(names, 40)
    for name in gone:
        log.write(
            lambda connection, name=name: tables.forget_user(connection, name),
            lambda _: log.checkpoint(),
        ).result(10)
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    kept = set(names) - set(gone)
    assert [name for name in gone if f"{name}:".encode() in files] == []
    assert all(f"{name}:".encode() in files for name in kept)  # the search does find what is there
    assert append(log, event("late", gone[0])) == [EventOutcome.FORGOTTEN]
    log.write(lambda connection: tables.put_user(connection, gone[0], "{}")).result(10)
    assert append(log, event("anew", gone[0])) == [EventOutcome.ACCEPTED]
    log.close()


WRITER = """
import sys
from pathlib import Path
from galen.serve.durable import tables
from galen.serve.durable.log import EventLog
from galen.serve.durable.tables import LoggedEvent
log, start = EventLog(Path(sys.argv[1])), int(sys.argv[2])
for n in range(start, start + 100_000):
    answers = [
        log.write(lambda c, m=m: tables.append(c, [LoggedEvent(f"{n}.{m}", "ann", "tea", 1, n)]))
        for m in range(5)
    ]
    for m, answer in enumerate(answers):
        answer.result()
        print(f"{n}.{m}", flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_every_acknowledged_event(tmp_path: Path) -> None:
    path, draw = tmp_path / "log.db", random.Random(7)
    acknowledged: list[str] = []
    for life in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(life * 1_000_000)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        acknowledged.append(writer.stdout.readline().strip())
        time.sleep(draw.random() / 10)
        os.kill(writer.pid, signal.SIGKILL)
        lines = writer.stdout.read().split("\n")
        acknowledged += [line for line in lines[:-1] if line]  # the last may be cut
        writer.wait()
        writer.stdout.close()
    found = ids(path)
    assert len(acknowledged) > 8
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))


def test_a_log_that_is_in_use_is_refused_until_it_is_closed(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.db")
    with pytest.raises(LogError, match="another server"):
        EventLog(tmp_path / "log.db")
    log.close()
    again = EventLog(tmp_path / "log.db")
    assert append(again, event("a")) == [EventOutcome.ACCEPTED]
    again.close()
