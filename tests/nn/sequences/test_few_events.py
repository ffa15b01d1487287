"""A shop that has hardly begun teaches nothing of what comes next, and stops no training."""

from dataclasses import replace

import numpy as np
import pytest
from nn.sequences.device_cases import CASES
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.features.histories import columns_of, held_out


@pytest.mark.parametrize("name", ["sequence", "two towers", "tiger", "beam, dense and cold"])
def test_a_shop_in_which_one_person_took_two_items_is_learned_nothing_from(name, world):
    spec = replace(CASES[name], codes=None) if name == "two towers" else CASES[name]
    index = spec.fit(world.data.take(np.arange(len(world.data)) < 2))
    assert index.course.epochs == []
    assert len(index.retrieve(world.requests([[0], [1, 2]]), 5)) == 0


def with_an_item_that_is_only_held_out(world, spec):
    """Of the people held out, the first one's newest item becomes one that nobody else took."""
    data, columns = world.data, columns_of(world.data)
    _, kept = held_out(columns, spec.held_out, spec.seed)
    items = data.catalogue.table.to_pylist()
    catalogue = Catalogue(items_table([*items, {"item_id": "new"}]))
    item = data.item.copy()
    item[columns.offsets[kept.before.user[0] + 1] - 1] = 24
    return replace(data, catalogue=catalogue, item=item)


@pytest.mark.parametrize("name", ["sequence", "two towers"])
def test_an_item_that_is_only_held_out_has_taught_nothing_and_is_not_found(name, world):
    spec = replace(CASES[name], codes=None, repeat=True)
    data = with_an_item_that_is_only_held_out(world, spec)
    index, asked = spec.fit(data), world.requests([[0, 1], [7]])
    assert sorted(set(index.retrieve(asked, 25).item.tolist())) == list(range(24))
    again = spec.again(data, index)
    assert sorted(set(again.retrieve(asked, 25).item.tolist())) == list(range(25))


def test_an_item_that_is_only_held_out_is_cold_to_a_generator(world):
    spec = replace(CASES["beam, dense and cold"], identity=True)
    data = with_an_item_that_is_only_held_out(world, spec)
    index = spec.fit(data)
    assert index.cold.tolist() == [24]
    assert spec.again(data, index).cold.tolist() == []
