"""The benchmarks of eligibility run, and see what is forbidden where the gate is off."""

import json

import numpy as np
import structlog

from benchmarks import eligibility, eligibility_cost
from benchmarks.health_world import (
    Words,
    catalogue_of,
    draw_pack,
    draw_people,
    draw_shelf,
    requests_of,
)
from galen.data.schema import Surface
from galen.eligibility.gate import Gate
from galen.eligibility.premises import WARN
from galen.features.item_facts import ItemFacts
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords
from galen.pipeline.candidates import Candidates


def test_nothing_forbidden_is_shown_with_the_gate_and_much_without(tmp_path, monkeypatch):
    monkeypatch.setattr(eligibility, "PEOPLE", 60)
    try:
        eligibility.main(["--requests", "420", "--json", str(tmp_path / "rows.json")])
    finally:
        structlog.reset_defaults()
    on, off = json.loads((tmp_path / "rows.json").read_text())
    assert (on["model"], off["model"]) == ("gate on", "gate off")
    assert on["metrics"]["requests"] == 420
    assert on["metrics"]["shown"] > 1000
    assert on["metrics"]["forbidden_exposures"] == 0
    assert off["metrics"]["forbidden_exposures"] > 100


def test_the_cost_of_the_rules_is_told(tmp_path):
    file = tmp_path / "rows.json"
    few = ["--items", "400", "--candidates", "100", "--calls", "20", "--json", str(file)]
    eligibility_cost.main(few)
    (row,) = json.loads(file.read_text())
    assert 0 < row["metrics"]["cpu_p50_ms"] < row["metrics"]["cpu_p99_ms"]


def test_an_oracle_that_is_asked_about_a_forbidden_slate_says_so():
    graph = eligibility.built_in()
    shelf = [
        eligibility.Goods(("ingredient:warfarin",), (5.0,), "otc", True, (), True, "a"),
        eligibility.Goods(("ingredient:aspirin",), (500.0,), "otc", True, (), True, "b"),
    ]
    oracle = eligibility.Oracle(graph, eligibility_cost.read_pack("general"), shelf)
    person = eligibility.Person(Surface.HOME, 40.0)
    assert ("interaction", 1) in oracle.forbidden(person, [0, 1])
    assert oracle.forbidden(person, [0]) == []


def test_only_families_that_have_notices_ever_warn():
    """The reply asks the others for no notice, so a warning of theirs would be lost."""
    random, graph = np.random.default_rng(0), eligibility.built_in()
    words = Words.of(graph, IngredientReader.of(graph))
    catalogue = catalogue_of(draw_shelf(words, 300, random), words)
    kinds = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
    facts = ItemFacts(catalogue, words.reader, kinds)
    people = draw_people(words, 300, 200, random)
    requests = requests_of(people, graph)
    rows = Candidates(np.repeat(np.arange(200), 300), np.tile(np.arange(300), 200))
    warned = set()
    for _ in range(8):
        gate = Gate.of(catalogue, facts, graph, draw_pack(random))
        for family in gate.families:
            if (family.actions(requests, rows) == WARN).any():
                warned.add(family.rule)
    assert warned == {family.rule for family in gate.warning}
