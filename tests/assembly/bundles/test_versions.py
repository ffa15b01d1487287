"""A version is served whole or not at all, and there is a way back."""

import multiprocessing
import os

import pytest

from galen.assembly.bundles import versions


def write(root, text, made_from=None):
    made = versions.new_version(root, lambda v, files: b'{"ok": true}', made_from=made_from)
    with made as folder:
        (folder / "model.txt").write_text(text)
    return versions.read(root).version


def test_the_newest_is_served_and_the_one_before_comes_back(tmp_path):
    first, second = write(tmp_path, "one"), write(tmp_path, "two")
    assert versions.read(tmp_path) == versions.Current(second, (first,))
    assert versions.rollback(tmp_path) == first
    assert versions.read(tmp_path).version == first


def test_going_back_again_goes_further_back_and_never_to_what_was_left(tmp_path):
    first, second, third = (write(tmp_path, text) for text in ("one", "two", "three"))
    assert [versions.rollback(tmp_path), versions.rollback(tmp_path)] == [second, first]
    with pytest.raises(versions.VersionError, match="no earlier version"):
        versions.rollback(tmp_path)
    with pytest.raises(versions.VersionError, match=f"`--to` serves.*{third}"):
        versions.rollback(tmp_path)
    versions.switch(tmp_path, third)  # it still lies there
    assert versions.rollback(tmp_path) == first
    fourth = write(tmp_path, "four")
    assert versions.read(tmp_path) == versions.Current(fourth, (first,))


def test_no_version_is_written_into_a_shop_whose_import_would_take_it_away(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(versions.VersionError, match=r"is a shop.*a folder of their own"):
        write(tmp_path, "one")
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_the_same_content_is_the_same_version(tmp_path):
    assert write(tmp_path, "one") == write(tmp_path, "one")


def test_the_same_weights_under_other_rules_are_another_version(tmp_path):
    first = write(tmp_path, "one", made_from={"filters": ["hidden"], "quota": 5})
    assert write(tmp_path, "one", made_from={"quota": 5, "filters": ["hidden"]}) == first
    second = write(tmp_path, "one", made_from={"filters": ["hidden", "age"], "quota": 5})
    assert versions.read(tmp_path) == versions.Current(second, (first,))


def fail_on_the_way(root):
    with versions.new_version(root, lambda v, f: b"{}", made_from=None) as folder:
        (folder / "model.txt").write_text("half")
        raise OSError("disk full")


def test_a_version_that_failed_on_the_way_is_not_served(tmp_path):
    first = write(tmp_path, "one")
    with pytest.raises(OSError, match="full"):
        fail_on_the_way(tmp_path)
    assert versions.read(tmp_path).version == first
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([first, versions.CURRENT])


def _killed_while_writing(root):
    with versions.new_version(root, lambda v, f: b"{}", made_from=None) as folder:
        (folder / "model.txt").write_text("half")
        os.kill(os.getpid(), 9)


def test_a_kill_while_writing_leaves_the_version_before(tmp_path):
    first = write(tmp_path, "one")
    process = multiprocessing.get_context("spawn").Process(
        target=_killed_while_writing, args=(tmp_path,)
    )
    process.start()
    process.join()
    assert process.exitcode == -9
    assert versions.read(tmp_path).version == first
    half = next(tmp_path.glob(".new-*"))
    writes_still = tmp_path / f".new-{os.getppid()}"
    writes_still.mkdir()
    of_its_own_number = tmp_path / f".new-{os.getpid()}"
    of_its_own_number.mkdir()
    write(tmp_path, "two")
    left = [one.exists() for one in (half, of_its_own_number, writes_still)]
    assert left == [False, False, True]


def test_there_is_no_way_back_from_the_first(tmp_path):
    write(tmp_path, "one")
    with pytest.raises(versions.VersionError, match="no earlier version"):
        versions.rollback(tmp_path)


def test_a_switch_to_what_is_not_there_changes_nothing(tmp_path):
    first = write(tmp_path, "one")
    with pytest.raises(versions.VersionError, match=f"it has {first}"):
        versions.switch(tmp_path, "nowhere")
    assert versions.read(tmp_path).version == first


def test_a_damaged_pointer_says_how_to_mend_it(tmp_path):
    first = write(tmp_path, "one")
    (tmp_path / versions.CURRENT).write_bytes(b"{")
    with pytest.raises(versions.VersionError, match="--to VERSION"):
        versions.read(tmp_path)
    versions.switch(tmp_path, first)
    assert versions.read(tmp_path).version == first
