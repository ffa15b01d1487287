"""Several shops as one, so that what learns from histories learns from all of them.

Nothing is taken to be the same in two shops: ids begin with the name of their shop, and a person
who is known in both is two people. What shops share is the words that are said of their items.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Ints
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset, in_order
from galen.data.lookup import place_within
from galen.data.manifest import Clock, ShopError
from galen.data.shop import Shop, new_shop

OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "items": ("item_id", "spu_id", "batch"),
    "users": ("user_id", "household_id"),
    "events": ("event_id", "session", "request"),
}
"""Columns of ids that mean something in one shop alone."""


def merge_shops(folders: Sequence[Path], folder: Path) -> Shop:
    """Write a shop that holds the items, people and events of several.

    Where one of them knows only the order of its events, so does the whole. Rows in quarantine and
    tables that language models wrote stay where they are.

    Raises:
        ShopError: there are fewer than two, two have one name, or the new one is among them.
    """
    whole = folder.resolve()
    names = [one.resolve().name for one in folders]
    if len(set(names)) < max(len(names), 2):
        raise ShopError(f"shops to merge are two or more of different names, not {names}.")
    if whole in [one.resolve() for one in folders]:
        raise ShopError(f"{folder} is itself to be merged; give the new shop another folder.")
    shops = dict(zip(names, map(Shop.open, folders), strict=True))
    clock = _clock([shop.clock for shop in shops.values()])
    told = _assumed(shops)
    with new_shop(folder, name=whole.name, source="merged", clock=clock, assumed=told) as writer:
        users = items = 0
        for name, shop in shops.items():
            events = _own(shop.read("events"), "events", name)
            events = _moved(_moved(events, "user", users), "item", items)
            writer.write("items", _own(shop.read("items"), "items", name))
            writer.write("users", _own(shop.read("users"), "users", name))
            writer.write("events", events if shop.clock == clock else _in_order(events))
            users, items = users + shop.rows("users"), items + shop.rows("items")
    return Shop.open(folder)


def merged(parts: Mapping[str, Dataset]) -> Dataset:
    """Who took what in several shops, by their names, over one catalogue of all their items.

    Kept is what a channel of words and histories reads: who took what, how and when. What is known
    of people, what they paid and where is left behind.
    """
    data = list(parts.values())
    clock = _clock([one.clock for one in data])
    users = np.cumsum([0, *(one.users for one in data)])
    items = np.cumsum([0, *(len(one.catalogue) for one in data)])
    tables = [_own(one.catalogue.table, "items", name) for name, one in parts.items()]
    moments = [one.at if one.clock == clock else one.step for one in data]
    return Dataset(
        catalogue=Catalogue(pa.concat_tables(tables)),
        clock=clock,
        users=int(users[-1]),
        user=_laid([one.user for one in data], users[:-1]),
        item=_laid([one.item for one in data], items[:-1]),
        kind=np.concatenate([one.kind for one in data]),
        at=np.concatenate(moments),
    )


def _clock(clocks: Sequence[Clock]) -> Clock:
    """Time can be read as order; order tells no time."""
    return "time" if set(clocks) == {"time"} else "order"


def _laid(rows: Sequence[npt.NDArray[np.int32]], first: Ints) -> npt.NDArray[np.int32]:
    """Row numbers of each shop, from the first that is its own in the whole."""
    parts = [part + start for part, start in zip(rows, first, strict=True)]
    return np.concatenate(parts).astype(np.int32)


def _own(table: pa.Table, kind: str, shop: str) -> pa.Table:
    """The table with the shop's name before ids that mean something there alone."""
    for name in OWN[kind]:
        ids = pc.binary_join_element_wise(shop, table[name], ":")
        table = _with(table, name, ids)
    return table


def _moved(events: pa.Table, name: str, first: int) -> pa.Table:
    return _with(events, name, pc.add(events[name], pa.scalar(first, pa.int32())))


def _in_order(events: pa.Table) -> pa.Table:
    """Events by their place in the user's history in the place of their time."""
    user = np.asarray(events["user"])
    rows = in_order(events, "time")
    place = np.empty(len(rows), np.int64)
    place[rows] = place_within(user[rows])
    ordered = _with(events, "order", pa.array(place))
    return _with(ordered, "timestamp", pa.nulls(len(rows), pa.timestamp("us")))


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), values)


def _assumed(shops: Mapping[str, Shop]) -> dict[str, str]:
    """What was assumed of items, and in which shops."""
    told: dict[str, list[str]] = {}
    for name, shop in shops.items():
        for field, value in shop.manifest.assumed.items():
            told.setdefault(field, []).append(f"{value} in {name}")
    return {field: ", ".join(values) for field, values in told.items()}
