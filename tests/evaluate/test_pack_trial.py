"""What another pack would have changed on slates that were shown."""

from dataclasses import replace

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.schema import USERS, Kind
from galen.eligibility.guard import Guard
from galen.evaluate.pack_trial import try_pack
from galen.knowledge.build import built_in
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import read_pack


@pytest.fixture(scope="module")
def shown(world):
    records = [{"item_id": str(n), "title": f"item {n}"} for n in range(24)]
    records[3] |= {"ingredients": ["melatonin 1 mg"], "rx_class": "otc"}
    records[3] |= {"pack_size": 20.0, "pack_unit": "tablets"}
    kind = np.full(len(world.data), int(Kind.IMPRESSION), np.int8)
    data = replace(world.data, catalogue=Catalogue(items_table(records)), kind=kind)
    people = [{"user_id": str(n), "age": 20 if n % 2 else 10} for n in range(data.users)]
    return data, pa.Table.from_pylist(people, schema=USERS)


def test_a_stricter_rule_is_told_with_how_often_and_on_what(shown):
    data, users = shown
    graph = built_in()
    reader, pack = IngredientReader.of(graph), read_pack("general")
    limit = msgspec.structs.replace(
        pack.age[0], id="age-melatonin", concepts=("ingredient:melatonin",), years=18
    )
    stricter = msgspec.structs.replace(pack, age=(*pack.age, limit))
    old, new = (Guard.over(data.catalogue, graph, reader, p) for p in (pack, stricter))
    trial = try_pack(data, users, old, new, days=10_000)
    (change,) = trial.changes
    young = int(((data.item == 3) & (data.user % 2 == 0)).sum())
    assert young > 0
    assert (change.rule, change.dropped, change.allowed) == ("ingredient_age", young, 0)
    assert change.items == ("3",)
    assert try_pack(data, users, new, old, days=10_000).changes[0].allowed == young
    assert try_pack(data, users, old, old, days=10_000).changes == ()
