"""The benchmarks of knowledge: what agreement counts, and that a random graph opens whole."""

import json
import math

import pytest

from benchmarks import interactions, knowledge_size
from galen.knowledge.graph import Graph
from galen.knowledge.joining import join
from galen.knowledge.loading.loaded import SourceDraft
from galen.knowledge.schema import ConceptKind, Relation


@pytest.fixture(scope="module")
def graph():
    """Three sources over drugs a … e, and one rule of the seed: class k with e; d is a k."""
    said = {
        "One": [("a", "b", 3), ("a", "c", 2), ("d", "e", 1), ("a", "x", 4)],
        "FrenchDB": [("a", "b", 2), ("d", "c", 1)],
        "World-Vista": [("b", "a", 4), ("a", "e", None), ("c", "d", 1)],
    }
    sources = []
    for name, pairs in said.items():
        draft = SourceDraft(name, name, "own")
        for at, (one, other, severity) in enumerate(pairs, 1):
            ends = [draft.concept(ConceptKind.INGREDIENT, drug, at) for drug in (one, other)]
            draft.relate(ends[0], Relation.INTERACTS_WITH, ends[1], at, severity=severity)
        sources.append(draft.done(len(pairs)))
    seed = SourceDraft("galen seed", "seed", "own")
    d, e = (seed.concept(ConceptKind.INGREDIENT, name, 1) for name in "de")
    of_class = seed.concept(ConceptKind.DRUG_CLASS, "k", 1)
    seed.relate(d, Relation.IS_A, of_class, 1)
    seed.relate(of_class, Relation.INTERACTS_WITH, e, 2, severity=4)
    joined = join([*sources, seed.done(2)])
    return Graph(joined.concepts, joined.relations)


def test_a_source_is_compared_with_the_others_where_they_know_its_drugs(graph):
    by_source = interactions.pairs_by_source(graph)
    assert list(by_source) == ["One", "World-Vista", "FrenchDB"]
    told = interactions.agreement("One", by_source, interactions.ruled(graph))
    assert (told["pairs"], told["known"]) == (4, 3)  # nobody else knows x
    assert told["found"] == pytest.approx(1 / 3)  # a with b
    assert told["found_with_rules"] == pytest.approx(2 / 3)  # and d with e, by its class
    assert (told["graded_by_both"], told["others_graver"]) == (1, 1)
    assert told["found/major"] == 1
    assert told["found/moderate"] == 0
    assert math.isnan(told["found/contraindicated"])


def test_a_family_does_not_vouch_for_itself(graph):
    by_source = interactions.pairs_by_source(graph)
    told = interactions.agreement("FrenchDB", by_source, interactions.ruled(graph))
    assert told["found"] == 1
    assert told["found_apart"] == 0.5


def test_a_random_graph_is_opened_and_measured(tmp_path):
    made = knowledge_size.random_graph(500, 20_000, seed=0)
    made.save(tmp_path / "graph", "2026-01-01T00:00:00+00:00")
    file = tmp_path / "rows.json"
    knowledge_size.main(["--folder", str(tmp_path / "graph"), "--json", str(file)])
    (row,) = json.loads(file.read_text())
    assert row["metrics"]["relations"] == 20_000
    rounding = 1  # MB: the kernel counts pages of each core apart and adds them up now and then
    opened, ruled = (row["metrics"][f"{step}_memory_mb"] for step in ("open", "rules"))
    assert -rounding <= opened <= ruled + rounding < 300
    assert row["metrics"]["rules_seconds"] < 2
    assert knowledge_size.random_graph(500, 20_000, seed=0).version == made.version
