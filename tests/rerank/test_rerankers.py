"""The contract of every reranker, and what each of them is for."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import items_table

from galen.assembly.catalog import BORROWERS, RERANKERS
from galen.data.catalogue import Catalogue
from galen.data.lookup import place_within
from galen.data.schema import Kind
from galen.pipeline.candidates import Candidates
from galen.recall.sequence import SequenceModel

ALL = sorted([*RERANKERS, *BORROWERS])


@pytest.fixture(scope="module")
def made(world):
    """Every reranker by its name; those that borrow a channel's model have one."""
    channel = SequenceModel(width=8, layers=1, epochs=1).fit(world.data)
    owned = {name: make(world.data.catalogue) for name, make in RERANKERS.items()}
    return owned | {name: make(channel) for name, make in BORROWERS.items()}


@pytest.fixture
def pool(world):
    """All items for two requests, best first."""
    items = len(world.data.catalogue)
    random = np.random.default_rng(1)
    order = [random.permutation(items) for _ in range(2)]
    score = np.tile(np.linspace(1, 0, items), 2)
    return Candidates(np.repeat([0, 1], items), np.concatenate(order), {"score": score})


def keys(rows: Candidates) -> list[tuple[int, int]]:
    return list(zip(rows.request.tolist(), rows.item.tolist(), strict=True))


@pytest.mark.parametrize("name", ALL)
def test_gives_rows_of_its_input_once_and_keeps_requests_apart(name, made, world, pool):
    shaped = made[name].rerank(world.requests([[0], [7]]), pool, 5)
    assert set(keys(shaped)) <= set(keys(pool))
    assert len(set(keys(shaped))) == len(shaped)
    assert np.all(np.diff(shaped.request) >= 0)


@pytest.mark.parametrize("name", ALL)
def test_answers_a_batch_as_it_answers_its_requests_one_by_one(name, made, world, pool):
    reranker = made[name]
    together = reranker.rerank(world.requests([[0], [7]]), pool, 5)
    first = reranker.rerank(world.requests([[0]]), pool.take(pool.request == 0), 5)
    assert together.item[together.request == 0].tolist() == first.item.tolist()


@pytest.mark.parametrize("name", ALL)
def test_answers_no_rows_with_no_rows(name, made, world, pool):
    nothing = pool.take(np.zeros(len(pool), bool))
    assert len(made[name].rerank(world.requests([[0]]), nothing, 5)) == 0


def test_a_slate_has_one_sku_of_each_standard_product_and_it_is_the_best_one(world, pool):
    shaped = RERANKERS["one_per_product"](world.data.catalogue).rerank(
        world.requests([[], []]), pool, 5
    )
    spu = world.data.catalogue.spu
    for row in (0, 1):
        inside, before = shaped.item[shaped.request == row], pool.item[pool.request == row]
        assert len(set(spu[inside].tolist())) == len(inside)
        best = [next(i for i in before if spu[i] == spu[kept]) for kept in inside]
        assert inside.tolist() == best


def shelf_of_packs():
    return Catalogue(
        items_table(
            [{"item_id": f"{n}", "spu_id": "tablets", "pack_size": n} for n in (10.0, 30.0, 60.0)]
            + [{"item_id": "other"}]
        )
    )


def in_order(*items: int) -> Candidates:
    score = np.linspace(1, 0.5, len(items))
    return Candidates(np.zeros(len(items), np.int64), np.array(items), {"score": score})


def test_a_product_stands_with_the_pack_that_the_person_bought(world):
    reranker = RERANKERS["one_per_product"](shelf_of_packs())
    shaped = reranker.rerank(world.requests([[0, 1]]), in_order(2, 3, 0, 1), 5)
    assert shaped.item.tolist() == [1, 3]
    assert shaped.columns["score"][0] == 1


def test_where_that_pack_is_not_in_the_pool_the_nearest_one_is_chosen(world):
    reranker = RERANKERS["one_per_product"](shelf_of_packs())
    shaped = reranker.rerank(world.requests([[1]]), in_order(0, 3, 2), 5)
    assert shaped.item.tolist() == [2, 3]


def test_who_never_bought_the_product_gets_its_best_scored_pack(world):
    reranker = RERANKERS["one_per_product"](shelf_of_packs())
    assert reranker.rerank(world.requests([[3]]), in_order(2, 3, 0), 5).item.tolist() == [2, 3]
    clicked = world.requests([[0]], kind=Kind.CLICK)
    assert reranker.rerank(clicked, in_order(2, 3, 0), 5).item.tolist() == [2, 3]


def shelf_of_offers():
    """One product: small and dear, large and cheap by unit, and one of which little is known."""
    offers = [
        {"pack_size": 10.0, "price": 5.0, "delivery_days": 1.0},
        {"pack_size": 60.0, "price": 12.0, "delivery_days": 4.0},
        {"pack_size": 30.0, "price": None},
    ]
    named = [{"item_id": f"{n}", "spu_id": "tablets", **offer} for n, offer in enumerate(offers)]
    return Catalogue(items_table([*named, {"item_id": "other"}]))


@pytest.mark.parametrize(
    ("prefer", "pool", "first"),
    [("price", (0, 3, 1, 2), 1), ("delivery", (1, 3, 2, 0), 0), ("score", (2, 3, 1, 0), 2),
     ("price", (2, 3, 0), 0), ("delivery", (2, 3), 2)],
)  # fmt: skip
def test_who_never_bought_the_product_may_get_the_cheapest_or_the_soonest(
    world, prefer, pool, first
):
    reranker = RERANKERS["one_per_product"](shelf_of_offers(), prefer=prefer)
    shaped = reranker.rerank(world.requests([[3]]), in_order(*pool), 5)
    assert shaped.item.tolist() == [first, 3]
    assert shaped.columns["score"][0] == 1


def test_the_pack_that_was_bought_comes_before_a_cheaper_one(world):
    reranker = RERANKERS["one_per_product"](shelf_of_offers(), prefer="price")
    assert reranker.rerank(world.requests([[0]]), in_order(1, 3, 0), 5).item.tolist() == [0, 3]


def test_a_recipe_may_choose_by_score_alone(world):
    reranker = RERANKERS["one_per_product"](shelf_of_packs(), choose="score")
    assert reranker.rerank(world.requests([[0]]), in_order(2, 3, 0), 5).item.tolist() == [2, 3]


def test_what_was_bought_last_week_is_out_and_what_was_bought_last_month_is_in(world, pool):
    reranker = RERANKERS["bought_recently"](world.data.catalogue, days=7.0)
    history = list(range(20))  # item 19 was bought yesterday, item 0 twenty days ago
    shaped = reranker.rerank(world.requests([history, []]), pool, 5)
    first = set(shaped.item[shaped.request == 0].tolist())
    assert 19 not in first
    assert 0 in first
    assert 19 in shaped.item[shaped.request == 1]


def test_what_has_a_dose_comes_back_when_half_of_what_was_bought_is_used_up(world, pool):
    rows = world.data.catalogue.table.to_pylist()
    days = {18: 1.0, 19: 1.0, 16: 10.0, 17: 10.0, 0: 60.0, 1: 60.0}  # two items a product
    for item, size in days.items():
        rows[item] |= {"pack_size": size, "daily_dose": 1.0}
    reranker = RERANKERS["bought_recently"](Catalogue(items_table(rows)), days=7.0)
    asked = world.requests([list(range(20))])  # item 19 was bought yesterday, item 0 20 days ago
    mine = pool.take(pool.request == 0)
    shown = set(reranker.rerank(asked, mine, 5).item.tolist())
    assert {18, 19} <= shown  # a day's pack
    assert not {16, 17} & shown  # half of it is not used up
    assert not {0, 1} & shown  # three weeks ago, and it lasts sixty days
    assert not {14, 15} & shown  # within the week, no dose known
    assert {2, 3} <= shown
    many = replace(asked, history=replace(asked.history, quantity=np.full(20, 10.0)))
    assert not {18, 19} & set(reranker.rerank(many, mine, 5).item.tolist())


def test_what_was_hidden_stays_out(world, pool):
    reranker = RERANKERS["bought_recently"](world.data.catalogue, days=7.0)
    shaped = reranker.rerank(world.requests([[0] + [20] * 15, []], kind=Kind.HIDE), pool, 5)
    assert 0 not in shaped.item[shaped.request == 0]


def test_diversity_costs_relevance_only_where_items_are_alike(world):
    catalogue = world.data.catalogue
    pool = Candidates(
        np.zeros(5, np.int64),
        np.array([0, 1, 2, 7, 12]),  # three of one group, one of the second, one of the third
        {"score": np.array([1.0, 0.98, 0.97, 0.9, 0.0])},
    )
    asked = world.requests([[]])
    diverse = RERANKERS["mmr"](catalogue, balance=0.3).rerank(asked, pool, 2).item
    relevant = RERANKERS["mmr"](catalogue, balance=1.0).rerank(asked, pool, 2).item
    assert diverse[:2].tolist() == [0, 7]
    assert relevant[:2].tolist() == [0, 1]


def test_exploration_shows_each_row_as_often_as_its_propensity_says(world):
    catalogue = world.data.catalogue
    requests = 4000
    asked = world.requests([[]] * requests)
    pool = Candidates(
        np.repeat(np.arange(requests), 8),
        np.tile(np.arange(8), requests),
        {"score": np.tile(np.linspace(1, 0, 8), requests)},
    )
    shaped = RERANKERS["explore"](catalogue, share=0.5, slot=2, pool=3).rerank(asked, pool, 5)
    in_slot = place_within(shaped.request) == 2
    shown, count = np.unique(shaped.item[in_slot], return_counts=True)
    share = dict(zip(shown.tolist(), (count / requests).tolist(), strict=True))
    propensity = dict(
        zip(
            shaped.item[in_slot].tolist(),
            shaped.columns["propensity"][in_slot].tolist(),
            strict=True,
        )
    )
    assert set(share) == {2, 5, 6, 7}
    assert sum(propensity.values()) == pytest.approx(1)
    for item, probability in propensity.items():
        assert share[item] == pytest.approx(probability, abs=0.03)
    outside = shaped.take(~in_slot & (place_within(shaped.request) < 5))
    assert (outside.columns["propensity"] == 1).all()
