"""openFDA's drug labels: what a small sample in its form comes to say."""

import json

import pytest

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.loading.loaded import SourceDraft
from galen.knowledge.loading.openfda import Names, load_openfda
from galen.knowledge.schema import ConceptKind

LABELS = [
    {
        "set_id": "a1",
        "effective_time": "20250131",
        "active_ingredient": ["Active ingredient (in each tablet) Ibuprofen 200 mg (NSAID)"],
        "indications_and_usage": ["Uses: temporarily relieves headache and pain of gout"],
        "do_not_use": ["Do not use right before or after heart surgery; with a stomach ulcer"],
        "ask_doctor": ["Ask a doctor before use if you have high blood pressure"],
        "warnings": ["May cause headache. If pregnant, ask a health professional."],
    },
    {
        "set_id": "a2",
        "openfda": {"substance_name": ["DIPHENHYDRAMINE HYDROCHLORIDE"], "unii": ["TC2D6JAD40"]},
        "contraindications": ["Asthma."],
        "effective_time": "no day",
    },
    {"openfda": {"substance_name": ["ACETAMINOPHEN", "CODEINE"]}},
    {"indications_and_usage": ["for headache"]},
]


@pytest.fixture
def names():
    draft = SourceDraft("seed", "seed", "own")
    for kind, name, synonyms in [
        (ConceptKind.SYMPTOM, "headache", []),
        (ConceptKind.CONDITION, "gout", []),
        (ConceptKind.CONDITION, "peptic ulcer", ["stomach ulcer"]),
        (ConceptKind.CONDITION, "hypertension", ["high blood pressure"]),
        (ConceptKind.CONDITION, "asthma", []),
        (ConceptKind.POPULATION, "pregnancy", ["pregnant"]),
        (ConceptKind.INGREDIENT, "diphenhydramine", []),
    ]:
        draft.concept(kind, name, 1, synonyms=synonyms)
    return Names.of([draft.done(1)])


def test_a_label_says_for_whom_and_not_for_whom(tmp_path, names):
    file = tmp_path / "labels.json"
    file.write_text(json.dumps({"meta": {}, "results": LABELS}))
    loaded = load_openfda(file, names)
    ids = loaded.concepts["concept_id"].to_pylist()
    told = [
        (ids[said["head"]], said["relation"], ids[said["tail"]], said["severity"])
        for said in loaded.relations.to_pylist()
    ]
    diphenhydramine = "ingredient:diphenhydramine hydrochloride"
    assert told == [
        ("ingredient:ibuprofen", "treats_symptom", "symptom:headache", None),
        ("ingredient:ibuprofen", "indicates", "condition:gout", None),
        ("ingredient:ibuprofen", "contraindicated_for", "condition:peptic ulcer", 4),
        ("ingredient:ibuprofen", "contraindicated_for", "condition:hypertension", 3),
        ("ingredient:ibuprofen", "contraindicated_for", "population:pregnancy", 2),
        (diphenhydramine, "same_ingredient", "ingredient:diphenhydramine", None),
        (diphenhydramine, "contraindicated_for", "condition:asthma", 4),
    ]
    assert loaded.aside == {"several active ingredients": 1, "no active ingredient": 1}
    dates = loaded.relations["date"].to_pylist()
    assert str(dates[0]) == "2025-01-31"
    assert dates[-1] is None


@pytest.mark.parametrize("text", ['{"results": [', '{"meta": {}}', '{"results": {}}', "[]"])
def test_a_file_that_is_not_in_openfdas_form_is_refused(tmp_path, names, text):
    file = tmp_path / "labels.json"
    file.write_text(text)
    with pytest.raises(KnowledgeError, match=r"labels\.json"):
        load_openfda(file, names)
