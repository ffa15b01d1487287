"""What a rule, a notice or a fallback that fails may take from a slate, and what it may not."""

from collections.abc import Callable
from typing import Any

import pytest

from galen.eligibility.rules.unknown import KnownEnough
from galen.serve.messages import Event, EventBatch, Recommendation, RecommendRequest
from galen.serve.records import ItemRecord, UserRecord
from galen.serve.service import Service

SAFE: dict[str, Any] = {"stock": 10, "hidden": False, "regions": ["*"], "min_age": 0}
BLEEDING = "bleeding since this morning"


def ask(service: Service, user: str | None = None, **more: Any) -> Recommendation:
    return service.recommend(RecommendRequest(user=user, **more))


def notices(reply: Recommendation) -> dict[str, list[str]]:
    return {item.id: item.notices for item in reply.items}


@pytest.fixture
def mystery(service: Service) -> Service:
    """Of i1, the first of all slates, nobody knows what it holds."""
    record = ItemRecord(title="Mystery", ingredients=["powder of dragon"], rx_class="otc", **SAFE)
    service.put_item("i1", record).result(timeout=20)
    return service


def failing(call: Callable[..., Any], *, at: Callable[[int], bool]) -> Callable[..., Any]:
    count = 0

    def flaky(*given: Any) -> Any:
        nonlocal count
        count += 1
        if at(count):
            raise RuntimeError("broken by the test")
        return call(*given)

    return flaky


def test_a_rule_that_fails_in_the_fallback_takes_no_notice_from_the_first_slate(
    mystery: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert notices(ask(mystery, n=79))["i1"]
    actions = failing(KnownEnough.actions, at=lambda call: call == 3)  # twice in the first run
    monkeypatch.setattr(KnownEnough, "actions", actions)
    reply = ask(mystery, n=79)
    assert "eligibility:unknown" in reply.degraded
    assert len(reply.items) > 20
    assert notices(reply)["i1"]


def test_a_row_whose_notice_cannot_be_asked_is_not_shown(
    mystery: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = notices(ask(mystery, n=60))
    broken = failing(KnownEnough.notices, at=lambda call: True)
    monkeypatch.setattr(KnownEnough, "notices", broken)
    reply = ask(mystery, n=60)
    assert set(notices(reply)) == set(shown) - {"i1"}
    assert "notices" in reply.degraded


def test_a_fallback_that_fails_leaves_the_slate_that_is_there(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("broken by the test")

    monkeypatch.setattr("galen.serve.answering.choosing.popular_pipeline", broken)
    reply = ask(service, "u1", n=79)
    assert len(reply.items) > 20
    assert reply.degraded == ["fallback"]


@pytest.mark.parametrize(
    ("asked", "record"),
    [
        ({"conditions": ["pregnancy"]}, {}),
        ({"conditions": [" Pregnancy "]}, {}),
        ({}, {"conditions": ["pregnancy"]}),
        ({}, {"life_stage": "pregnancy"}),
        ({"conditions": ["怀孕"]}, {}),
        ({}, {"conditions": ["孕妇"]}),
        ({}, {"life_stage": "expecting a baby"}),
        ({"mode": "non_personalised"}, {"conditions": ["pregnancy"]}),
    ],
)
def test_words_of_danger_in_pregnancy_count_wherever_the_pregnancy_is_known_from(
    service: Service, asked: dict[str, Any], record: dict[str, Any]
) -> None:
    service.put_user("p", UserRecord(age=30, **record)).result(timeout=20)
    reply = ask(service, "p", query=BLEEDING, **asked)
    assert (len(reply.items), len(reply.cards)) == (0, 1)
    assert ask(service, "u1", query=BLEEDING).items


@pytest.mark.parametrize("mode", ["personalised", "non_personalised"])
def test_words_of_danger_in_a_young_baby_count_wherever_the_age_is_known_from(
    service: Service, mode: str
) -> None:
    for name, age in (("baby", 0), ("grown", 30)):
        service.put_user(name, UserRecord(age=age)).result(timeout=20)
    for young, old in (({"user": "baby"}, {"user": "grown"}), ({"age": 0}, {"age": 30})):
        reply = ask(service, query="fever", mode=mode, **young)
        assert (len(reply.items), len(reply.cards)) == (0, 1)
        assert ask(service, query="fever", mode=mode, **old).items
    assert ask(service, query="fever", mode=mode).items


def test_where_others_look_on_help_lines_do_not_tell_what_was_bought(service: Service) -> None:
    service.put_item("i0", ItemRecord(title="Bleach", rx_class="none", **SAFE)).result(timeout=20)
    event = Event(event_id="b", user="u2", item="i0", kind="purchase")
    service.ingest(EventBatch(events=[event])).result(timeout=20)
    assert ask(service, "u2").cards
    assert ask(service, "u2", discreet=True).cards == []
    assert ask(service, "u3", discreet=True, cart=["i0"]).cards
