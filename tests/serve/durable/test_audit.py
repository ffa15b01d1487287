"""The audit trail: what it holds, how its chain breaks, and that it stops nothing."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from galen.serve.durable.audit import AuditLog, read_audit


def trail(file: Path, entries: int) -> AuditLog:
    ticks = count(1_700_000_000_000_000)
    audit = AuditLog(file, now=lambda: next(ticks), salt="salt")
    for number in range(entries):
        assert audit.record("withdrawn", "pharmacist", name=f"i{number}")
    return audit


def test_a_trail_reads_as_it_was_written_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "audit.jsonl"
    trail(file, 3)
    trail(file, 2)
    told = read_audit(file)
    assert told.broken is None
    assert [entry.number for entry in told.entries] == [1, 2, 3, 4, 5]
    assert [entry.told["name"] for entry in told.entries] == ["i0", "i1", "i2", "i0", "i1"]
    assert told.entries[0].by == "pharmacist"


def altered(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b"i1", b"i9"), *lines[2:]]


def taken_out(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def put_in(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[0], *lines[1:]]


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], *lines[2:]]


def garbled(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], b"{}\n", *lines[4:]]


@pytest.mark.parametrize(
    ("spoil", "at"), [(altered, 3), (taken_out, 2), (put_in, 2), (swapped, 1), (garbled, 4)]
)
def test_a_broken_chain_is_told_with_its_line(
    tmp_path: Path, spoil: Callable[[list[bytes]], list[bytes]], at: int
) -> None:
    file = tmp_path / "audit.jsonl"
    trail(file, 5)
    file.write_bytes(b"".join(spoil(file.read_bytes().splitlines(keepends=True))))
    told = read_audit(file)
    assert told.broken == at
    assert len(told.entries) == at - 1


def test_a_line_that_a_crash_cut_short_is_told_and_the_next_start_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    trail(file, 3)
    file.write_bytes(file.read_bytes()[:-5])
    assert read_audit(file).broken == 3
    trail(file, 1)
    told = read_audit(file)
    assert (told.broken, len(told.entries)) == (None, 3)


def test_an_entry_that_the_disk_refused_is_told_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "audit.jsonl"
    audit = trail(file, 1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        assert not audit.record("withdrawn", None, name="lost")
    assert audit.record("withdrawn", None, name="after")
    told = read_audit(file)
    assert told.broken is None
    assert [entry.told["name"] for entry in told.entries] == ["i0", "after"]


def test_people_are_told_apart_and_not_named(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    audit = trail(file, 0)
    for person in ("anna", "bob", "anna"):
        audit.record("explained", "op", person=person, item="i1")
    first, second, third = (entry.told["person"] for entry in read_audit(file).entries)
    assert first == third != second
    assert b"anna" not in file.read_bytes()


@pytest.mark.parametrize("rotate", [Path.unlink, lambda file: file.write_bytes(b"")])
def test_a_trail_that_was_moved_away_whole_begins_anew(
    tmp_path: Path, rotate: Callable[[Path], object]
) -> None:
    file = tmp_path / "audit.jsonl"
    audit = trail(file, 3)
    ended_at = read_audit(file).last
    rotate(file)
    with capture_logs() as told:
        assert audit.record("withdrawn", None, name="after")
    assert [one["ended_at"] for one in told] == [ended_at]
    assert audit.record("withdrawn", None, name="then")
    found = read_audit(file)
    assert found.broken is None
    assert [entry.told["name"] for entry in found.entries] == ["after", "then"]


def test_nothing_is_written_to_a_trail_that_was_cut(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    audit = trail(file, 3)
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    with capture_logs() as told:
        assert not audit.record("withdrawn", None, name="lost")
    assert "put back what was cut off" in told[0]["why"]
    assert file.read_bytes() == whole[:-5]
    file.write_bytes(whole)
    assert audit.record("withdrawn", None, name="after")
    assert read_audit(file).broken is None
