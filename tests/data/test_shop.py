"""A shop's folder is whole, or as it was."""

import os
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from worlds import items_table

from galen.data.shop import Shop, ShopError, new_shop


def write(folder, name="mine", items=("a", "b")):
    with new_shop(folder, name=name, source="test", clock="time") as writer:
        writer.write("items", items_table([{"item_id": item} for item in items]))
    return Shop.open(folder)


def fail_while_writing(folder):
    with new_shop(folder, name="half", source="test", clock="time") as writer:
        writer.write("items", items_table([{"item_id": "c"}]))
        raise OSError("disk full")


def test_what_is_written_is_read_with_the_schema_of_its_table(tmp_path):
    shop = write(tmp_path / "shop")
    assert shop.read("items")["item_id"].to_pylist() == ["a", "b"]
    assert shop.read("events").num_rows == 0
    assert Shop.open(tmp_path / "shop", verify=True).rows("items") == 2


def test_a_writer_that_fails_leaves_the_shop_as_it_was(tmp_path):
    write(tmp_path / "shop")
    with pytest.raises(OSError, match="full"):
        fail_while_writing(tmp_path / "shop")
    assert Shop.open(tmp_path / "shop").manifest.name == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["shop"]


def test_a_kill_between_the_renames_of_a_swap_is_undone_on_opening(tmp_path):
    write(tmp_path / "shop")
    (tmp_path / "shop").rename(tmp_path / ".shop.old-1")
    assert Shop.open(tmp_path / "shop").manifest.name == "mine"


def test_what_a_killed_writer_left_is_swept_by_the_next(tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    left = tmp_path / f".shop.new-{process.pid}"
    left.mkdir()
    alive = tmp_path / f".shop.new-{os.getppid()}"
    alive.mkdir()
    write(tmp_path / "shop")
    assert not left.exists()
    assert alive.exists()


def test_columns_that_an_older_shop_lacks_are_null_also_where_they_are_asked_for(tmp_path):
    shop = write(tmp_path / "shop")
    path = shop.folder / "items.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["daily_dose"]), path)
    rows = shop.read("items", ["daily_dose", "item_id"])
    assert rows.to_pylist() == [
        {"daily_dose": None, "item_id": "a"},
        {"daily_dose": None, "item_id": "b"},
    ]
    assert shop.read("items", ["daily_dose"]).num_rows == 2


@pytest.mark.parametrize("process", ["mine", "dead", "alive"])
def test_a_replaced_shop_that_a_kill_left_is_swept_by_the_next_writer(tmp_path, process):
    dead = subprocess.Popen(["true"])
    dead.wait()
    number = {"mine": os.getpid(), "dead": dead.pid, "alive": os.getppid()}[process]
    write(tmp_path / "shop", items=("people", "of", "old"))
    shutil.copytree(tmp_path / "shop", tmp_path / f".shop.old-{number}")
    write(tmp_path / "shop")
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_a_replaced_shop_is_kept_while_nothing_stands_in_its_place(tmp_path):
    write(tmp_path / "shop")
    (tmp_path / "shop").rename(tmp_path / ".shop.old-1")
    with pytest.raises(OSError, match="full"):
        fail_while_writing(tmp_path / "shop")
    assert Shop.open(tmp_path / "shop").manifest.name == "mine"


def test_a_kill_while_the_replaced_shop_is_removed_never_brings_it_back(tmp_path, monkeypatch):
    write(tmp_path / "shop", name="first")
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    write(tmp_path / "shop", name="second")
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "shop")
    with pytest.raises(ShopError, match="not a shop"):
        Shop.open(tmp_path / "shop")


def test_a_reader_who_undoes_a_swap_that_goes_on_does_not_stop_it(tmp_path, monkeypatch):
    write(tmp_path / "shop", name="first")
    rename, opened = Path.rename, []

    def watched(path, target):
        done = rename(path, target)
        if ".old-" in target.name and not opened:
            opened.append(Shop.open(tmp_path / "shop").manifest.name)
        return done

    monkeypatch.setattr(Path, "rename", watched)
    write(tmp_path / "shop", name="second")
    assert opened == ["first"]
    assert Shop.open(tmp_path / "shop").manifest.name == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_rejected_rows_that_a_kill_left_are_swept_unless_their_writer_lives(tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    for name in (f".shop.rejected-{process.pid}", f".shop.rejected-{process.pid}.parquet"):
        (tmp_path / name).write_bytes(b"somebody's purchase")
    alive = tmp_path / f".shop.rejected-{os.getppid()}"
    alive.write_bytes(b"")
    write(tmp_path / "shop")
    assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "shop"]


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"meow")
    with pytest.raises(ShopError, match="not a shop; choose another folder"):
        write(tmp_path / "photos")
    assert (tmp_path / "photos" / "cat.png").read_bytes() == b"meow"


def test_a_folder_of_something_else_is_told_before_anything_is_made_for_it(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with (
        pytest.raises(ShopError, match="not a shop; choose another folder"),
        new_shop(tmp_path, name="x", source="test", clock="time"),
    ):
        pytest.fail("half an hour of people and their events would be drawn here")
    with (
        pytest.raises(ShopError, match="is a file, not a shop's folder"),
        new_shop(tmp_path / "notes.txt", name="x", source="test", clock="time"),
    ):
        pytest.fail("and here")


def test_a_missing_or_changed_file_is_named(tmp_path):
    shop = write(tmp_path / "shop")
    path = shop.folder / "items.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ShopError, match=r"items\.parquet is not the file written"):
        Shop.open(shop.folder, verify=True)
    with pytest.raises(ShopError, match="cannot be read"):
        Shop.open(shop.folder).read("items")
    path.unlink()
    with pytest.raises(ShopError, match=r"items\.parquet .* is missing"):
        Shop.open(shop.folder)


def test_a_value_of_another_type_is_refused(tmp_path):
    def wrong():
        with new_shop(tmp_path / "shop", name="x", source="test", clock="time") as writer:
            writer.write("items", pa.table({"item_id": ["a"], "price": ["dear"]}))

    with pytest.raises(pa.ArrowInvalid):
        wrong()
    assert not (tmp_path / "shop").exists()
