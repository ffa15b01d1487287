"""Events as columns: where each happened is known, or is said not to be."""

import numpy as np
import pyarrow as pa

from galen.data.dataset import Dataset
from galen.data.schema import TAKEN, Kind, Surface
from galen.data.shop import Shop, new_shop


def test_the_surface_of_an_event_is_read_and_minus_one_where_not_known(world, tmp_path):
    data = world.data.take(np.arange(len(world.data)) < 3)
    with new_shop(tmp_path / "shop", name="three", source="test", clock="time") as writer:
        writer.write("items", data.catalogue.table)
        writer.write("users", pa.table({"user_id": ["one"]}))
        events = {
            "event_id": ["a", "b", "c"],
            "user": np.zeros(3, np.int32),
            "item": data.item,
            "kind": data.kind,
            "timestamp": data.at[::-1],
            "surface": pa.array([int(Surface.CART), None, int(Surface.HOME)], pa.int8()),
        }
        writer.write("events", pa.table(events))
    read = Dataset.read(Shop.open(tmp_path / "shop"))
    assert read.surface.tolist() == [Surface.HOME, -1, Surface.CART]
    assert read.take(read.item == read.item[0]).surface.tolist() == [Surface.HOME]


def test_whatever_numbers_tell_an_order_a_moment_is_how_many_steps_came_before(world, tmp_path):
    kinds = [Kind.PURCHASE, Kind.IMPRESSION, Kind.RATING, Kind.CLICK, Kind.RATING, Kind.CART]
    catalogue = world.data.catalogue
    with new_shop(tmp_path / "shop", name="six", source="test", clock="order") as writer:
        writer.write("items", catalogue.table)
        writer.write("users", pa.table({"user_id": ["one", "nobody", "two"]}))
        events = {
            "event_id": list("abcdef"),
            "user": np.array([2, 0, 2, 0, 0, 0], np.int32),
            "item": np.arange(6, dtype=np.int32),
            "kind": np.array(kinds, np.int8),
            "order": [-7, 40, 1_000_000, 1, 40, 55],  # at 40 the first that came is first
        }
        writer.write("events", pa.table(events))
    read = Dataset.read(Shop.open(tmp_path / "shop"))
    assert read.item.tolist() == [3, 1, 4, 5, 0, 2]
    assert read.at.tolist() == [0, 1, 1, 2, 0, 1]
    assert read.after.tolist() == [3, 0, 2]
    taken = Dataset.read(Shop.open(tmp_path / "shop"), [Kind.RATING])
    assert taken.item.tolist() == [4, 2]
    assert taken.at.tolist() == [1, 1]  # places among all steps, also where some are not read


def test_of_one_moment_the_order_that_the_source_tells_holds_and_then_that_of_arrival(
    world, tmp_path
):
    with new_shop(tmp_path / "shop", name="six", source="test", clock="time") as writer:
        writer.write("items", world.data.catalogue.table)
        writer.write("users", pa.table({"user_id": ["one"]}))
        events = {
            "event_id": list("abcdef"),
            "user": np.zeros(6, np.int32),
            "item": np.arange(6, dtype=np.int32),
            "kind": np.full(6, Kind.RATING, np.int8),
            "timestamp": np.array([5, 5, 5, 5, 2, 9]),
            "order": pa.array([3, None, 1, None, 8, 0], pa.int64()),
        }
        writer.write("events", pa.table(events))
    assert Dataset.read(Shop.open(tmp_path / "shop")).item.tolist() == [4, 2, 0, 1, 3, 5]


def test_what_is_held_back_of_each_person_is_told_of_what_is_left(world):
    left = world.data.without_last(1).of(*TAKEN).without_last(2)
    assert (left.extent.events, left.extent.held_back) == (len(left), 3)
    assert world.data.before(int(world.data.at.max())).extent.held_back == 0


def test_pairs_are_of_one_person_and_as_far_apart_as_they_say(world):
    data = world.data.take(np.arange(len(world.data)) % 7 < 5)
    found = {
        (distance, one, other)
        for distance, earlier, later in data.pairs(3)
        for one, other in zip(earlier.tolist(), later.tolist(), strict=True)
    }
    rows = range(len(data))
    assert found == {
        (other - one, one, other)
        for one in rows
        for other in rows[one + 1 : one + 4]
        if data.user[one] == data.user[other]
    }
