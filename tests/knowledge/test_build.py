"""The knowledge that galen ships: it is whole, and says what a pharmacist would look for first."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.data.synthetic.words import WORDS
from galen.knowledge.build import build, built_in
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.joining import folded, join
from galen.knowledge.schema import ConceptKind, Relation
from galen.knowledge.sources import read_sources, shipped_sources


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
    assert {"acetaminophen", "对乙酰氨基酚", "アセトアミノフェン"} <= set(paracetamol["synonyms"])
    assert "drugbank:DB00316" in paracetamol["codes"]


def test_a_name_of_two_ingredients_is_of_one_that_is_the_same(graph):
    owners = {}
    for row in graph.of_kind(ConceptKind.INGREDIENT).tolist():
        said = graph.concepts.slice(row, 1).to_pylist()[0]
        for name in {folded(name) for name in (said["name"], *said["synonyms"])}:
            owners.setdefault(name, []).append(row)
    shared = {name: rows for name, rows in owners.items() if len(rows) > 1}
    assert set(shared) == {"senna", "candesartan"}
    assert all(graph.wider[rows[0], rows[1]] for rows in shared.values())


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


NOW = datetime(2026, 12, 1, tzinfo=UTC)
MINE = '[source]\nname = "mine"\nlicence = "own"\ndate = 2026-01-31\n[ingredient]\nmyrrh = []\n'


def pharmacy(tmp_path, text=MINE):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    return {"own": [file]}


def test_a_users_file_joins_what_galen_ships(tmp_path, graph):
    text = MINE + '[[interacts_with]]\nhead = "myrrh"\ntail = "ingredient:warfarin"\nseverity = 3\n'
    report = build(pharmacy(tmp_path, text), tmp_path / "known", NOW)
    opened = Graph.open(tmp_path / "known")
    assert opened.version == report.version
    assert len(opened) == len(graph) + 1
    assert report.sources[-1].relations == 1
    assert severity(opened, Relation.INTERACTS_WITH, "ingredient:myrrh", "ingredient:warfarin") == 3


def test_a_refused_build_leaves_the_folder_as_it_was(tmp_path):
    folder = tmp_path / "known"
    before = build(pharmacy(tmp_path), folder, NOW, shipped=False).version
    text = MINE + '[[is_a]]\nhead = "myrrh"\ntail = "drug_class:resin"\n'
    with pytest.raises(KnowledgeError, match=r"'drug_class:resin' is no known concept"):
        build(pharmacy(tmp_path, text), folder, NOW, shipped=False)
    assert Graph.open(folder).version == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["known", "mine.toml"]


def test_a_folder_is_replaced_whole_and_nothing_else_is_touched(tmp_path):
    folder = tmp_path / "known"
    build(pharmacy(tmp_path), folder, NOW, shipped=False)
    report = build(pharmacy(tmp_path, MINE + "incense = []\n"), folder, NOW, shipped=False)
    assert report.concepts == len(Graph.open(folder)) == 2
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").touch()
    with pytest.raises(KnowledgeError, match="holds something else"):
        build(pharmacy(tmp_path), other, NOW)
    assert (other / "cat.jpg").exists()
    shop = tmp_path / "shop"  # it has a manifest, too
    synthesize(shop, SyntheticSettings(users=20, items=50), lambda *_: None)
    before = {path: path.read_bytes() for path in shop.iterdir()}
    with pytest.raises(KnowledgeError, match="holds something else"):
        build(pharmacy(tmp_path), shop, NOW)
    assert {path: path.read_bytes() for path in shop.iterdir()} == before


def test_an_unknown_source_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(KnowledgeError, match=r"drugbnk: no such source; there are own, drugbank"):
        build({"drugbnk": [tmp_path]}, tmp_path / "known", NOW)


def test_a_file_of_sources_has_paths_relative_to_it(tmp_path):
    file = tmp_path / "sources.toml"
    file.write_text('[sources]\nown = ["a.toml", "b.toml"]\nrxnorm = "/copies/rxnorm.parquet"\n')
    assert read_sources(file) == {
        "own": [tmp_path / "a.toml", tmp_path / "b.toml"],
        "rxnorm": [Path("/copies/rxnorm.parquet")],
    }
    file.write_text("own = 3")
    with pytest.raises(KnowledgeError, match=r"no table \[sources\]"):
        read_sources(file)


def test_real_sources_join_into_one_graph(real_data, tmp_path):
    given = {
        "drugbank": [real_data / "drug_vocabulary/vocabulary.parquet"],
        "labeledin": [real_data / "indications/labeledin.parquet"],
        "hsdn": [real_data / "indications/disease_symptom_hsdn.parquet"],
    }
    report = build(given, tmp_path / "known", NOW)
    told = {tally.source: tally for tally in report.sources[4:]}
    assert told["DrugBank open vocabulary"].joined > 1000
    assert told["LabeledIn"].joined > 500
    assert told["HSDN"].relations > 3000
