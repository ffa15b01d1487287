"""The benchmark of transfer: a shop is parted by a category, and one part begins from the other."""

import argparse
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from worlds import items_table, write_world

from benchmarks import transfer
from galen.data.catalogue import Catalogue


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory):
    """The world as a shop whose items have a kind; groups 0 and 1 are of another department."""
    records = [
        record | {"category": [*record["category"], "old" if row < 12 else "new"]}
        for row, record in enumerate(world.data.catalogue.table.to_pylist())
    ]
    data = replace(world.data, catalogue=Catalogue(items_table(records)))
    folder = tmp_path_factory.mktemp("shops") / "whole"
    write_world(replace(world, data=data), folder)
    return folder


def test_models_are_compared_on_the_same_people_of_the_new_part(shop, tmp_path):
    rows = tmp_path / "rows.json"
    asked = ["--shop", str(shop), "--split", "new", "--epochs", "3", "--newest", "3"]
    transfer.main([*asked, "--json", str(rows)])
    found = json.loads(rows.read_text())
    assert [row["model"] for row in found] == list(transfer.MODELS)
    assert {row["metrics"]["people/all"] for row in found} == {20.0}
    assert {row["metrics"]["people/1-3"] for row in found} == {20.0}
    assert {row["metrics"]["people/sparse"] for row in found} == {20.0}
    assert all(row["metrics"]["parameters"] > 0 for row in found)
    assert "before: all else (360 events)" in found[4]["facts"]["split"]
    assert found[1]["metrics"]["hr@10/all_gain"] == 0
    assert len({row["metrics"]["ndcg@10/all"] for row in found}) > 4  # each learns in its own way
    begun = found[4]["metrics"]
    assert begun["hr@10/sparse_gain_low"] <= begun["hr@10/sparse_gain"]
    assert begun["hr@10/sparse_gain"] <= begun["hr@10/sparse_gain_high"]
    assert found[5]["metrics"]["hr@10/all"] > 0.5  # by words alone: twelve items, ten are shown


def test_several_parts_are_learned_from_first(shop, tmp_path, capsys):
    rows = tmp_path / "rows.json"
    parts = ["--before-split", "group-0", "--before-split", "group-1"]
    transfer.main(
        ["--shop", str(shop), "--split", "new", *parts, "--epochs", "3", "--json", str(rows)]
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "gain on sparse users (20 people of 5 events or fewer): begun over scratch" in said
    begun = json.loads(rows.read_text())[4]
    assert "before: group-0 (300 events) and group-1 (60 events)" in begun["facts"]["split"]
    assert begun["metrics"]["people/sparse"] == 20  # nobody has three events or fewer


def test_several_shops_are_learned_from_first(shop, tmp_path):
    options = argparse.Namespace(shop=shop, before=[shop, shop.with_name("other")], split=None)
    shutil.copytree(shop, shop.with_name("other"))
    before, new = transfer.shops_of(options)
    assert list(before) == ["whole", "other"]
    assert {len(one) for one in before.values()} == {len(new)}


def test_an_item_is_of_one_part_alone(shop):
    options = argparse.Namespace(shop=shop, before=None, split="new", before_split=["shop"])
    before, new = transfer.shops_of(options)
    assert before["shop"].catalogue.ids == [f"sku-{row}" for row in range(12)]
    assert not set(before["shop"].catalogue.ids) & set(new.catalogue.ids)


def test_either_another_shop_or_a_category_is_asked_for(shop, capsys):
    with pytest.raises(SystemExit):
        transfer.main(["--shop", str(shop)])
    assert "either --before or --split" in capsys.readouterr().err


def test_a_category_that_no_item_is_in_is_told(shop):
    with pytest.raises(SystemExit, match="category 'none'"):
        transfer.main(["--shop", str(shop), "--split", "none"])


def test_a_part_that_has_nothing_left_is_told(shop):
    with pytest.raises(SystemExit, match="category 'group-3' and in none named before it"):
        transfer.main(["--shop", str(shop), "--split", "new", "--before-split", "group-3"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--before", "a/old", "--before", "b/old"], "told apart by their folders' names"),
        (["--before", "a/old", "--before-split", "new"], "give both"),
    ],
)
def test_shops_that_cannot_be_merged_are_told_before_anything_is_read(shop, more, said, capsys):
    with pytest.raises(SystemExit):
        transfer.main(["--shop", str(shop), *more])
    assert said in capsys.readouterr().err


def test_a_part_of_a_shop_has_its_own_items_and_events_alone(world):
    part = transfer.part_of(world.data, world.group_of_item == 2)
    assert part.catalogue.ids == [f"sku-{row}" for row in range(12, 18)]
    assert set(part.item.tolist()) == set(range(6))
    whole = world.data.take(world.group_of_item[world.data.item] == 2)
    assert (part.item + 12).tolist() == whole.item.tolist()


def test_few_people_teach_but_everybody_is_asked(world):
    question = transfer.question_of(world.data, 2, 10, "test", seed=0)
    assert len(np.unique(question.learning.user)) == 10
    assert len(question.wanted) == world.data.users
    assert question.requests.history.length.tolist() == [2] * world.data.users
