"""Channels whose items have no vectors of their own find what something is said of."""

from dataclasses import replace

import pytest
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.recall.sequence import SequenceModel
from galen.recall.two_tower import TwoTower

PLAIN = {"identity": False, "attributes": (), "width": 8, "text_size": 8, "repeat": True}
WORDS = [{"brand": f"brand {row % 2}", "category": ["some", "thing"]} for row in range(24)]


@pytest.mark.parametrize("model", [SequenceModel, TwoTower])
@pytest.mark.parametrize("of", [{"attributes": ("brand", "category")}, {"text": True}], ids=str)
def test_without_own_vectors_only_items_of_which_something_is_said_are_found(model, of, world):
    spec, asked = model(**PLAIN | {"epochs": 1} | of), world.requests([[0, 1], [6, 7]])
    for said in (0, 9):
        items = [{"item_id": str(row)} | (WORDS[row] if row < said else {}) for row in range(24)]
        shop = replace(world.data, catalogue=Catalogue(items_table(items)))
        found = spec.fit(shop).retrieve(asked, 24)
        assert sorted(set(found.item.tolist())) == list(range(said))
