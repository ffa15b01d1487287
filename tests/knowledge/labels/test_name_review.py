"""The review queue: written, decided by a person, read back."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from knowledge.name_worlds import small_graph

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.labels.ingredient_names import How, IngredientNames
from galen.knowledge.labels.name_review import QUEUE, read_review, review_queue, write_review
from galen.knowledge.labels.spelling import Spelling

GRAPH = small_graph()
MENTIONS = ["Prednisollone", "Ibuprofen", "Unknownium", "Unknownium", 'odd "name"\twith tab']


def queue() -> pa.Table:
    index = IngredientNames(GRAPH, Spelling.read())
    return review_queue(MENTIONS, index.find(MENTIONS), GRAPH)


def test_guesses_and_the_unknown_are_queued_and_the_known_are_not():
    rows = queue().to_pylist()
    assert [(row["mention"], row["concept_id"], row["count"]) for row in rows] == [
        ("Unknownium", "", 2),
        ("Prednisollone", "ingredient:prednisolone", 1),
        ('odd "name"\twith tab', "", 1),
    ]
    assert queue().schema == QUEUE


@pytest.mark.parametrize("name", ["queue.tsv", "queue.parquet"])
def test_decisions_written_into_the_queue_are_read_back_and_used(tmp_path, name):
    table = queue()
    words = ["accept", "reject", ""]
    concepts = pa.array(["ingredient:zinc", "ingredient:prednisolone", ""])
    table = table.set_column(1, QUEUE.field("concept_id"), concepts)
    table = table.set_column(5, QUEUE.field("decision"), pa.array(words))
    write_review(table, tmp_path / name)
    decisions = read_review(tmp_path / name)
    index = IngredientNames(GRAPH, Spelling.read(), decisions=decisions)
    matches = index.find(MENTIONS)
    assert matches.how.tolist() == [
        How.NOT_FOUND,
        How.EXACT,
        How.REVIEWED,
        How.REVIEWED,
        How.NOT_FOUND,
    ]
    assert pc.sum(table["count"]).as_py() == 4


@pytest.mark.parametrize(
    "line, reason",
    [
        ("Foo\tingredient:zinc\tZinc\t0.9\t1\tmaybe", "row 2.*maybe"),
        ("Foo\t\t\t0\t1\taccept", "row 2.*concept_id"),
        (
            "Foo\ta\t\t0\t1\taccept\nFoo\tb\t\t0\t1\taccept",
            "row 3.*two concepts",
        ),
    ],
)
def test_a_decision_that_cannot_be_used_is_refused_with_its_row(tmp_path, line, reason):
    file = tmp_path / "queue.tsv"
    file.write_text("\t".join(QUEUE.names) + "\n" + line + "\n")
    with pytest.raises(KnowledgeError, match=reason):
        read_review(file)


def test_a_queue_without_its_columns_is_refused(tmp_path):
    file = tmp_path / "queue.tsv"
    file.write_text("word\nx\n")
    with pytest.raises(KnowledgeError, match="no column"):
        read_review(file)
