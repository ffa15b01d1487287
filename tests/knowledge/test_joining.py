"""Joining of sources: the same thing is one concept, and no more than the same thing."""

from galen.knowledge.joining import join
from galen.knowledge.loading.loaded import SourceDraft
from galen.knowledge.schema import ConceptKind, Relation

DRUG = ConceptKind.INGREDIENT


def source(name, *drugs, adds=True):
    draft = SourceDraft(name, f"{name}.parquet", "CC0-1.0")
    for at, (drug, synonyms, codes) in enumerate(drugs, 1):
        draft.concept(DRUG, drug, at, key=f"{drug}{at}", synonyms=synonyms, codes=codes)
    return draft.done(len(drugs), adds)


def test_a_drug_known_by_code_and_by_name_is_one_concept_with_all_codes():
    bank = source("bank", ("Acetaminophen", ["Paracetamol"], ["drugbank:DB00316"]))
    norm = source("norm", ("paracetamol", [], ["rxcui:161"]))
    pairs = source("pairs", ("APAP", [], ["drugbank:DB00316"]))
    (drug,) = join([bank, norm, pairs]).concepts.to_pylist()
    assert drug["codes"] == ["drugbank:DB00316", "rxcui:161"]
    assert drug["synonyms"] == ["Paracetamol", "APAP"]
    assert drug["concept_id"] == "ingredient:acetaminophen"


def test_names_do_not_join_what_codes_tell_apart():
    bank = source(
        "bank",
        ("Vitamin E", ["Tocopherol"], ["drugbank:DB00163"]),
        ("Tocopherol", [], ["drugbank:DB11251"]),
    )
    joined = join([bank])
    assert len(joined.concepts) == 2
    assert joined.tallies[0].new == 2


def test_a_shared_minor_code_does_not_join_what_the_main_code_tells_apart():
    bank = source(
        "bank",
        ("Heparin", [], ["drugbank:DB01109", "cas:9005-49-6"]),
        ("Enoxaparin", [], ["drugbank:DB01225", "cas:9005-49-6"]),
    )
    assert join([bank]).concepts["name"].to_pylist() == ["Heparin", "Enoxaparin"]


def test_the_very_name_goes_before_a_synonym_whatever_the_order():
    seed = source("seed", ("lithium", ["lithium carbonate"], []))
    bank = source(
        "bank",
        ("Lithium carbonate", [], ["drugbank:DB14509"]),
        ("Lithium", [], ["drugbank:DB01356"]),
    )
    concepts = join([seed, bank]).concepts.to_pylist()
    assert concepts[0]["codes"] == ["drugbank:DB01356"]


def test_a_source_that_keeps_its_concepts_apart_is_not_joined_with_itself_by_synonym():
    draft = SourceDraft("pages", "pages.parquet", "research")
    draft.concept(ConceptKind.CONDITION, "pancreatitis", 1)
    acute = draft.concept(ConceptKind.CONDITION, "acute pancreatitis", 2)
    draft.also_called(acute, "pancreatitis")
    assert len(join([draft.done(2, apart=True)]).concepts) == 2
    assert len(join([draft.done(2)]).concepts) == 1


def test_a_source_that_only_adds_names_makes_no_concepts():
    bank = source("bank", ("aspirin", [], ["drugbank:DB00945"]))
    norm = source("norm", ("Aspirin", [], ["rxcui:1191"]), ("Tylenol", [], []), adds=False)
    joined = join([bank, norm])
    assert len(joined.concepts) == 1
    assert joined.tallies[1].aside == {"concepts that no other source knows": 1}


def test_a_pair_told_both_ways_is_one_relation_with_the_worst_severity():
    draft = SourceDraft("pairs", "pairs.parquet", "CC0-1.0")
    one, two = (draft.concept(DRUG, name, 1) for name in ("warfarin", "aspirin"))
    draft.relate(one, Relation.INTERACTS_WITH, two, 1, severity=2)
    draft.relate(two, Relation.INTERACTS_WITH, one, 2, severity=3)
    draft.relate(one, Relation.INTERACTS_WITH, one, 3, severity=4)
    joined = join([draft.done(3)])
    (said,) = joined.relations.to_pylist()
    assert (said["head"], said["tail"], said["severity"]) == (0, 1, 3)
    assert joined.tallies[0].aside == {"of a concept with itself": 1}
