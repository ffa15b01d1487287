"""No reason leaves that says what may not be said of its product; copy that does is told of."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from galen.eligibility.guard import Guard
from galen.knowledge.build import built_in
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import read_pack
from galen.pipeline.candidates import Requests
from galen.pipeline.channels import Channel
from galen.pipeline.stages import Retriever
from galen.serve.answering import reasons
from galen.serve.copy_check import FILE, check_copy
from galen.serve.messages import Recommendation, RecommendRequest
from galen.serve.records import ItemRecord
from galen.serve.service import Service

SAFE: dict[str, Any] = {"stock": 10, "hidden": False, "regions": ["*"], "min_age": 0}


class Saying:
    """A channel that says one thing of all that it proposes."""

    def __init__(self, inner: Retriever, words: str) -> None:
        self.retrieve, self.save, self.words = inner.retrieve, inner.save, words

    def why(self, requests: Requests, request: int) -> Callable[[int], str]:
        return lambda item: self.words


def let_say(service: Service, words: str) -> None:
    """Every channel gives these words as its reason."""
    recall = service.recommender.pipeline.recall
    channels = tuple(
        Channel(c.name, Saying(c.retriever, words), c.quota, c.deadline) for c in recall.channels
    )
    pipeline = replace(service.recommender.pipeline, recall=replace(recall, channels=channels))
    service.recommender = replace(service.recommender, pipeline=pipeline)


def put(service: Service, item: str, **record: Any) -> None:
    service.put_item(item, ItemRecord(**{"title": item, **SAFE, **record})).result(timeout=20)


def said(reply: Recommendation, item: str) -> str:
    return next(shown.reason for shown in reply.items if shown.id == item)


def left_out(service: Service) -> float:
    lines = service.measures.exposition().decode().splitlines()
    return float(next(x for x in lines if x.startswith("galen_reasons_left_out_total")).split()[1])


def ask(service: Service) -> Recommendation:
    return service.recommend(RecommendRequest(user="u1", n=70))


def test_a_reason_may_name_what_a_medicine_is_for_and_nothing_else(service: Service) -> None:
    put(service, "i0", ingredients=["paracetamol 500 mg"], rx_class="otc")
    put(service, "i1", ingredients=["clotrimazole 1 %"], rx_class="otc")
    put(service, "i2", category=["supplements"], rx_class="none")
    let_say(service, "relieves headache")
    reply = ask(service)
    assert said(reply, "i0") == "relieves headache"
    assert said(reply, "i1") in {*reasons.SENTENCES.values(), reasons.OTHERWISE}
    assert said(reply, "i2") in {*reasons.SENTENCES.values(), reasons.OTHERWISE}
    assert left_out(service) >= 2


def test_a_reason_that_holds_a_title_is_checked_with_the_title(service: Service) -> None:
    put(service, "i0", title="Miracle cure", rx_class="none")
    reply = service.similar("i0", 20, "detail")
    assert reply.items
    assert not any("Miracle" in item.reason for item in reply.items)
    assert left_out(service) > 0


def test_a_reason_that_cannot_be_checked_is_not_said(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_say(service, "entirely harmless words")
    monkeypatch.setattr(service.recommender.guard.claims, "check", None)
    reply = ask(service)
    assert reply.items
    assert {item.reason for item in reply.items} == {reasons.OTHERWISE}


@pytest.mark.parametrize("sentence", [*reasons.SENTENCES.values(), reasons.OTHERWISE])
def test_galen_s_own_sentences_may_be_said_of_everything(service: Service, sentence: str) -> None:
    claims = service.recommender.guard.claims
    put(service, "i0", rx_class="prescription")
    put(service, "i1", rx_class="otc")
    put(service, "i2", rx_class="none", category=["infant formula"])
    put(service, "i3", rx_class="none", category=["cosmetics"])
    put(service, "i4", rx_class="none", category=["devices"])
    for row in range(6):
        assert claims.of_text(sentence, row) == []


def test_copy_that_breaks_a_rule_is_told_at_the_start_and_checked_once(
    service: Service, tmp_path: Path
) -> None:
    put(service, "i0", title="Miracle cure", rx_class="none")
    claims = service.recommender.guard.claims
    with capture_logs() as told:
        assert check_copy(claims, tmp_path)["cure"] == 1
    assert told[0]["first"] == ["i0"]
    kept = msgspec.msgpack.decode((tmp_path / FILE).read_bytes())
    assert len(kept["verdicts"]) > 70
    fresh = Guard.of(service.state.catalogue).claims
    fresh.check = None  # type: ignore[assignment]  # any further check would fail
    assert check_copy(fresh, tmp_path)["cure"] == 1


def test_verdicts_that_were_cut_short_are_made_anew(service: Service, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\x82\xa5rules")
    put(service, "i0", title="Miracle cure", rx_class="none")
    assert check_copy(service.recommender.guard.claims, tmp_path)["cure"] == 1


@pytest.mark.parametrize(("setting", "shown"), [("tell", True), ("hide", False)])
def test_a_pack_says_whether_an_item_that_claims_too_much_is_hidden(
    open_service: Callable[..., Service], setting: Any, shown: bool
) -> None:
    service = open_service()
    graph = built_in()
    pack = msgspec.structs.replace(read_pack("general"), claims=setting)
    guard = Guard.over(service.state.catalogue, graph, IngredientReader.of(graph), pack)
    service.recommender = replace(service.recommender, guard=guard)
    put(service, "i0", title="Plain cream", rx_class="none")
    assert "i0" in {item.id for item in ask(service).items}
    put(service, "i0", title="Miracle cure", rx_class="none")
    assert ("i0" in {item.id for item in ask(service).items}) == shown
    findings = service.explain_item(RecommendRequest(user="u1", n=70), "i0").findings
    assert any(found.rule == "claims:cure" for found in findings) == (not shown)
