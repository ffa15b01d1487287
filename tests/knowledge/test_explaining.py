"""What is known is said in words, with the path and its sources."""

import pytest

from galen.knowledge.build import built_in
from galen.knowledge.explaining import VERBS, Explainer
from galen.knowledge.graph import KnowledgeError
from galen.knowledge.schema import Relation


@pytest.fixture(scope="module")
def explainer():
    return Explainer(built_in())


def test_the_path_from_a_symptom_to_a_product_word_is_a_sentence(explainer):
    told = explainer.two("blocked nose", "saline nasal spray")
    assert told.paths[0].sentence == "nasal congestion -> saline nasal spray"
    (step,) = told.paths[0].steps
    assert step.sentence == "saline nasal spray relieves nasal congestion"
    assert step.citation == "NHS: common cold; blocked nose"
    assert told.statements == ()


def test_what_speaks_against_two_is_found_through_their_classes(explainer):
    told = explainer.two("布洛芬", "warfarin")
    assert "nsaid interacts with anticoagulant" in [s.sentence for s in told.statements]
    against = {"interacts_with", "contraindicated_for", "hazardous_with"}
    assert {step.relation for path in told.paths for step in path.steps}.isdisjoint(against)


def test_a_contraindication_is_found_with_the_person_first_or_last(explainer):
    forth = explainer.two("ibuprofen", "pregnancy").statements
    back = explainer.two("pregnancy", "ibuprofen").statements
    assert [s.sentence for s in forth] == [s.sentence for s in back]
    assert forth[0].sentence == "nsaid should not be used in pregnancy"
    assert forth[0].severity == "contraindicated"


def test_a_product_word_is_judged_by_what_it_contains(explainer):
    told = explainer.two("cold relief sachets", "high blood pressure")
    assert told.statements[0].sentence == "systemic decongestant should not be used in hypertension"
    assert told.statements[0].severity == "contraindicated"


def test_a_way_over_many_corners_is_no_explanation(explainer):
    assert explainer.two("kakkonto", "hypertension").paths == ()
    assert explainer.two("kakkonto", "hypertension", longest=20).paths != ()


def test_one_concept_is_told_in_any_language(explainer):
    assert explainer.find("アセトアミノフェン") == explainer.find("ingredient:paracetamol")
    told = explainer.one("paracetamol", limit=3)
    assert "paracetamol is a kind of analgesic" in [s.sentence for s in told.statements]
    assert max(sum(s.relation == kind for s in told.statements) for kind in Relation) <= 3


def test_an_unknown_name_is_refused_with_near_ones(explainer):
    with pytest.raises(KnowledgeError, match=r"'ibuprofin' is no concept.*'ibuprofen'"):
        explainer.find("ibuprofin")


def test_every_relation_has_words():
    assert set(VERBS) == set(Relation)
