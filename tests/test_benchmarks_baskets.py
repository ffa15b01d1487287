"""The count of severe pairs sees them where they are, and the gate leaves none."""

import numpy as np
import pytest

from benchmarks.basket_worlds import Basket, draw_baskets, random_shelf
from benchmarks.baskets import Counts, requests_of, slates_of
from benchmarks.eligibility_oracle import Goods, Oracle
from benchmarks.health_world import Words
from galen.eligibility.guard import Guard
from galen.knowledge.build import built_in
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import read_pack


@pytest.fixture(scope="module")
def words():
    graph = built_in()
    return Words.of(graph, IngredientReader.of(graph))


def goods(*ingredients):
    held = tuple(f"ingredient:{name}" for name in ingredients)
    return Goods(held, (np.nan,) * len(held), "otc", True, (), True, "spu")


def test_a_pair_is_counted_once_whatever_the_item_meets(words):
    shelf = [goods("ibuprofen"), goods("warfarin"), goods("paracetamol"), goods("urea")]
    oracle = Oracle(words.graph, read_pack("general"), shelf)
    person = Basket(40.0, ("condition:peptic ulcer",), ("ingredient:warfarin",), 0, (1,))
    counts = Counts()
    counts.add(oracle, person, [0, 3])
    assert counts.pairs == {"slate": 0, "cart": 1, "medicine": 1, "condition": 1}
    counts.add(oracle, person, [3])
    assert (counts.baskets, counts.hit, counts.shown) == (2, 1, 3)


def test_what_was_in_the_cart_before_is_not_the_slate_s_fault(words):
    oracle = Oracle(words.graph, read_pack("general"), [goods("ibuprofen"), goods("urea")])
    person = Basket(40.0, (), ("ingredient:warfarin",), 0, (0,))
    counts = Counts()
    counts.add(oracle, person, [1])
    assert sum(counts.pairs.values()) == 0


def test_with_the_gate_no_severe_pair_is_left_and_without_it_many(words):
    random = np.random.default_rng(1)
    shelf = random_shelf(words, random, 200)
    guard = Guard.over(shelf.catalogue, words.graph, words.reader, read_pack("general"))
    oracle = Oracle(words.graph, read_pack("general"), shelf.goods)
    baskets = draw_baskets(shelf, words, 100, random)
    assert all(1 <= len(basket.cart) <= 6 for basket in baskets)
    assert max(len(basket.medicines) for basket in baskets) <= 10
    requests = requests_of(baskets, guard)
    found = {}
    for gated in (True, False):
        found[gated] = Counts()
        for basket, slate in zip(
            baskets, slates_of(shelf, guard, requests, gated=gated), strict=True
        ):
            found[gated].add(oracle, basket, slate)
    assert found[True].shown > 200
    assert sum(found[True].pairs.values()) == 0
    assert sum(found[False].pairs.values()) > 500
