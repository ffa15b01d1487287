"""Names of ingredients: what must be found, and what must never be taken for another."""

import csv
from pathlib import Path

import numpy as np
import pytest
from knowledge.name_worlds import small_graph

from benchmarks.drug_names import LISTS, mentions_of, vocabulary_graph
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.labels.ingredient_names import Decisions, How, IngredientNames
from galen.knowledge.labels.shipped_names import shipped_names
from galen.knowledge.labels.spelling import Spelling

GRAPH = small_graph()
SPELLING = Spelling.read()


def names_of(graph: Graph, index: IngredientNames, mentions: list[str]) -> list[str | None]:
    found = index.find(mentions).concept.tolist()
    return [graph.names[row] if row >= 0 else None for row in found]


@pytest.fixture(scope="module")
def index() -> IngredientNames:
    return IngredientNames(GRAPH, SPELLING, shipped_names())


@pytest.mark.parametrize(
    "mention, name, how",
    [
        ("ibuprofen", "Ibuprofen", How.EXACT),
        ("  IBUPROFEN ", "Ibuprofen", How.EXACT),
        ("Paracetamol", "Acetaminophen", How.SYNONYM),
        ("Amoxycillin", "Amoxicillin", How.EXACT),
        ("Cephalexin", "Cefalexin", How.EXACT),
        ("Sulphasalazine", "Sulfasalazine", How.EXACT),
        ("Metoprolol Succinate", "Metoprolol", How.SALT),
        ("Megestrol", "Megestrol acetate", How.SYNONYM),
        ("Potassium clavulanate", "Clavulanic acid", How.SALT),
        ("Hyoscine butylbromide", "Butylscopolamine", How.SYNONYM),
        ("Chlorpheniramine/Chlorphenamine", "Chlorphenamine", How.SYNONYM),
        ("アセトアミノフェン", "Acetaminophen", How.SYNONYM),
        ("クロルフェニラミンマレイン酸塩", "Chlorphenamine", How.SALT),
        ("d-クロルフェニラミンマレイン酸塩", "Dexchlorpheniramine", How.SALT),
        ("無水カフェイン", "Caffeine", How.SYNONYM),
        ("对乙酰氨基酚", "Acetaminophen", How.SYNONYM),
        ("布洛芬片", "Ibuprofen", How.SALT),
        ("Prednisollone", "Prednisolone", How.FUZZY),
        ("Ibuprоfen", "Ibuprofen", How.EXACT),  # with a Cyrillic letter
    ],
)
def test_a_name_is_found_by_the_first_step_that_knows_it(index, mention, name, how):
    assert names_of(GRAPH, index, [mention]) == [name]
    assert index.find([mention]).how[0] == how


@pytest.mark.parametrize(
    "mention",
    [
        "Calcium citrate",  # is neither citric acid nor calcium
        "Potassium chloride",
        "Shared name",  # of two ingredients
        "Levomeprazole",
        "Dexibuprofen",
        "Vitamin B5",
        "Hydroxazine",  # hydralazine or hydroxyzine
        "Hydralizone",
        "Predniso",
        "Zink",  # too short to guess
        "Ampixicillin",
        "Ibuprofen/Caffeine",  # two things
        "Ибупрофенъ",
        "Ibupжofen",  # a letter that looks like none
        "",
        "...",
    ],
)
def test_what_is_not_surely_known_is_not_found(index, mention):
    matches = index.find([mention])
    assert matches.concept.tolist() == [-1]
    assert matches.score.tolist() == [0]
    assert matches.how.tolist() == [How.NOT_FOUND]


def test_a_batch_is_answered_as_its_mentions_one_by_one(index):
    mentions = ["Paracetamol", "nothing at all", "Prednisollone", "Paracetamol"]
    together = index.find(mentions).concept
    alone = np.concatenate([index.find([mention]).concept for mention in mentions])
    assert together.tolist() == alone.tolist()
    assert len(index.find([])) == 0


def test_another_name_in_brackets_is_used_where_the_first_is_unknown(index):
    matches = index.find_any([("Adermine", "Pyridoxine"), ("Vitamin B6", "Ibuprofen")])
    assert [GRAPH.names[row] for row in matches.concept] == ["Pyridoxine", "Pyridoxine"]


def test_what_a_person_accepted_is_found_and_what_they_refused_is_not():
    decisions = Decisions(
        accepted={"Brufene": "ingredient:ibuprofen"},
        refused=frozenset(
            {("Prednisollone", "ingredient:prednisolone"), ("Hyoscine", "ingredient:scopolamine")}
        ),
    )
    index = IngredientNames(GRAPH, SPELLING, decisions=decisions)
    matches = index.find(["BRUFENE", "prednisollone", "hyoscine"])
    assert matches.concept.tolist() == [GRAPH.row_of["ingredient:ibuprofen"], -1, -1]
    assert matches.how.tolist() == [How.REVIEWED, How.NOT_FOUND, How.NOT_FOUND]


def test_a_decision_for_a_concept_that_is_not_there_is_refused():
    with pytest.raises(KnowledgeError, match="ingredient:gone"):
        IngredientNames(GRAPH, SPELLING, decisions=Decisions({"x": "ingredient:gone"}))


@pytest.fixture(scope="module")
def real(real_data: Path) -> tuple[Graph, IngredientNames]:
    graph = vocabulary_graph(real_data / "drug_vocabulary" / "vocabulary.parquet")
    return graph, IngredientNames(graph, SPELLING, shipped_names())


def test_of_200_hand_checked_names_98_in_100_that_are_found_are_right(real):
    graph, index = real
    with (Path(__file__).parent / "drug_names_checked.tsv").open(encoding="utf-8") as lines:
        checked = list(csv.DictReader(lines, delimiter="\t"))
    assert len({row["mention"] for row in checked}) == 200
    found = names_of(graph, index, [row["mention"] for row in checked])
    right = [
        name.casefold() in row["ingredient"].casefold().split("|")
        for name, row in zip(found, checked, strict=True)
        if name is not None
    ]
    assert len(right) >= 160
    assert np.mean(right) >= 0.98


def test_of_the_ingredients_of_indian_medicines_95_in_100_mentions_are_found(real, real_data):
    _, index = real
    file = real_data / "catalogues" / "medicines_india_1mg.parquet"
    mentions, unread = mentions_of(file, LISTS["medicines_india_1mg"])
    assert np.mean(index.find_any(mentions).concept >= 0) >= 0.95
    assert unread <= 5
