"""Where a rule cannot be asked: nothing, or what the pack vetted, under the rules that answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec
import pytest
from worlds import known_world

from galen.eligibility.guard import Guard
from galen.knowledge.build import built_in
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import PackError, Pool, read_pack
from galen.knowledge.pack_check import check_pack
from galen.pipeline.candidates import Candidates, Requests
from galen.serve.messages import Recommendation, RecommendRequest, Withdrawal
from galen.serve.records import ItemRecord
from galen.serve.service import Service

SAFE: dict[str, Any] = {"stock": 10, "hidden": False, "regions": ["*"], "min_age": 0}
POOL = Pool(categories=("devices",), citation="house list", date=date(2026, 1, 1))
FAMILIES = ["prescription", "not_online", "sensitive", "interaction", "hazard", "unknown"]


@dataclass(frozen=True)
class Broken:
    """A family whose table is gone."""

    rule: str
    reason: str = "broken"

    def actions(self, requests: Requests, candidates: Candidates) -> Any:
        raise OSError("the table is gone")

    notices = findings = keep = actions


@pytest.fixture(scope="module")
def graph() -> Graph:
    return built_in()


@pytest.fixture(scope="module")
def reader(graph: Graph) -> IngredientReader:
    return IngredientReader.of(graph)


@pytest.fixture
def pooled(
    open_service: Callable[..., Service], graph: Graph, reader: IngredientReader
) -> Callable[[Pool | None], Service]:
    """A service under a pack with a pool; of its devices i0 … i6 only i0 and i1 may be shown."""

    def make(pool: Pool | None) -> Service:
        service = open_service()
        pack = msgspec.structs.replace(read_pack("general"), safe_pool=pool)
        state = service.state
        guard = Guard.over(state.catalogue, graph, reader, pack, state.withdrawals)
        service.recommender = replace(service.recommender, guard=guard)
        device = {"title": "x", "category": ["devices"], "rx_class": "none", **SAFE}
        for number, more in enumerate(
            (
                {},
                {},
                {"stock": 0},
                {"hidden": True},
                {"rx_class": "otc"},
                {"rx_class": None},
                {"stock": None},
            )
        ):
            record = ItemRecord(**{**device, **more})
            service.put_item(f"i{number}", record).result(timeout=20)
        return service

    return make


def spoil(service: Service, *rules: str) -> None:
    """The families of these rules can no longer be asked."""
    guard = service.recommender.guard
    families = tuple(Broken(f.rule) if f.rule in rules else f for f in guard.gate.families)
    assert sum(isinstance(family, Broken) for family in families) == len(rules)
    guard = replace(guard, gate=replace(guard.gate, families=families))
    service.recommender = replace(service.recommender, guard=guard)


def ask(service: Service, **more: Any) -> Recommendation:
    return service.recommend(RecommendRequest(user="u1", n=70, **more))


def ids(reply: Recommendation) -> set[str]:
    return {item.id for item in reply.items}


def test_whatever_rule_fails_only_vetted_goods_are_shown(
    pooled: Callable[[Pool | None], Service],
) -> None:
    service = pooled(POOL)
    assert len(ids(ask(service))) > 50
    whole = service.recommender
    for rule in FAMILIES:
        service.recommender = whole
        spoil(service, rule)
        reply = ask(service)
        assert ids(reply) == {"i0", "i1"}, rule
        assert f"eligibility:{rule}" in reply.degraded
        assert "safe_pool" in reply.degraded
    service.recommender = whole
    spoil(service, *FAMILIES)
    assert ids(ask(service)) == {"i0", "i1"}


def test_without_a_pool_nothing_is_shown_and_the_reason_is_told(
    pooled: Callable[[Pool | None], Service],
) -> None:
    service = pooled(None)
    spoil(service, "interaction")
    reply = ask(service)
    assert reply.items == []
    assert "eligibility:interaction" in reply.degraded
    assert "safe_pool" not in reply.degraded


def test_the_pool_keeps_to_what_was_withdrawn_and_to_the_caller_s_wishes(
    pooled: Callable[[Pool | None], Service],
) -> None:
    service = pooled(POOL)
    spoil(service, "interaction")
    assert ids(ask(service, filters={"exclude": ["i1"]})) == {"i0"}
    service.kill_switch.put(Withdrawal(what="item", name="i0")).result(timeout=20)
    assert ids(ask(service)) == {"i1"}


def most_taken_first(service: Service, *names: str) -> None:
    """From here on the shop has sold more of each than of those after it."""
    for taken, name in enumerate(reversed(names), start=1000):
        service.state.taken.put(service.state.catalogue.row_of[name], taken)


@pytest.mark.parametrize("names", [("i0", "i1"), ("i1", "i0")])
def test_the_pool_shows_its_most_taken_goods_first_and_no_more_than_asked_for(
    pooled: Callable[[Pool | None], Service], names: tuple[str, str]
) -> None:
    service = pooled(POOL)
    spoil(service, "interaction")
    most_taken_first(service, *names)
    assert [item.id for item in ask(service).items] == list(names)
    one = service.recommend(RecommendRequest(user="u1", n=1))
    assert [item.id for item in one.items] == [names[0]]


@pytest.mark.parametrize("names", [("i0", "i1"), ("i1", "i0")])
def test_of_goods_of_the_pool_that_must_not_meet_the_most_taken_is_shown(
    pooled: Callable[[Pool | None], Service], names: tuple[str, str]
) -> None:
    service = pooled(POOL)
    device = {"category": ["devices"], "rx_class": "none", **SAFE}
    for name, title in (("i0", "Bleach 1 l"), ("i1", "Acidic cleaner")):
        service.put_item(name, ItemRecord(title=title, **device)).result(timeout=20)
    spoil(service, "interaction")
    most_taken_first(service, *names)
    assert [item.id for item in ask(service).items] == [names[0]]


@pytest.mark.parametrize("names", [("i0", "i1"), ("i1", "i0")])
def test_where_nobody_can_tell_what_goes_together_the_most_taken_good_stands_alone(
    pooled: Callable[[Pool | None], Service], names: tuple[str, str]
) -> None:
    service = pooled(POOL)
    guard = service.recommender.guard
    lost: Any = Broken("together")
    guard = replace(guard, gate=replace(guard.gate, together=lost))
    service.recommender = replace(service.recommender, guard=guard)
    most_taken_first(service, *names)
    reply = ask(service)
    assert [item.id for item in reply.items] == [names[0]]
    assert "eligibility:together" in reply.degraded
    assert "safe_pool" in reply.degraded


def test_where_nobody_can_tell_what_was_withdrawn_the_pool_is_closed_too(
    pooled: Callable[[Pool | None], Service],
) -> None:
    service = pooled(POOL)
    spoil(service, "withdrawn")
    reply = ask(service)
    assert reply.items == []
    assert "eligibility:safe_pool" in reply.degraded


def test_where_stock_cannot_be_read_the_pool_is_closed_too(
    pooled: Callable[[Pool | None], Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = pooled(POOL)
    spoil(service, "interaction")
    monkeypatch.setattr("galen.eligibility.safe_pool.InStock.keep", Broken("stock").actions)
    reply = ask(service)
    assert reply.items == []
    assert "eligibility:safe_pool" in reply.degraded


def test_a_pool_of_concepts_that_nobody_knows_is_refused(
    graph: Graph, reader: IngredientReader
) -> None:
    pool = Pool(concepts=("product_word:unobtainium",), citation="x", date=date(2026, 1, 1))
    pack = msgspec.structs.replace(read_pack("general"), safe_pool=pool)
    assert any("unobtainium" in said for said in check_pack(pack, graph, date(2026, 12, 1)))
    catalogue = known_world().data.catalogue
    with pytest.raises(PackError, match="unobtainium"):
        Guard.over(catalogue, graph, reader, pack)
