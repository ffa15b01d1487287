"""Several shops become one in which nothing is mistaken for something of another."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from worlds import items_table, write_world

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.merging import merge_shops, merged
from galen.data.shop import Shop, ShopError, new_shop


@pytest.fixture
def shops(world, tmp_path):
    """Two shops of the same ids; the second is shorter and has its own titles."""
    records = world.data.catalogue.table.to_pylist()[:6]
    small = replace(
        world.data.take((world.data.user < 40) & (world.data.item < 6)),
        catalogue=Catalogue(items_table([r | {"title": f"other {r['title']}"} for r in records])),
    )
    return [
        write_world(replace(world, data=data), tmp_path / name).folder
        for name, data in (("one", world.data), ("two", small))
    ]


def taken(data):
    """Of each person, the titles taken, in their order."""
    titles = [data.catalogue.titles[row] for row in data.item]
    return [titles[a:b] for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)]


def test_everybody_takes_in_the_whole_what_they_took_in_their_shop(shops, tmp_path):
    parts = [Dataset.read(Shop.open(folder)) for folder in shops]
    whole = Dataset.read(merge_shops(shops, tmp_path / "both"))
    assert taken(whole) == taken(parts[0]) + taken(parts[1])
    assert whole.clock == "time"
    assert whole.at.tolist() == parts[0].at.tolist() + parts[1].at.tolist()


def test_ids_of_two_shops_are_never_the_same(shops, tmp_path):
    whole = merge_shops(shops, tmp_path / "both")
    for table, name in (("items", "item_id"), ("users", "user_id"), ("events", "event_id")):
        ids = whole.read(table)[name].to_pylist()
        assert len(set(ids)) == len(ids)
        assert {text.split(":")[0] for text in ids} == {"one", "two"}
    catalogue = Catalogue.read(whole)
    assert catalogue.spu[0] == catalogue.spu[1]  # of one product, in one shop
    assert catalogue.spu[0] != catalogue.spu[24]
    assert "two:None" not in whole.read("items")["batch"].to_pylist()


def test_in_memory_and_on_disk_shops_become_the_same_whole(shops, tmp_path):
    parts = {folder.name: Dataset.read(Shop.open(folder)) for folder in shops}
    here, there = merged(parts), Dataset.read(merge_shops(shops, tmp_path / "both"))
    assert here.catalogue.table.equals(there.catalogue.table)
    assert here.users == there.users
    for name in ("user", "item", "kind", "at"):
        assert getattr(here, name).tolist() == getattr(there, name).tolist()


def test_where_one_shop_knows_only_an_order_so_does_the_whole(shops, world, tmp_path):
    data = replace(world.data, clock="order", at=world.data.place)
    shops.append(write_world(replace(world, data=data), tmp_path / "ordered").folder)
    whole = Dataset.read(merge_shops(shops, tmp_path / "all"))
    assert whole.clock == "order"
    assert whole.at.tolist() == whole.place.tolist()
    parts = [Dataset.read(Shop.open(folder)) for folder in shops]
    assert taken(whole) == [history for part in parts for history in taken(part)]
    assert merged({str(n): part for n, part in enumerate(parts)}).at.tolist() == whole.at.tolist()


def three_events(folder, clock, **moments):
    """A shop in which one person takes a, b and c, with what it says of when."""
    with new_shop(folder, name=folder.name, source="test", clock=clock) as writer:
        writer.write("items", items_table([{"item_id": text} for text in "abc"]))
        writer.write("users", pa.table({"user_id": ["u"]}))
        events = {
            "event_id": ["1", "2", "3"],
            "user": [0, 0, 0],
            "item": [0, 1, 2],
            "kind": [1, 1, 1],
        }
        writer.write("events", pa.table(events | moments))
    return folder


def test_events_that_arrive_in_any_order_get_the_place_of_their_time(tmp_path):
    timed = three_events(tmp_path / "timed", "time", timestamp=[30, 10, 20])
    ordered = three_events(tmp_path / "ordered", "order", order=[0, 1, 2])
    whole = merge_shops([timed, ordered], tmp_path / "both")
    assert Dataset.read(whole).item.tolist() == [1, 2, 0, 3, 4, 5]


def test_what_was_assumed_is_told_with_its_shop(tmp_path):
    for name, assumed in (("one", {"hidden": "false"}), ("two", {"hidden": "true", "stock": "1"})):
        with new_shop(tmp_path / name, name=name, source="test", clock="time", assumed=assumed):
            pass
    whole = merge_shops([tmp_path / "one", tmp_path / "two"], tmp_path / "both")
    assert whole.manifest.assumed == {"hidden": "false in one, true in two", "stock": "1 in two"}


def test_shops_that_cannot_be_told_apart_are_refused_and_nothing_is_overwritten(shops, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shops[1].rename(tmp_path / "elsewhere" / "one")
    with pytest.raises(ShopError, match="two or more of different names"):
        merge_shops([shops[0], tmp_path / "elsewhere" / "one"], tmp_path / "both")
    with pytest.raises(ShopError, match="two or more of different names"):
        merge_shops(shops[:1], tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_a_shop_is_not_replaced_by_the_whole_of_which_it_is_a_part(shops):
    with pytest.raises(ShopError, match="is itself to be merged"):
        merge_shops(shops, shops[0])
    assert len(Dataset.read(Shop.open(shops[0])).catalogue) == 24


def test_a_shop_that_is_missing_leaves_nothing_behind(shops, tmp_path):
    with pytest.raises(ShopError, match="is not a shop"):
        merge_shops([*shops, tmp_path / "nowhere"], tmp_path / "all")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"]


def test_an_empty_shop_adds_its_people_alone(world):
    nothing = world.data.take(np.zeros(len(world.data), bool))
    whole = merged({"empty": nothing, "full": world.data})
    assert whole.users == 160
    assert whole.user.min() == 80
    assert whole.item.min() >= 24


def test_events_of_one_moment_keep_the_order_that_their_shop_tells(tmp_path):
    told = [7, 5, 6]
    timed = three_events(tmp_path / "timed", "time", timestamp=[10, 10, 10], order=told)
    ordered = three_events(tmp_path / "ordered", "order", order=told)
    parts = [Dataset.read(Shop.open(folder)) for folder in (timed, ordered)]
    whole = Dataset.read(merge_shops([timed, ordered], tmp_path / "all"))
    assert whole.item.tolist() == [1, 2, 0, 4, 5, 3]
    assert taken(whole) == [history for part in parts for history in taken(part)]
