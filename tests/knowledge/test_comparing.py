"""Two graphs are told apart by concept, relation and severity."""

from galen.knowledge.comparing import compare
from galen.knowledge.graph import Graph
from galen.knowledge.joining import join
from galen.knowledge.loading.loaded import SourceDraft
from galen.knowledge.schema import ConceptKind, Relation

DRUG = ConceptKind.INGREDIENT


def graph(*pairs, synonyms=()):
    """A graph of interactions (one, other, severity)."""
    draft = SourceDraft("mine", "mine.toml", "own")
    for at, (one, other, severity) in enumerate(pairs, 1):
        ends = [draft.concept(DRUG, name, at, synonyms=synonyms) for name in (one, other)]
        draft.relate(ends[0], Relation.INTERACTS_WITH, ends[1], at, severity=severity)
    joined = join([draft.done(len(pairs))])
    return Graph(joined.concepts, joined.relations)


def test_a_graph_does_not_differ_from_itself_in_another_order():
    one = graph(("a", "b", 2), ("c", "d", 3))
    other = graph(("d", "c", 3), ("b", "a", 2))
    difference = compare(one, other)
    assert difference.relations == difference.rose == difference.fell == ()
    assert difference.concepts_added == difference.concepts_removed == ()


def test_what_came_went_and_changed_is_counted():
    difference = compare(
        graph(("a", "b", 2), ("a", "c", 4), ("a", "d", 1)),
        graph(("a", "b", 3), ("a", "c", 3), ("a", "e", 1)),
    )
    (count,) = difference.relations
    assert (count.relation, count.source) == ("interacts_with", "mine")
    assert (count.added, count.removed, count.changed) == (1, 1, 2)
    assert difference.concepts_added == ("ingredient:e",)
    assert difference.concepts_removed == ("ingredient:d",)
    assert [str(shift) for shift in difference.rose] == [
        "ingredient:a interacts_with ingredient:b (mine): moderate -> major"
    ]
    assert [(shift.before, shift.after) for shift in difference.fell] == [(4, 3)]


def test_a_new_synonym_changes_a_concept():
    difference = compare(graph(("a", "b", 2)), graph(("a", "b", 2), synonyms=["x"]))
    assert difference.concepts_changed == ("ingredient:a", "ingredient:b")
    assert difference.relations == ()
