from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.serve.durable import tables
from galen.serve.messages import (
    Event,
    EventBatch,
    EventsTaken,
    Recommendation,
    RecommendRequest,
    SlateFilter,
)
from galen.serve.missing import NotFound
from galen.serve.records import ItemRecord, UserRecord
from galen.serve.service import Gone, Service

NEVER_SHOWN = {f"i{n}" for n in range(70, 80)}  # sold out, hidden or on prescription
Open = Callable[..., Service]


class Broken:
    """Stands in the place of any stage, and fails."""

    rule, reason, objectives = "stock", "", ("click",)

    def _fail(self, *_: Any) -> Any:
        raise RuntimeError("broken by the test")

    retrieve = keep = fuse = assemble = score = rerank = save = requests = run = recall = _fail
    write = forget = replay = _fail


def send(service: Service, *events: Event) -> EventsTaken:
    return service.ingest(EventBatch(events=list(events))).result(timeout=20)


def event(name: str, user: str | None = "u1", item: str = "i5", kind: Any = "click") -> Event:
    return Event(event_id=name, user=user, item=item, kind=kind)


def nobody_s(name: str, item: str, kind: Any) -> Event:
    return Event(event_id=name, session="tab", item=item, kind=kind)


def ask(service: Service, user: str | None = "u1", **more: Any) -> Recommendation:
    return service.recommend(RecommendRequest(user=user, **more))


def ids(reply: Recommendation) -> list[str]:
    return [item.id for item in reply.items]


def with_pipeline(service: Service, **changes: Any) -> None:
    pipeline = replace(service.recommender.pipeline, **changes)
    service.recommender = replace(service.recommender, pipeline=pipeline)


def test_a_slate_is_as_long_as_asked_and_says_why_each_item_is_there(service: Service) -> None:
    reply = ask(service, n=12, explain=True)
    assert len(ids(reply)) == len(set(ids(reply))) == 12
    assert reply.degraded == []
    assert reply.model_version == "test"
    assert not set(ids(reply)) & NEVER_SHOWN
    assert all(item.channels and item.reason and item.title for item in reply.items)
    assert {"item_graph", "popular"} >= {c for item in reply.items for c in item.channels}
    assert reply.explanation is not None
    assert reply.explanation.steps[0].name == "recall"
    assert reply.explanation.dropped["prescription"] > 0
    assert ask(service).explanation is None


@pytest.mark.parametrize("user", [None, "u39", "nobody knows"])
def test_people_without_a_history_get_a_slate_too(service: Service, user: str | None) -> None:
    reply = ask(service, user, n=5)
    assert len(ids(reply)) == 5
    assert reply.degraded == []


def test_the_recent_items_of_a_session_change_its_slate(service: Service) -> None:
    plain = ask(service, None, n=10)
    session = ask(service, None, n=10, recent=["i20", "i23", "not an item"])
    assert ids(plain) != ids(session)
    assert any("item_graph" in item.channels for item in session.items)


@pytest.mark.parametrize("clock", ["time", "order"])
def test_an_event_changes_the_next_request(open_service: Open, clock: str) -> None:
    service = open_service(clock)
    before = ids(ask(service, n=10))
    send(service, event("a", item=before[0], kind="purchase"))
    after = ids(ask(service, n=10))
    assert before[0] not in after
    send(service, event("b", item=after[0], kind="hide"))
    assert after[0] not in ids(ask(service, n=10))


def test_an_event_makes_a_new_user_known(service: Service) -> None:
    known = service.health().users
    assert send(service, event("a", user="new one", item="i20")).accepted == 1
    assert service.health().users == known + 1
    reply = ask(service, "new one", n=10)
    assert "item_graph" in {channel for item in reply.items for channel in item.channels}


def test_a_batch_is_taken_but_for_the_events_that_are_wrong(service: Service) -> None:
    future = "2026-03-01T01:00:00Z"
    late = Event.model_validate(
        {"event_id": "late", "user": "u1", "item": "i1", "kind": "click", "timestamp": future}
    )
    nobody = Event(event_id="nobody", item="i1", kind="click")
    taken = send(
        service, event("a"), event("b", item="no such"), event("a"), late, nobody, event("c")
    )
    assert (taken.accepted, taken.duplicates) == (2, 1)
    assert [(error.index, error.event_id) for error in taken.errors] == [
        (1, "b"),
        (3, "late"),
        (4, "nobody"),
    ]
    assert send(service, event("a"), event("c")).duplicates == 2


def test_a_session_without_a_user_is_logged_and_counts_for_the_item(service: Service) -> None:
    row = service.state.catalogue.row_of["i5"]
    before = service.state.taken.values[row]
    taken = send(service, Event(event_id="s", session="tab", item="i5", kind="purchase"))
    assert taken.accepted == 1
    assert service.state.taken.values[row] == before + 1


@pytest.mark.parametrize("clock", ["time", "order"])
def test_a_start_from_snapshot_and_log_equals_the_service_that_was_closed(
    open_service: Open, clock: str
) -> None:
    first = open_service(clock)
    send(first, *(event(f"e{n}", f"u{n % 5}", f"i{n * 7 % 60}") for n in range(40)))
    send(first, *(event(f"n{n}", f"new{n % 3}", f"i{n * 11 % 60}", "purchase") for n in range(9)))
    send(first, *(nobody_s(f"s{n}", f"i{n * 3 % 60}", "purchase") for n in range(50)))
    first.put_item("fresh", ItemRecord(title="Fresh", rx_class="none", stock=3)).result(20)
    first.put_item("i1", ItemRecord(title="Hidden now", hidden=True)).result(20)
    first.put_user("u2", UserRecord(age=77, region="yy")).result(20)
    send(first, event("f", "u4", "fresh"))
    send(first, nobody_s("t", "fresh", "cart"))
    people = ["u0", "u1", "u2", "u4", "new0", "new1", "new2", "u39", None]
    slates = [ids(ask(first, user, n=15)) for user in people]
    first.close()
    again = open_service(clock)
    np.testing.assert_array_equal(again.state.last.values, first.state.last.values)
    np.testing.assert_array_equal(again.state.length.values, first.state.length.values)
    np.testing.assert_array_equal(again.state.taken.values, first.state.taken.values)
    every = np.arange(len(first.state.catalogue))
    counts = [service.state.store._counts["item"].total(every) for service in (first, again)]
    np.testing.assert_array_equal(*counts)
    assert [ids(ask(again, user, n=15)) for user in people] == slates
    assert again.item("fresh") == first.item("fresh")
    assert again.user("u2").age == 77


@pytest.mark.parametrize("clock", ["time", "order"])
def test_what_a_household_bought_is_counted_alike_after_a_start(
    open_service: Open, clock: str
) -> None:
    first = open_service(clock)
    for user in ("ann", "ben"):
        first.put_user(user, UserRecord(household_id="home", household_size=2)).result(20)
    packs = {"user": "ann", "item": "i7", "kind": "purchase", "quantity": 3.0}
    send(first, Event.model_validate({"event_id": "packs", **packs}))

    def counted(service: Service) -> tuple[list[float], list[float]]:
        state = service.state
        ben, ann = (state.people.row(name) for name in ("ben", "ann"))
        now = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1e6)
        household = state.ledger.bought([ben], [now]).quantity.tolist()
        return household, state.store.requests([ann], now).history.packs.tolist()

    assert counted(first) == ([3.0], [3.0])
    first.close()
    again = open_service(clock)
    assert counted(again) == ([3.0], [3.0])
    assert again.state.people.household(again.state.people.row("ann")) == 2


def test_what_was_shown_is_logged_with_its_place(service: Service, tmp_path: Path) -> None:
    reply = ask(service, n=7, surface="cart", session="tab 1")
    service.close()
    with_log = service._log.read()
    rows = with_log.execute(
        "SELECT item_id, position, surface, session, request, kind FROM events"
        " JOIN items ON items.number = events.item ORDER BY position"
    ).fetchall()
    with_log.close()
    assert rows == [(n, p, 2, "tab 1", reply.request_id, 0) for p, n in enumerate(ids(reply))]


def test_a_hidden_item_is_gone_from_the_next_reply(service: Service) -> None:
    first = ids(ask(service, n=10))[0]
    record = service.item(first).model_dump(exclude={"item_id"})
    service.put_item(first, ItemRecord(**{**record, "hidden": True})).result(20)
    for user in ("u1", "u2", None, "nobody"):
        assert first not in ids(ask(service, user, n=60))
    service.put_item(first, ItemRecord(**record)).result(20)
    assert first in ids(ask(service, n=10))


def test_a_deleted_item_is_gone_for_good(open_service: Open) -> None:
    service = open_service()
    first = ids(ask(service, n=10))[0]
    service.delete_item(first).result(20)
    for _ in range(2):
        assert first not in ids(ask(service, n=60))
        with pytest.raises(NotFound):
            service.item(first)
        with pytest.raises(Gone):
            service.put_item(first, ItemRecord(title="back?")).result(20)
        service.close()
        service = open_service()


def test_a_new_item_can_be_shown_at_once(service: Service) -> None:
    record = ItemRecord(
        title="New",
        brand="only one",
        rx_class="none",
        stock=1,
        hidden=False,
        regions=["*"],
        min_age=0,
    )
    service.put_item("new", record).result(20)
    reply = ask(service, filters=SlateFilter(brand=["only one"]))
    assert ids(reply) == ["new"]
    similar = service.similar("new", 5, "detail")
    assert len(similar.items) == 5


def test_filters_of_a_request_hold_and_the_slate_is_still_full(service: Service) -> None:
    state = service.state
    reply = ask(
        service,
        n=5,
        filters=SlateFilter(category=["shelf 2"], price_min=10, price_max=60, exclude=["i12"]),
    )
    assert len(ids(reply)) == 5
    for item in reply.items:
        assert state.catalogue.record(state.catalogue.row_of[item.id])["category"][1] == "shelf 2"
        assert 10 <= (item.price or 0) <= 60
        assert item.id != "i12"
    assert ask(service, filters=SlateFilter(category=["no such shelf"])).items == []


def test_similar_items_leave_out_the_item_itself(service: Service) -> None:
    reply = service.similar("i20", 6, "detail")
    assert len(ids(reply)) == 6
    assert "i20" not in ids(reply)
    assert any("Item 20" in item.reason for item in reply.items)
    with pytest.raises(NotFound):
        service.similar("no such item", 6, "detail")


@pytest.mark.parametrize("channel", ["item_graph", "popular"])
def test_a_broken_channel_is_named_and_the_slate_is_full(service: Service, channel: str) -> None:
    runner = service.recommender.pipeline.recall
    channels = [
        Channel(c.name, Broken(), c.quota) if c.name == channel else c for c in runner.channels
    ]
    with_pipeline(service, recall=ChannelRunner(channels, runner.executor))
    reply = ask(service, n=5)
    assert reply.degraded == [f"recall:{channel}"]
    assert len(ids(reply)) == 5


@pytest.mark.parametrize(
    "part, degraded",
    [
        ({"ranker": Broken()}, "rank"),
        ({"assembler": Broken()}, "rank"),
        ({"fuser": Broken()}, "fusion"),
        ({"rerankers": (("mmr", Broken()),)}, "rerank:mmr"),
        ({"recall": Broken()}, "pipeline"),
    ],
)
def test_a_broken_stage_is_named_and_the_slate_is_full(
    service: Service, part: dict[str, Any], degraded: str
) -> None:
    with_pipeline(service, **part)
    reply = ask(service, n=5)
    assert degraded in reply.degraded
    assert len(ids(reply)) == 5
    assert not set(ids(ask(service, n=60))) & NEVER_SHOWN


def test_a_broken_store_is_named_and_the_slate_is_full(service: Service) -> None:
    state = replace(service.state, store=Broken())
    service.recommender = replace(service.recommender, state=state)
    reply = ask(service, n=5, recent=["i3"])
    assert "store" in reply.degraded
    assert len(ids(reply)) == 5
    assert send(service, event("kept")).accepted == 1


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_broken_rule_shows_nothing_that_it_guards(service: Service, place: int) -> None:
    rules = list(service.recommender.pipeline.filters)
    rules[place] = Broken()
    with_pipeline(
        service,
        filters=tuple(rules),
        recall=Broken() if place == 1 else service.recommender.pipeline.recall,
    )
    for user in ("u1", None):
        reply = ask(service, user)
        assert reply.items == []
        assert "eligibility:stock" in reply.degraded


def test_when_all_fails_the_answer_is_empty_and_says_so(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pipeline, "run", Broken._fail)
    reply = ask(service)
    assert reply.items == []
    assert reply.degraded == ["pipeline", "fallback"]


def test_a_deleted_user_leaves_nothing(open_service: Open, tmp_path: Path) -> None:
    service = open_service()
    send(service, *(event(f"u1-secret:{n}", "u1", f"i{n}") for n in range(20)))
    send(service, *(event(f"who-{n}", "someone-else", f"i{n}") for n in range(20)))
    service.put_user("u1", UserRecord(region="u1-secret-place")).result(20)
    service.close()  # leaves a snapshot that holds them
    service = open_service()
    before = ask(service, "u1")
    service.forget_user("u1").result(20)

    files = [path for path in (tmp_path / "time").rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    assert b"u1-secret" not in content
    assert before.request_id.encode() not in content  # impressions too
    assert b"who-" in content
    (snapshot,) = (path for path in files if path.suffix == ".parquet")
    assert len(set(pq.read_table(snapshot).column("user").to_pylist())) == 1

    for _ in range(2):
        with pytest.raises(NotFound):
            service.user("u1")
        assert ids(ask(service, "u1", n=9)) == ids(ask(service, "nobody", n=9))
        assert "deleted" in send(service, event("late", "u1")).errors[0].detail
        service.close()
        service = open_service()
    service.put_user("u1", UserRecord()).result(20)
    assert send(service, event("anew", "u1")).accepted == 1


@pytest.mark.parametrize("who", ["zed", "last"])
def test_an_erasure_that_was_killed_halfway_hinders_no_start_and_completes_when_asked_again(
    open_service: Open, tmp_path: Path, who: str
) -> None:
    service = open_service()
    send(service, event("a", "zed"), event("b", "last"), event("c", "u1"))
    service._save_snapshot()
    (number,) = service._log.read().execute("SELECT number FROM users WHERE user_id = ?", (who,))
    service._log.write(lambda log: tables.forget_user(log, who)).result(20)
    service._log.close()  # killed after the commit, before the snapshot was told

    again = open_service()
    assert again.state.people.row(who) < 0
    again.forget_user(who).result(20)
    (snapshot,) = (tmp_path / "time").rglob("*.parquet")
    assert number[0] not in pq.read_table(snapshot).column("user").to_pylist()


def test_a_slate_can_be_drawn_again_from_its_request_id(service: Service) -> None:
    asked = RecommendRequest(user="u3", n=20)
    first = service.recommender.answer(asked, "an id", 5).reply
    assert service.recommender.answer(asked, "an id", 5).reply == first
