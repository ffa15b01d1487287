"""Titles that give orders, and a model that obeys them: no decision of the gate changes."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from eligibility.conftest import SHELF, Pharmacy
from enrich.asked import Answering, graph, items_of
from enrich.running.test_runner import run_once
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.schema import Surface
from galen.eligibility.gate import Gate
from galen.enrich.running.prompt_file import content_of
from galen.features.item_facts import ItemFacts
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import read_pack
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords

TITLES = [
    line.encode().decode("unicode_escape") if "\\u" in line else line
    for line in (Path(__file__).parent / "injected_titles.txt").read_text("utf-8").splitlines()
]
WITHHELD = ["warfarin", "codeine drops", "mystery pills", "of unknown class", "ibuprofen"]
"""Not offered on the home page, not known, or wrong in pregnancy."""


def injected(order):
    return [
        item | ({"title": f"{item['title']} {order}"} if item["item_id"] in WITHHELD else {})
        for item in SHELF
    ]


@pytest.fixture(scope="module")
def reader():
    return IngredientReader.of(graph())


@pytest.fixture(scope="module")
def pharmacy_of(reader):
    pack, namer = read_pack("eu"), ConceptWords.of(graph(), ConceptKind.PRODUCT_WORD)

    def opened(shelf):
        catalogue = Catalogue(items_table(shelf))
        facts = ItemFacts(catalogue, reader, namer)
        return Pharmacy(Gate.of(catalogue, facts, graph(), pack), catalogue)

    return opened


def asked_of(pharmacy):
    return (
        pharmacy.asked(),
        pharmacy.asked(surface=Surface.PUSH, age=9.0),
        pharmacy.asked(states=["population:pregnancy"], age=30.0),
        pharmacy.asked(medicines=["ingredient:warfarin"], age=70.0),
    )


def obedient(prompt):
    """Says whatever a title orders it to."""
    title = content_of(prompt.user)["title"]
    start, end = title.find("{"), title.rfind("}")
    if 0 <= start < end:
        return title[start : end + 1]
    said = {"product_word": "toothpaste", "needs": ["fever"], "population": "infants"}
    said |= {"form": None, "strength": None, "pack": None, "description": title[:240]}
    return json.dumps(said | {"selling_points": [title[:100]], "synonyms": [], "quality": 1.0})


def test_there_are_at_least_fifty_orders():
    assert len(set(TITLES)) == len(TITLES) >= 50


def test_no_order_in_a_title_opens_an_item(pharmacy_of):
    clean = pharmacy_of(SHELF)
    before = [clean.shown(requests) for requests in asked_of(clean)]
    assert not set(WITHHELD) & before[2]
    for order in TITLES:
        pharmacy = pharmacy_of(injected(order))
        for shown, requests in zip(before, asked_of(pharmacy), strict=True):
            assert pharmacy.shown(requests) <= shown, order


def test_what_is_kept_of_an_obedient_model_passes_every_judge(tmp_path):
    shelf = [
        {"item_id": f"sku-{n}", "title": f"Dolor Tablets {order}", "rx_class": "otc"}
        for n, order in enumerate(TITLES)
    ]
    report = run_once(items_of(*shelf), Answering(obedient), tmp_path)
    kept = pq.read_table(tmp_path / "items.parquet").to_pylist()
    assert len(kept) + sum(report.held.values()) == len(TITLES)
    assert not kept, [row["description"] for row in kept]
