"""What a served slate owes to what people declare, to consent, and to the kill switch."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from galen.eligibility.states import states_of
from galen.serve.durable.tables import withdrawn
from galen.serve.kill_switch import KillSwitch
from galen.serve.messages import Recommendation, RecommendRequest, Withdrawal
from galen.serve.missing import NotFound
from galen.serve.records import ItemRecord, UserRecord
from galen.serve.service import Service

SAFE: dict[str, Any] = {"stock": 10, "hidden": False, "regions": ["*"], "min_age": 0}


def ask(service: Service, user: str | None = None, **more: Any) -> Recommendation:
    return service.recommend(RecommendRequest(user=user, n=70, **more))


def ids(reply: Recommendation) -> set[str]:
    return {item.id for item in reply.items}


def put_medicine(service: Service, item: str, *ingredients: str) -> None:
    """In place of an item that everybody is shown."""
    record = ItemRecord(
        title=item, ingredients=list(ingredients), rx_class="otc", price=5.0, **SAFE
    )
    service.put_item(item, record).result(timeout=20)


def test_a_discreet_slate_does_not_tell_what_was_declared(service: Service) -> None:
    put_medicine(service, "i0", "ibuprofen 200 mg")
    mode = {"mode": "non_personalised", "discreet": True}
    bare = [item.id for item in ask(service, "u1", **mode).items]
    told = ask(service, "u1", medicines=["warfarin"], conditions=["hypertension"], **mode)
    assert [item.id for item in told.items] == bare
    assert "i0" not in bare
    assert not any(item.notices for item in told.items)


def test_a_reply_names_the_pack_and_the_knowledge_that_decided(service: Service) -> None:
    assert ask(service).rules_version == service.recommender.guard.gate.version
    assert ask(service).rules_version.startswith("general-")


@pytest.mark.parametrize("where", ["request", "record"])
def test_what_is_declared_in_a_request_or_a_record_closes_items(
    service: Service, where: str
) -> None:
    put_medicine(service, "i0", "ibuprofen 200 mg")
    assert "i0" in ids(ask(service, "u1"))
    declared: dict[str, Any] = {"medicines": ["warfarin"]}
    if where == "record":
        service.put_user("u1", UserRecord(age=40, **declared)).result(timeout=20)
        declared = {}
    reply = ask(service, "u1", **declared)
    assert "i0" not in ids(reply)
    assert reply.degraded == []


def test_a_cart_counts_and_so_does_the_slate_itself(service: Service) -> None:
    put_medicine(service, "i0", "paracetamol 500 mg")
    put_medicine(service, "i1", "acetaminophen 500 mg")
    assert len({"i0", "i1"} & ids(ask(service, "u1"))) == 1
    assert not {"i0", "i1"} & ids(ask(service, "u1", cart=["i0"]))


def test_an_unknown_medicine_puts_a_notice_on_medicines(service: Service) -> None:
    put_medicine(service, "i0", "ibuprofen 200 mg")
    told = {item.id: item.notices for item in ask(service, medicines=["xyzzy"]).items}
    assert told["i0"]
    assert not told["i1"]
    assert not any(item.notices for item in ask(service).items if item.id == "i0")


def test_help_lines_come_with_the_slate(service: Service) -> None:
    service.put_item("i0", ItemRecord(title="Bleach", rx_class="none", **SAFE)).result(timeout=20)
    assert any("poison" in card for card in ask(service, cart=["i0"]).cards)
    assert ask(service).cards == []


@pytest.mark.parametrize(
    ("asked", "consents", "read"),
    [
        ({}, None, True),
        ({}, [], False),
        ({}, ["cross_sell"], True),
        ({}, ["refill"], False),
        ({"purpose": "refill"}, ["refill"], True),
        ({"mode": "contextual"}, None, False),
        ({"mode": "non_personalised"}, ["cross_sell", "refill"], False),
    ],
)
def test_without_consent_no_history_is_read(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
    consents: list[Any] | None,
    read: bool,
) -> None:
    service.put_user("u1", UserRecord(age=40, consents=consents)).result(timeout=20)
    row, store = service.state.people.row("u1"), service.state.store
    reads: list[int] = []
    before: Callable[..., Any] = store._logs.before

    def counted(user: Any, at: Any) -> Any:
        reads.extend(user.tolist())
        return before(user, at)

    monkeypatch.setattr(store._logs, "before", counted)
    assert len(ask(service, "u1", **asked).items) >= 60
    assert (row in reads) == read


@pytest.mark.parametrize(
    ("asked", "consents", "years"),
    [
        ({}, None, 40),
        ({}, [], None),
        ({"mode": "contextual"}, None, None),
        ({"mode": "contextual", "age": 50}, None, None),  # the record's age is the younger one
        ({"mode": "contextual", "age": 30}, None, 30),
        ({"mode": "non_personalised", "age": 50}, None, None),
    ],
)
def test_an_age_that_may_not_be_profiled_is_for_rules_alone(
    service: Service, asked: dict[str, Any], consents: list[Any] | None, years: float | None
) -> None:
    service.put_user("u1", UserRecord(age=40, consents=consents)).result(timeout=20)
    request = RecommendRequest(user="u1", **asked)
    requests = service.recommender.requests(request, "r", 10**15, [])
    assert requests.age.tolist() == [min(40.0, asked.get("age", 40.0))]
    assert requests.part(0, 1).taste_age.tolist() == pytest.approx(
        [float("nan") if years is None else years], nan_ok=True
    )


def test_a_parent_asks_for_a_child(service: Service) -> None:
    put_medicine(service, "i0", "aspirin 300 mg")
    service.put_user("u1", UserRecord(age=40)).result(timeout=20)
    assert "i0" in ids(ask(service, "u1"))
    assert "i0" not in ids(ask(service, "u1", age=4))
    service.put_user("u1", UserRecord(age=4)).result(timeout=20)
    assert "i0" not in ids(ask(service, "u1", age=40))


def test_who_is_old_stays_so_whatever_age_is_sent(service: Service) -> None:
    service.put_user("u1", UserRecord(age=70)).result(timeout=20)
    request = RecommendRequest(user="u1", age=30)
    requests = service.recommender.requests(request, "r", 10**15, [])
    premises = service.recommender.guard.gate.premises
    assert requests.age.tolist() == [30.0]
    assert premises.row("population:elderly") in states_of(requests, premises).values


def test_opting_out_takes_effect_on_the_next_request(service: Service) -> None:
    service.put_user("u1", UserRecord(age=40, region=None)).result(timeout=20)
    personal = ask(service, "u1")
    nobody = ask(service, None, age=40)
    service.put_user("u1", UserRecord(age=40, consents=[])).result(timeout=20)
    after = ask(service, "u1")
    assert [i.id for i in after.items] == [i.id for i in nobody.items]
    assert [i.id for i in after.items] != [i.id for i in personal.items]


@pytest.mark.parametrize("what", ["item", "product", "concept"])
def test_what_is_withdrawn_is_in_no_slate_once_that_is_acknowledged(
    service: Service, what: Any
) -> None:
    record = ItemRecord(title="i0", spu_id="spu", ingredients=["menthol"], rx_class="otc", **SAFE)
    service.put_item("i0", record).result(timeout=20)
    assert "i0" in ids(ask(service))
    name = {"item": "i0", "product": "spu", "concept": "ingredient:menthol"}[what]
    asked = Withdrawal(what=what, name=name)
    told = service.kill_switch.put(asked).result(timeout=20)
    assert told.withdrawals == [asked]
    assert "i0" not in ids(ask(service))
    assert service.kill_switch.lift(asked).result(timeout=20).withdrawals == []
    assert "i0" in ids(ask(service))


def test_what_is_withdrawn_again_while_it_is_lifted_stays_withdrawn(service: Service) -> None:
    waiting: list[tuple[Callable[[Any], None], Future[Any]]] = []

    def write(_: Any, committed: Callable[[Any], None]) -> Future[Any]:
        waiting.append((committed, Future()))
        return waiting[-1][1]

    switch = KillSwitch(service.recommender, threading.Lock(), write)
    asked = Withdrawal(what="item", name="i0")
    for act in (switch.put, switch.lift, switch.put):
        act(asked)
    for committed, _ in waiting:  # the log takes them in their order, and late
        committed(None)
        assert "i0" not in ids(ask(service))
    switch.lift(asked)
    waiting[-1][0](None)
    assert "i0" in ids(ask(service))


def test_a_restart_withdraws_again(open_service: Callable[..., Service]) -> None:
    first = open_service()
    first.kill_switch.put(Withdrawal(what="item", name="i0")).result(timeout=20)
    first.close()
    second = open_service()
    assert "i0" not in ids(ask(second))
    assert second.kill_switch.listed().withdrawals[0].name == "i0"


def test_what_is_not_there_cannot_be_withdrawn(service: Service) -> None:
    with pytest.raises(NotFound, match="no concept 'ingredient:unobtainium'"):
        service.kill_switch.put(Withdrawal(what="concept", name="ingredient:unobtainium"))


@pytest.mark.parametrize("part", ["declarations", "families", "together", "notices"])
def test_where_the_gate_breaks_nothing_is_shown_unchecked(
    service: Service, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("broken by the test")

    guard = service.recommender.guard
    kinds = {
        "declarations": (type(guard.declarations), "of"),
        "families": (type(guard.gate.families[0]), "actions"),
        "together": (type(guard.gate.together), "keep"),
        "notices": (type(guard.gate), "notices"),
    }
    owner, name = kinds[part]
    monkeypatch.setattr(owner, name, broken)
    reply = ask(service, "u1")
    assert reply.items == []
    assert reply.degraded


@pytest.mark.parametrize("query", ["crushing chest pain and short of breath", "胸口剧痛喘不过气"])
def test_words_of_danger_are_answered_with_advice_and_no_product(
    service: Service, query: str
) -> None:
    reply = ask(service, "u1", query=query)
    assert reply.items == []
    assert len(reply.cards) == 1
    assert reply.degraded == []
    assert ask(service, "u1", query="plasters for a small cut").items


def test_a_channel_s_own_reason_is_told_but_not_where_others_look_on(service: Service) -> None:
    channels = service.recommender.pipeline.recall.channels

    def why(self: Any, requests: Any, request: int) -> Any:
        return lambda item: "because of what you asked"

    kind = type(channels[1].retriever)  # popular: every anonymous slate is its
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "why", why, raising=False)
        told = {item.reason for item in ask(service).items}
        hidden = {item.reason for item in ask(service, discreet=True).items}
    assert "because of what you asked" in told
    assert "because of what you asked" not in hidden


def test_an_operator_is_told_why_an_item_is_there_or_is_not(service: Service) -> None:
    put_medicine(service, "i0", "ibuprofen 200 mg")
    shown = RecommendRequest(user="u1", n=70)
    there = service.explain_item(shown, ask(service, "u1").items[0].id)
    assert there.shown
    assert there.place == 1
    assert there.channels
    not_there = service.explain_item(RecommendRequest(user="u1", medicines=["warfarin"]), "i0")
    assert not not_there.shown
    assert "interaction" in not_there.because
    (first, *_) = not_there.findings
    assert first.rule == "interaction"
    assert "ibuprofen" in first.words
    assert first.citation
    hidden = service.explain_item(shown, "i75")
    assert "the shop has hidden it" in hidden.because
    with pytest.raises(NotFound, match="no item 'nothing'"):
        service.explain_item(shown, "nothing")


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        ({"batch": "L123"}, {"i0"}),
        ({"what": "batch", "name": "L123"}, {"i0"}),
        ({"what": "product", "name": "spu", "batch": "L123"}, {"i0", "i2"}),
        ({"what": "item", "name": "i2", "batch": "L123"}, {"i2"}),
        ({"what": "item", "name": "i1", "batch": "L123"}, set()),
        ({"batch": "L999"}, set()),
    ],
)
def test_a_batch_is_withdrawn_and_an_unknown_one_only_where_its_goods_are_named(
    open_service: Callable[..., Service], asked: dict[str, Any], gone: set[str]
) -> None:
    service = open_service()
    spus, batches = ["spu", "spu 1", "spu"], ["L123", "L124", None]
    for number, (spu, batch) in enumerate(zip(spus, batches, strict=True)):
        record = ItemRecord(title=f"i{number}", spu_id=spu, batch=batch, rx_class="none", **SAFE)
        service.put_item(f"i{number}", record).result(timeout=20)
    withdrawal = Withdrawal.model_validate(asked)
    service.kill_switch.put(withdrawal).result(timeout=20)
    service.close()
    again = open_service()
    barred = {
        f"i{number}"
        for number in range(3)
        if "withdrawn: it was withdrawn"
        in again.explain_item(RecommendRequest(n=70), f"i{number}").because
    }
    assert barred == gone
    assert again.kill_switch.lift(withdrawal).result(timeout=20).withdrawals == []


def test_goods_of_a_withdrawn_batch_that_come_later_are_off_too(service: Service) -> None:
    service.kill_switch.put(Withdrawal.model_validate({"batch": "L123"})).result(timeout=20)
    record = {"title": "i0", "rx_class": "none", **SAFE}
    service.put_item("i0", ItemRecord(batch="L123", **record)).result(timeout=20)
    assert "i0" not in ids(ask(service))
    service.put_item("i0", ItemRecord(batch="L124", **record)).result(timeout=20)
    assert "i0" in ids(ask(service))


def test_withdrawals_of_a_log_of_before_there_were_batches_hold(
    open_service: Callable[..., Service], tmp_path: Path
) -> None:
    service = open_service()
    service.kill_switch.put(Withdrawal(what="item", name="i0")).result(timeout=20)
    service.close()
    with closing(sqlite3.connect(tmp_path / "time" / "events.db", isolation_level=None)) as log:
        log.executescript(
            "DROP TABLE withdrawn; PRAGMA user_version = 2;"
            "CREATE TABLE withdrawn (what TEXT NOT NULL, name TEXT NOT NULL,"
            " PRIMARY KEY (what, name)) WITHOUT ROWID;"
            "INSERT INTO withdrawn VALUES ('item', 'i1');"
        )
        assert withdrawn(log) == [("item", "i1", "")]
    assert {"i1"} == {told.name for told in open_service().kill_switch.listed().withdrawals}
