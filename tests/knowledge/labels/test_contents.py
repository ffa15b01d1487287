"""What labels name is found, whatever stands around it; what is left over is not recognised."""

import math

import pyarrow as pa
import pytest

from galen.knowledge.build import built_in
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.schema import CONCEPTS, RELATIONS


@pytest.fixture(scope="module")
def held():
    """What a text holds: names with amounts of one unit, "?" for what is not recognised."""
    graph = built_in()
    reader = IngredientReader.of(graph)

    def told(text):
        found = reader.read([text])
        names = [graph.names[row] if row >= 0 else "?" for row in found.concept.tolist()]
        return dict(zip(names, found.milligrams.tolist(), strict=True))

    return told


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("500 mg ibuprofen", {"?", "ibuprofen"}),
        ("Paracetamol 500mg/Caffeine 65mg", {"?", "paracetamol", "caffeine"}),
        ("Paracetamol 500 mg and Ibuprofen 200 mg", {"?", "paracetamol", "ibuprofen"}),
        ("Paracetamol 500 mg Ibuprofen 200 mg", {"?", "paracetamol", "ibuprofen"}),
        ("对乙酰氨基酚和布洛芬", {"?", "paracetamol", "ibuprofen"}),
        ("イブプロフェン200mg・アセトアミノフェン", {"?", "ibuprofen", "paracetamol"}),
        ("Ibuprofen200mg", {"?", "ibuprofen"}),
        ("no aspirin", {"?"}),
        ("Saline (with xylometazoline)", {"?", "xylometazoline"}),
        ("Sodium chloride (xylometazoline)", {"sodium chloride", "xylometazoline"}),
        ("Ibuprofen (contains: aspirin)", {"ibuprofen", "aspirin"}),
        ("Vitamin E (from peanut)", {"vitamin e", "peanut"}),
        ("Vitamin C (as calcium ascorbate)", {"ascorbic acid"}),
        ("Ibuprofen (as lysine) 200 mg", {"ibuprofen"}),
        ("Acetaminophen (paracetamol)", {"paracetamol"}),
        ("Calpol (paracetamol)", {"paracetamol"}),
        ("Turmeric root extract (Curcuma longa)", {"turmeric"}),
        ("500 mg ibuprofen (lactose)", {"?", "ibuprofen", "lactose"}),
        ("Ibuprofen granules (lactose)", {"?", "ibuprofen", "lactose"}),
        ("布洛芬颗粒(乳糖)", {"ibuprofen", "lactose"}),
        ("Ibuprofen Granulat (Laktose)", {"?", "ibuprofen", "lactose"}),
        ("Codeine syrup base [ethanol]", {"?", "codeine", "ethanol"}),
        ("Paracetomol (caffeine)", {"paracetamol", "caffeine"}),
        ("Paracetamol (as well as codeine)", {"paracetamol", "codeine"}),
        ("Paracetamol (equal parts codeine)", {"paracetamol", "codeine"}),
        ("Paracetamol (sowie Codein)", {"paracetamol", "codeine"}),
        ("对乙酰氨基酚(以及可待因)", {"paracetamol", "codeine"}),
        (
            "Calcium (as calcium carbonate, with aspirin)",
            {"Calcium", "calcium carbonate", "aspirin"},
        ),
        ("Bismuth (as bismuth subsalicylate)", {"?", "bismuth subsalicylate"}),
        ("Bismuth (as the subsalicylate) 262 mg", {"?", "bismuth subsalicylate"}),
        ("Codeine phosphate (equivalent to codeine 15 mg)", {"codeine"}),
        ("Ibuprofen (als Lysinsalz)", {"ibuprofen"}),
        ("Paracetamol (caffeine-free)", {"paracetamol"}),
        ("NSAIDs", {"nsaid"}),
        ("Benzodiazepine 5 mg", {"1,2-Benzodiazepine", "benzodiazepine"}),
        ("Isosorbide dinitrate", {"isosorbide dinitrate"}),
        ("powder of dragon's tooth", {"?"}),
    ],
)
def test_every_ingredient_that_a_label_names_is_held(held, text, names):
    assert set(held(text)) == names


def test_what_is_named_beside_has_no_amount_of_its_own(held):
    assert math.isnan(held("Sodium chloride 9 mg (xylometazoline)")["xylometazoline"])
    assert held("Sodium chloride 9 mg (xylometazoline)")["sodium chloride"] == 9


def test_a_decimal_comma_is_one(held):
    assert held("paracetamol 1,5 g") == {"paracetamol": 1500}
    assert set(held("paracetamol 1.000 mg")) == {"?", "paracetamol"}


def test_the_amount_of_a_part_is_of_what_it_names_and_of_no_excipient_in_brackets(held):
    found = held("Codeine syrup (ethanol) 15 mg")
    assert found["?"] == 15
    assert math.isnan(found["codeine"])
    assert math.isnan(found["ethanol"])
    assert held("Paracetamol (as paracetamol DC) 500 mg") == {"paracetamol": 500}


def test_of_one_name_of_several_ingredients_all_are_held():
    rows = [
        {
            "concept_id": f"ingredient:{name}",
            "kind": "ingredient",
            "name": name,
            "synonyms": ["X-1"],
        }
        for name in ("one", "two")
    ]
    filled = {"codes": [], "source": "galen", "licence": "CC0-1.0"}
    concepts = pa.Table.from_pylist([row | filled for row in rows], schema=CONCEPTS)
    graph = Graph(concepts, RELATIONS.empty_table())
    found = IngredientReader.of(graph).read(["X-1 5 mg"])
    assert [graph.names[row] for row in found.concept.tolist()] == ["one", "two"]
    assert found.milligrams[0] == 5
    assert math.isnan(found.milligrams[1])
