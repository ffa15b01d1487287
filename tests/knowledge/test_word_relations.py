import numpy as np
import pytest
from scipy import sparse

from galen.knowledge.build import built_in
from galen.knowledge.schema import ConceptKind
from galen.knowledge.word_relations import WordRelations

WORDS = [
    "codeine cough drops",
    "rubbing alcohol",
    "saline nasal spray",
    "paper tissues",
    "decongestant nasal spray",
    "blood pressure monitor",
    "cold relief sachets",
    "something of the shop",
]


@pytest.fixture(scope="module")
def graph():
    return built_in()


def related(graph, holds=None):
    rows = {graph.names[row]: row for row in graph.of_kind(ConceptKind.PRODUCT_WORD).tolist()}
    concept = np.array([rows.get(word, -1) for word in WORDS])
    nothing = sparse.csr_array((len(WORDS), len(graph)))
    return WordRelations.of(graph, concept, nothing if holds is None else holds)


def at(table, one, other):
    return bool(table[[WORDS.index(one)], :][:, [WORDS.index(other)]].toarray()[0, 0])


def told(found, graph, one, other):
    return found.told(graph, WORDS.index(one), WORDS.index(other))


def test_complements_and_substitutes_are_those_of_the_graph_either_way(graph):
    found = related(graph)
    assert at(found.complement, "saline nasal spray", "paper tissues")
    assert at(found.complement, "paper tissues", "saline nasal spray")
    assert at(found.substitute, "saline nasal spray", "decongestant nasal spray")
    assert not at(found.complement, "saline nasal spray", "rubbing alcohol")


def test_words_whose_contents_are_hazardous_together_are_unsafe_either_way(graph):
    found = related(graph)
    drops, alcohol = WORDS[:2]
    assert told(found, graph, drops, alcohol) == "opioid hazardous_with ethanol"
    assert told(found, graph, alcohol, drops) == "opioid hazardous_with ethanol"
    assert told(found, graph, drops, "paper tissues") is None


def test_goods_for_people_for_whom_others_are_contraindicated_are_kept_apart(graph):
    found = related(graph)
    why = told(found, graph, "cold relief sachets", "blood pressure monitor")
    assert why == "systemic decongestant contraindicated_for hypertension"


def test_a_word_of_the_shop_is_unsafe_by_what_its_items_hold(graph):
    codeine = graph.names.index("codeine")
    places = (np.array([1.0]), (np.array([len(WORDS) - 1]), np.array([codeine])))
    holds = sparse.csr_array(places, (len(WORDS), len(graph)))
    assert told(related(graph), graph, WORDS[-1], "rubbing alcohol") is None
    why = told(related(graph, holds), graph, WORDS[-1], "rubbing alcohol")
    assert why == "opioid hazardous_with ethanol"
