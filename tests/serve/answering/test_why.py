"""An operator is told what an answer does."""

from typing import Any

import pytest

from galen.eligibility.rules.interaction import Interacting
from galen.eligibility.rules.stock import InStock
from galen.serve.messages import RecommendRequest, SlateFilter
from galen.serve.service import Service


def broken(*_: Any) -> Any:
    raise RuntimeError("broken by the test")


def shown(service: Service, asked: RecommendRequest) -> list[str]:
    return [item.id for item in service.recommend(asked).items]


def test_each_item_of_a_slate_is_explained_with_its_place_also_where_popular_ones_fill_it(
    service: Service,
) -> None:
    asked = RecommendRequest(user="u1", n=70)
    slate = shown(service, asked)
    told = [service.explain_item(asked, item) for item in slate]
    assert [one.place for one in told] == list(range(1, len(slate) + 1))
    assert all(one.shown for one in told)
    assert any("the fallback" in one.because for one in told)


def test_what_the_request_excludes_is_told_to_be_excluded(service: Service) -> None:
    first = shown(service, RecommendRequest(user="u1", n=5))[0]
    asked = RecommendRequest(user="u1", n=5, filters=SlateFilter(exclude=[first]))
    told = service.explain_item(asked, first)
    assert (told.shown, told.place) == (False, None)
    assert "not what the request asked for" in told.because


def test_where_words_of_danger_close_the_slate_that_is_told(service: Service) -> None:
    first = shown(service, RecommendRequest(user="u1", n=5))[0]
    query = "crushing chest pain and short of breath"
    told = service.explain_item(RecommendRequest(user="u1", n=5, query=query), first)
    assert (told.shown, told.place) == (False, None)
    assert "danger" in told.because


@pytest.mark.parametrize(
    ("owner", "name", "rule"),
    [(InStock, "keep", "stock"), (Interacting, "actions", "interaction")],
)
def test_a_rule_that_cannot_be_asked_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, rule: str
) -> None:
    monkeypatch.setattr(owner, name, broken)
    told = service.explain_item(RecommendRequest(user="u1"), "i5")
    assert not told.shown
    assert f"{rule}: it could not be asked" in told.because


def test_a_rule_that_cannot_tell_its_findings_is_told_among_them(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Interacting, "findings", broken)
    told = service.explain_item(RecommendRequest(user="u1"), "i5")
    assert [(one.rule, one.action) for one in told.findings] == [("interaction", "drop")]


def test_where_nothing_can_be_answered_that_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = service.recommender.guard
    monkeypatch.setattr(type(guard.declarations), "of", broken)
    told = service.explain_item(RecommendRequest(user="u1"), "i5")
    assert "nothing is shown" in told.because
