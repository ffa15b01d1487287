"""What labels name is found, whatever stands around it; what is left over is not recognised."""

import math

import pytest

from galen.knowledge.build import built_in
from galen.knowledge.labels.contents import IngredientReader


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
        ("NSAIDs", {"nsaid"}),
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
