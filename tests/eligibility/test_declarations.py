"""Words that people declare become all that they may mean."""

from dataclasses import replace

import numpy as np
import pytest

from galen.eligibility.declarations import Declarations, RequestWords
from galen.features.ledger import Ledger

NOBODY = {"conditions": None, "medicines": None, "allergies": None, "life_stage": None}


@pytest.fixture(scope="module")
def declared(pharmacy, reader):
    """What words of one request say, as ids of concepts or names of items."""
    gate = pharmacy.gate
    words = Declarations(gate.premises, reader.names)

    def told(record=None, **said):
        bought = Ledger().bought([-1], [0])
        return words.of([RequestWords(**said)], [NOBODY | (record or {})], bought)

    return told


def names(pharmacy, packed):
    return {pharmacy.gate.premises.graph.ids[row] for row in packed.values}


@pytest.mark.parametrize(
    ("word", "both"),
    [
        ("nitrate", {"ingredient:nitrate", "drug_class:nitrate"}),
        ("Nitrates", {"ingredient:nitrate", "drug_class:nitrate"}),
        ("benzodiazepine", {"ingredient:1,2-benzodiazepine", "drug_class:benzodiazepine"}),
        ("xanthine", {"ingredient:xanthine", "drug_class:xanthine"}),
        ("ingredient:nitrate", {"ingredient:nitrate"}),
        ("warfarin", {"ingredient:warfarin"}),
    ],
)
@pytest.mark.parametrize("field", ["medicines", "allergies"])
def test_a_word_for_a_class_and_an_ingredient_is_both(pharmacy, declared, field, word, both):
    found = declared(**{field: [word]})
    assert names(pharmacy, getattr(found, field)) >= both
    assert not found.unrecognised.any()
    of_record = declared({field: [word]})
    assert names(pharmacy, getattr(of_record, field)) >= both


def test_a_word_that_nothing_is_named_by_is_remembered_as_such(declared):
    assert declared(medicines=["xyzzy"]).unrecognised.all()
    assert declared({"conditions": ["xyzzy"]}).unrecognised.all()
    assert not declared(conditions=["Pregnancy"]).unrecognised.any()


def test_a_cart_holds_an_item_as_often_as_it_was_put_there(pharmacy, declared):
    found = declared(cart=["ibuprofen", "aspirin", "ibuprofen"])
    rows = [pharmacy.row(name) for name in ("ibuprofen", "aspirin", "ibuprofen")]
    assert found.cart.values.tolist() == rows
    assert not found.unrecognised.any()


def test_of_goods_in_the_cart_that_nobody_knows_nothing_is_taken_to_be_safe(pharmacy, declared):
    found = declared(cart=["from elsewhere", "aspirin"])
    assert found.unrecognised.all()
    assert np.array_equal(found.cart.values, [pharmacy.row("aspirin")])


@pytest.mark.parametrize(
    "word", ["怀孕", "妊娠中", "expecting a baby", "孕妇", "Pregnant", "pregnancy"]
)
@pytest.mark.parametrize("where", ["request", "record", "life stage"])
def test_whoever_says_to_be_expecting_is_known_to_be_pregnant(pharmacy, declared, word, where):
    said = {
        "request": {"conditions": [word]},
        "record": {"record": {"conditions": [word]}},
        "life stage": {"record": {"life_stage": word}},
    }
    found = declared(**said[where])
    assert "population:pregnancy" in names(pharmacy, found.states)
    assert not found.unrecognised.any()
    shown = pharmacy.shown(replace(pharmacy.asked(), circumstances=found))
    assert not {"ibuprofen", "aspirin"} & shown
    assert "paracetamol A" in shown


def test_a_life_stage_that_is_no_pregnancy_closes_nothing(pharmacy, declared):
    for word in ("family", "menopause", "备孕"):
        found = declared(conditions=[word])
        assert "population:pregnancy" not in names(pharmacy, found.states)
