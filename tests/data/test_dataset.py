"""Events as columns: where each happened is known, or is said not to be."""

import numpy as np
import pyarrow as pa

from galen.data.dataset import Dataset
from galen.data.schema import Surface
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
