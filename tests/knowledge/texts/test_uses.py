"""What goods are for: of themselves, their classes, salts and contents."""

import pytest

from galen.knowledge.build import built_in
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.texts.uses import Uses, facts_of


@pytest.fixture(scope="module")
def graph() -> Graph:
    return built_in()


def test_an_ingredient_is_for_what_the_graph_says_in_every_language(graph: Graph) -> None:
    facts = facts_of(graph, ["ingredient:paracetamol"])
    assert "headache" in facts
    assert "头痛" in facts
    assert "athlete's foot" not in facts


def test_two_ingredients_are_for_what_either_is_for(graph: Graph) -> None:
    one, other = (
        facts_of(graph, [name]) for name in ("ingredient:paracetamol", "ingredient:loratadine")
    )
    both = facts_of(graph, ["ingredient:paracetamol", "ingredient:loratadine"])
    assert both == one | other
    assert one - other
    assert other - one


def test_no_concept_is_for_nothing(graph: Graph) -> None:
    assert Uses.of(graph).facts([-1]) == frozenset()


def test_an_unknown_concept_is_refused(graph: Graph) -> None:
    with pytest.raises(KnowledgeError, match="ingredient:unobtainium"):
        facts_of(graph, ["ingredient:unobtainium"])
