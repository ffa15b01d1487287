"""What items' copy claims: legal classes, what is banned, and how it follows the catalogue."""

from collections.abc import Callable
from typing import Any

import pytest
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.features.item_claims import CLASSES, ItemClaims
from galen.features.item_facts import ItemFacts
from galen.knowledge.build import built_in
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.labels.likely_contents import LikelyContents
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords

Shelf = Callable[..., ItemClaims]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return built_in()


@pytest.fixture(scope="module")
def shelf(graph: Graph) -> Shelf:
    reader, namer = IngredientReader.of(graph), ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)

    def make(*records: dict[str, Any]) -> ItemClaims:
        rows = [{"item_id": f"i{n}", **record} for n, record in enumerate(records)]
        catalogue = Catalogue(items_table(rows))
        return ItemClaims(catalogue, ItemFacts(catalogue, reader, namer), graph)

    return make


MEDICINE = {"title": "Paracetamol tablets", "ingredients": ["paracetamol"], "rx_class": "otc"}


def rules(claims: ItemClaims) -> list[tuple[str, str]]:
    return [(breach.item, breach.rule) for breach in claims.breaches]


def test_a_medicine_may_name_what_its_ingredients_are_for_and_nothing_else(shelf: Shelf) -> None:
    claims = shelf(
        {**MEDICINE, "description": "Relieves headache."},
        {**MEDICINE, "description": "Relieves athlete's foot."},
    )
    assert rules(claims) == [("i1", "not_in_leaflet")]
    assert claims.banned.tolist() == [False, True]


def test_the_same_words_are_judged_by_the_class_of_the_product(shelf: Shelf) -> None:
    said = {"title": "Drops", "description": "Against the common cold.", "rx_class": "none"}
    claims = shelf(
        {**said, "category": ["supplements", "vitamins"]},
        {**said, "category": ["medical devices"]},
    )
    classes = [CLASSES[code] for code in claims.product_class]
    assert classes == ["supplement", "device"]
    assert {item for item, _ in rules(claims)} == {"i0"}


def test_what_a_title_lets_guess_lets_nothing_be_claimed(shelf: Shelf, graph: Graph) -> None:
    told = {"title": "Tablets", "ingredients": ["paracetamol", "see leaflet"], "rx_class": "otc"}
    claims = shelf(told, {**told, "title": "Loratadine tablets"})
    reader, namer = IngredientReader.of(graph), ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
    guesser = LikelyContents.of(graph, reader.told)
    facts = ItemFacts(claims.catalogue, reader, namer, guesser)
    assert graph.row_of["ingredient:loratadine"] in facts.columns.concept[1]
    assert ItemClaims(claims.catalogue, facts, graph).facts(1) == claims.facts(0) != frozenset()


def test_a_breach_shows_the_stretch_of_the_text_and_its_source(shelf: Shelf) -> None:
    text = "Nice taste. 100% effective!"
    (breach,) = shelf({"title": "Tea", "description": text, "rx_class": "none"}).breaches
    assert breach.field == "description"
    assert text[breach.start : breach.end] == breach.text
    assert "100%" in breach.text
    assert breach.citation


def test_what_is_said_of_an_item_follows_the_catalogue(shelf: Shelf) -> None:
    claims = shelf(MEDICINE, {"title": "Tea", "rx_class": "none"})
    assert claims.breaches == []
    record = {"item_id": "i1", "title": "Miracle tea", "rx_class": "none"}
    claims.catalogue.upsert(record)
    assert rules(claims) == [("i1", "cure")]
    claims.catalogue.upsert({**record, "item_id": "new"})
    assert claims.banned.tolist() == [False, True, True]
    claims.catalogue.upsert({**record, "title": "Tea"})
    assert rules(claims) == [("new", "cure")]


def test_a_text_is_checked_once_for_a_class(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = shelf(MEDICINE, {**MEDICINE, "title": "Paracetamol tablets 2"})
    assert claims.of_text("Popular in this shop", 0) == []
    monkeypatch.setattr(claims, "check", None)  # any further check would fail
    assert claims.of_text("Popular in this shop", 1) == []


def test_what_is_remembered_of_texts_has_a_bound(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("galen.features.item_claims.ASKED", 3)
    claims = shelf(MEDICINE, {"title": "Tea", "rx_class": "none"})
    assert claims.breaches == []
    kept = len(claims.verdicts)
    for number in range(20):
        assert claims.of_text(f"Often chosen together with {number}", 0) == []
        claims.catalogue.upsert({"item_id": "i1", "title": f"Tea {number}", "rx_class": "none"})
        assert claims.breaches == []
    assert len(claims.verdicts) == kept
    monkeypatch.setattr(claims, "check", None)  # any further check would fail
    assert claims.of_text("Often chosen together with 19", 0) == []
    with pytest.raises(AttributeError):
        claims.of_text("Often chosen together with 0", 0)


def test_verdicts_of_texts_that_are_gone_are_not_kept(shelf: Shelf) -> None:
    claims = shelf({"title": "Tea", "rx_class": "none"})
    claims.verdicts = {"of a text that is gone": []}
    assert claims.breaches == []
    assert len(claims.verdicts) == 1
    assert "of a text that is gone" not in claims.verdicts
