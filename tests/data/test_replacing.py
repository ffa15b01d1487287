"""A file is there whole or not at all."""

import os
import subprocess
import time

import pytest

from galen.data.replacing import replacing


def test_a_file_takes_the_place_of_the_one_before_when_it_is_whole(tmp_path):
    path = tmp_path / "facts.json"
    path.write_bytes(b"before")
    with replacing(path) as file:
        file.write(b"after")
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_file_before_and_nothing_beside_it(tmp_path):
    path = tmp_path / "facts.json"
    path.write_bytes(b"before")
    with pytest.raises(TypeError), replacing(path) as file:
        file.writelines([b"half", "and no bytes"])
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def left_behind(path, process, seconds=7200):
    """What a writer that was killed so long ago has left."""
    left = path.with_name(f".{path.name}.{process}")
    left.write_bytes(b"half")
    os.utime(left, (time.time() - seconds,) * 2)
    return left


def test_what_killed_writers_left_is_swept_by_the_next_that_replaces_the_file(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    path = tmp_path / "facts[1].json"
    swept = left_behind(path, dead.pid)
    kept = [
        left_behind(path, os.getppid()),  # which writes still
        left_behind(tmp_path / "facts[1].json.old", dead.pid),
        left_behind(path, "99999999999999999999"),
        left_behind(path, f"{dead.pid}.bak"),
    ]
    with replacing(path) as file:
        file.write(b"after")
    assert not swept.exists()
    assert sorted(tmp_path.iterdir()) == sorted([path, *kept])


def test_what_was_written_of_late_may_be_of_another_machine_and_stays(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    path = tmp_path / "facts.json"
    late = left_behind(path, dead.pid, seconds=60)
    with replacing(path) as file:
        file.write(b"after")
    assert late.exists()
