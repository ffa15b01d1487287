"""A world whose right answers are known, shared by the contract suites."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.enriched import Extent, write_enriched
from galen.data.schema import ITEMS, Kind
from galen.data.shop import Shop, new_shop
from galen.enrich.vectors import origin, vector_column
from galen.pipeline.candidates import Histories, Requests

DAY = 86_400_000_000
START = 1_700_000_000_000_000
GROUPS, ITEMS_PER_GROUP, USERS = 4, 6, 80
NOW = START + 200 * DAY


@dataclass(frozen=True)
class World:
    """Each person takes the items of their group round and round; group 0 is the largest."""

    data: Dataset
    group_of_user: np.ndarray
    group_of_item: np.ndarray

    def requests(self, histories: list[list[int]], *, kind: Kind = Kind.PURCHASE) -> Requests:
        """Requests at NOW of unknown people with these histories, a day between events."""
        length = np.array([len(h) for h in histories], np.int64)
        item = np.array([i for h in histories for i in h], np.int64)
        at = np.concatenate([NOW - DAY * np.arange(n, 0, -1) for n in length] or [[]])
        rows = len(histories)
        return Requests(
            user=np.full(rows, -1),
            at=np.full(rows, NOW),
            history=Histories(
                np.concatenate([[0], np.cumsum(length)]).astype(np.int64),
                item,
                np.full(len(item), int(kind)),
                at.astype(np.int64),
            ),
            surface=np.zeros(rows, np.int64),
            age=np.full(rows, 40.0),
            region=["east"] * rows,
            seed=np.arange(rows),
        )


def items_table(records: list[dict]) -> pa.Table:
    """Items that may be shown to everybody, but for what a record says."""
    shown = {
        "rx_class": "none",
        "stock": 5,
        "hidden": False,
        "min_age": 0,
        "regions": ["*"],
        "price": 5.0,
    }
    return pa.Table.from_pylist([shown | record for record in records], schema=ITEMS)


def known_world() -> World:
    """Make the world; its right answers follow from the groups."""
    random = np.random.default_rng(0)
    items = GROUPS * ITEMS_PER_GROUP
    group_of_item = np.arange(items) // ITEMS_PER_GROUP
    catalogue = Catalogue(
        items_table(
            [
                {
                    "item_id": f"sku-{i}",
                    "spu_id": f"spu-{i // 2}",
                    "title": f"item {i}",
                    "brand": f"brand-{i % 3}",
                    "category": ["shop", f"group-{group_of_item[i]}"],
                }
                for i in range(items)
            ]
        )
    )
    group_of_user = np.where(np.arange(USERS) < USERS // 2, 0, np.arange(USERS) % GROUPS)
    rows = []
    for user, group in enumerate(group_of_user):
        first = int(random.integers(0, ITEMS_PER_GROUP))
        for place in range(ITEMS_PER_GROUP):  # the sixth is the first again, bought anew
            item = group * ITEMS_PER_GROUP + (first + place % 5) % ITEMS_PER_GROUP
            at = START + (10 * user % 90 + 10 * place) * DAY + int(random.integers(0, DAY))
            rows.append((user, item, int(Kind.PURCHASE), at))
    user, item, kind, at = (np.array(column) for column in zip(*rows, strict=True))
    order = np.lexsort((at, user))
    data = Dataset(
        catalogue=catalogue,
        clock="time",
        users=USERS,
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        kind=kind[order].astype(np.int8),
        at=at[order].astype(np.int64),
    )
    return World(data, group_of_user, group_of_item)


def write_world(world: World, folder: Path) -> Shop:
    """The world as a shop on disk."""
    data = world.data
    with new_shop(folder, name="world", source="test", clock=data.clock) as writer:
        writer.write("items", data.catalogue.table)
        writer.write(
            "users",
            pa.table(
                {"user_id": [f"user-{u}" for u in range(data.users)], "age": [40] * data.users}
            ),
        )
        moment = "timestamp" if data.clock == "time" else "order"
        writer.write(
            "events",
            pa.table(
                {
                    "event_id": [f"event-{e}" for e in range(len(data))],
                    "user": data.user,
                    "item": data.item,
                    "kind": data.kind,
                    moment: data.at,
                }
            ),
        )
    return Shop.open(folder)


def put_vectors(folder: Path, items: list[str], vectors: list, events: Extent | None = None):
    """A table `vectors` of some items, as an encoder `test:1` would have written it."""
    moment = np.full(len(items), np.datetime64(NOW, "us"))
    columns = {"item": pa.array(items), "vector": vector_column(np.asarray(vectors, np.float32))}
    rows = pa.table(columns | origin(len(items), "test:1", moment))
    write_enriched(folder, "vectors", rows, events or Extent())
