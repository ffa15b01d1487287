"""The knowledge that galen ships: it is whole, and says what a pharmacist would look for first."""

import time

import pytest

from galen.data.synthetic.words import WORDS
from galen.knowledge.build import built_in
from galen.knowledge.joining import join
from galen.knowledge.schema import ConceptKind, Relation
from galen.knowledge.sources import shipped_sources


@pytest.fixture(scope="module")
def graph():
    return built_in()


def test_what_galen_ships_has_no_problem():
    assert join(shipped_sources()).problems == ()


def test_the_same_sources_give_the_same_version(graph):
    started = time.process_time()
    assert built_in().version == graph.version
    assert time.process_time() - started < 2


def test_all_words_and_ingredients_of_the_synthetic_shop_are_known(graph):
    for word in WORDS:
        assert f"product_word:{word.noun.lower()}" in graph.row_of
        for ingredient in word.ingredients:
            assert f"ingredient:{ingredient}" in graph.row_of


def severity(graph, relation, head, tail):
    """The worst that is said of two concepts or of what they are kinds of."""
    edges = graph.edges(relation)
    heads = graph.wider[graph.row_of[head]].indices
    tails = graph.wider[graph.row_of[tail]].indices
    found = [
        s
        for h, t, s in zip(edges.head, edges.tail, edges.severity, strict=True)
        if h in heads and t in tails
    ]
    return max(found, default=0)


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("ingredient:ibuprofen", "ingredient:warfarin", 3),
        ("ingredient:pseudoephedrine", "ingredient:phenelzine", 4),
        ("ingredient:sildenafil", "ingredient:glyceryl trinitrate", 4),
        ("ingredient:simvastatin", "ingredient:clarithromycin", 4),
        ("ingredient:st john's wort", "ingredient:sertraline", 3),
        ("ingredient:codeine", "ingredient:diazepam", 4),
        ("ingredient:dextromethorphan", "ingredient:moclobemide", 4),
        ("ingredient:aspirin", "ingredient:dabigatran etexilate", 3),
    ],
)
def test_severe_interactions_are_known(graph, one, other, least):
    assert severity(graph, Relation.INTERACTS_WITH, one, other) >= least


@pytest.mark.parametrize(
    ("medicine", "person", "least"),
    [
        ("ingredient:ibuprofen", "population:pregnancy", 3),
        ("ingredient:aspirin", "population:children under 12", 4),
        ("ingredient:codeine", "population:infants", 4),
        ("ingredient:pseudoephedrine", "condition:hypertension", 4),
        ("ingredient:diphenhydramine", "condition:angle-closure glaucoma", 4),
        ("ingredient:naproxen", "condition:peptic ulcer", 4),
        ("ingredient:isotretinoin", "population:pregnancy", 4),
    ],
)
def test_severe_contraindications_are_known(graph, medicine, person, least):
    assert severity(graph, Relation.CONTRAINDICATED_FOR, medicine, person) >= least


def test_names_in_three_languages_lead_to_one_ingredient(graph):
    rows = {row["concept_id"]: row for row in graph.concepts.to_pylist()}
    paracetamol = rows["ingredient:paracetamol"]
    assert {"Acetaminophen", "对乙酰氨基酚", "アセトアミノフェン"} <= set(paracetamol["synonyms"])
    assert "drugbank:DB00316" in paracetamol["codes"]


def test_every_product_word_is_used_for_something(graph):
    told = {
        row
        for relation in (Relation.INDICATES, Relation.TREATS_SYMPTOM, Relation.COMPLEMENTS)
        for row in graph.edges(relation).head.tolist()
    }
    words = {graph.row_of[f"product_word:{word.noun.lower()}"] for word in WORDS}
    unused = {graph.names[row] for row in words - told}
    doctors = {"codeine cough drops", "strong pain tablets"}  # only a doctor says for what
    assert unused == {*doctors, "omega-3 capsules"}  # no use of it is well shown
    assert set(graph.of_kind(ConceptKind.PRODUCT_WORD).tolist()) >= words
