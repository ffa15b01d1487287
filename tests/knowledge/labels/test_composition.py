"""Compositions as packs print them, in parts."""

import pytest

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.labels.composition import Ingredient, parse_composition
from galen.knowledge.labels.strength import Strength


def mg(amount: float) -> Strength:
    return Strength(amount, "mg")


@pytest.mark.parametrize(
    "text, parts",
    [
        (
            "Amoxycillin  (500mg) +  Clavulanic Acid (125mg)",
            [
                Ingredient("Amoxycillin", (), mg(500)),
                Ingredient("Clavulanic Acid", (), mg(125)),
            ],
        ),
        ("paracetamol 500 mg", [Ingredient("paracetamol", (), mg(500))]),
        ("Vitamin D3 1000 I.E.", [Ingredient("Vitamin D3", (), Strength(1000, "IU"))]),
        (
            "Ibuprofen 200mg, Caffeine 30 mg",
            [
                Ingredient("Ibuprofen", (), mg(200)),
                Ingredient("Caffeine", (), mg(30)),
            ],
        ),
        (
            "Vitamin B6 (Pyridoxine) (10mg)",
            [Ingredient("Vitamin B6", ("Pyridoxine",), mg(10))],
        ),
        (
            "2,4-Dichlorobenzyl alcohol 1.2mg; Menthol",
            [
                Ingredient("2,4-Dichlorobenzyl alcohol", (), mg(1.2)),
                Ingredient("Menthol"),
            ],
        ),
        ("Vitamin D3 1,000 IU", [Ingredient("Vitamin D3", (), Strength(1000, "IU"))]),
        (
            "アセトアミノフェン300mg、無水カフェイン（25mg）",
            [
                Ingredient("アセトアミノフェン", (), mg(300)),
                Ingredient("無水カフェイン", (), mg(25)),
            ],
        ),
        (
            "アミノエチルスルホン酸(タウリン",  # cut short
            [Ingredient("アミノエチルスルホン酸", ("タウリン",))],
        ),
        ("マオウ・キョウニン各", [Ingredient("マオウ"), Ingredient("キョウニン")]),
        (
            "Vaccine (Group A, C) (16mcg)",
            [Ingredient("Vaccine", ("Group A, C",), mg(0.016))],
        ),
        ("Diacerein (NA)", [Ingredient("Diacerein")]),
        ("", []),
        ("(500mg)", []),
    ],
)
def test_a_composition_is_cut_into_its_parts(text, parts):
    assert parse_composition(text) == parts


@pytest.mark.parametrize("text", ["Foo (-5mg)", "Foo (3zorg)", "Foo 3 zorg", "Foo -5 mg"])
def test_a_wrong_amount_is_refused(text):
    with pytest.raises(KnowledgeError):
        parse_composition(text)
