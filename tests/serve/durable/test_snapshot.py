import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from galen.serve.durable import tables
from galen.serve.durable.snapshot import FORMAT, NAME, Snapshots
from galen.serve.durable.tables import LoggedEvent


def new_log(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    tables.prepare(connection)
    return connection


def append(log: sqlite3.Connection, start: int, stop: int) -> None:
    log.execute("BEGIN")
    tables.append(
        log,
        [
            LoggedEvent(f"e{n}", f"u{n % 7}", f"i{n % 5}", n % 3, 1000 + n)
            for n in range(start, stop)
        ],
    )
    log.execute("COMMIT")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(new_log(tmp_path / "log.db")) as connection:
        append(connection, 0, 100)
        yield connection


def test_a_snapshot_and_the_rest_of_the_log_equal_the_whole_log(
    log: sqlite3.Connection, tmp_path: Path
) -> None:
    snapshots = Snapshots(tmp_path / "snapshots")
    whole = snapshots.restore(log)
    snapshots.save(log)
    assert snapshots.restore(log) == whole
    append(log, 100, 130)
    restored = snapshots.restore(log)
    assert restored.events.column("at").to_pylist() == list(range(1000, 1130))
    assert restored.sequence == 130
    snapshots.save(log)
    assert snapshots.restore(log) == restored
    assert len(list((tmp_path / "snapshots").iterdir())) == 2  # the older one is gone


@pytest.mark.parametrize("damage", ["cut", "altered", "gone", "manifest", "other format"])
def test_a_damaged_snapshot_is_left_aside_and_the_log_read_whole(
    log: sqlite3.Connection, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "snapshots"
    snapshots = Snapshots(folder)
    snapshots.save(log)
    (path,) = folder.glob("*.parquet")
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "altered":
        path.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    elif damage == "gone":
        path.unlink()
    elif damage == "manifest":
        (folder / NAME).write_text("{")
    else:
        manifest = (folder / NAME).read_text()
        other = manifest.replace(f'"format":{FORMAT}', '"format":1')
        assert other != manifest
        (folder / NAME).write_text(other)
    assert snapshots.restore(log).events.column("at").to_pylist() == list(range(1000, 1100))
    snapshots.save(log)
    assert len(pq.read_table(next(folder.glob("*.parquet")))) == 100


def test_the_snapshot_of_another_log_is_left_aside(log: sqlite3.Connection, tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "snapshots")
    snapshots.save(log)
    with closing(new_log(tmp_path / "other.db")) as other:
        append(other, 0, 3)
        assert snapshots.restore(other).events.num_rows == 3


def number_of(log: sqlite3.Connection, user: str) -> int:
    return next(number for number, user_id, _ in tables.users(log) if user_id == user)


def test_an_erased_user_is_in_no_file_of_the_folder(
    log: sqlite3.Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "snapshots"
    snapshots = Snapshots(folder)
    snapshots.save(log)
    number = number_of(log, "u3")
    (folder / ".snapshot.new").write_bytes(b"u3, as a write that was killed left it")
    (folder / "snapshot-7-older.parquet").write_bytes(b"u3, whom no manifest names any more")
    tables.forget_user(log, "u3")
    snapshots.erase(log)
    (path,) = folder.glob("*.parquet")
    assert {path.name, NAME} == {path.name for path in folder.iterdir()}
    assert number not in pq.read_table(path).column("user").to_pylist()
    assert snapshots.restore(log).events.num_rows == 86


def test_leftovers_of_a_killed_write_go_though_the_snapshot_itself_is_clean(
    log: sqlite3.Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "snapshots"
    snapshots = Snapshots(folder)
    snapshots.save(log)
    whole = {path.name for path in folder.iterdir()}
    (folder / ".snapshot.new").write_bytes(b"half")
    (folder / "snapshot-7-older.parquet").write_bytes(b"whole")
    snapshots.erase(log)
    assert {path.name for path in folder.iterdir()} == whole


def test_of_people_who_were_forgotten_nothing_is_read_or_written_again(
    log: sqlite3.Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "snapshots"
    snapshots = Snapshots(folder)
    snapshots.save(log)
    number = number_of(log, "u6")
    tables.forget_user(log, "u6")  # and killed before the snapshot was told
    assert number not in snapshots.restore(log).events.column("user").to_pylist()
    append(log, 100, 105)
    snapshots.save(log)
    (path,) = folder.glob("*.parquet")
    assert number not in pq.read_table(path).column("user").to_pylist()


def test_a_full_disk_keeps_no_forgotten_user_in_the_folder(
    log: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "snapshots"
    snapshots = Snapshots(folder)
    snapshots.save(log)

    def full(*_: object, **__: object) -> None:
        (folder / ".snapshot.new").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("galen.serve.durable.snapshot.pq.write_table", full)
    tables.forget_user(log, "u3")
    snapshots.erase(log)
    assert list(folder.iterdir()) == []
    assert snapshots.restore(log).events.num_rows == 86
