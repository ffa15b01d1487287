"""Strengths: amounts become milligrams, millilitres, units or percent, or are refused."""

import pytest

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.labels.strength import Strength, parse_strength


@pytest.mark.parametrize(
    "text, strength",
    [
        ("500mg", Strength(500, "mg")),
        ("(500 mg)", Strength(500, "mg")),
        ("1.5 g", Strength(1500, "mg")),
        ("1,5 g", Strength(1500, "mg")),
        ("0,25 mg", Strength(0.25, "mg")),
        ("120mg/2,5ml", Strength(120, "mg", 2.5, "ml")),
        ("0.125 mg", Strength(0.125, "mg")),
        ("1.125 mg", Strength(1.125, "mg")),
        ("250 mcg", Strength(0.25, "mg")),
        ("250µg", Strength(0.25, "mg")),
        ("500mg/5ml", Strength(500, "mg", 5, "ml")),
        ("10 mg/ml", Strength(10, "mg", 1, "ml")),
        ("50mcg/spray", Strength(0.05, "mg", 1, "dose")),
        ("1,000 IU", Strength(1000, "IU")),
        ("1000 I.E.", Strength(1000, "IU")),
        ("1000 IE", Strength(1000, "IU")),
        ("1000 U.I./ml", Strength(1000, "IU", 1, "ml")),
        ("25 ug", Strength(0.025, "mg")),
        ("5 Million IU", Strength(5e6, "IU")),
        ("0.05% w/v", Strength(0.05, "%", None, "w/v")),
        ("2 %", Strength(2, "%")),
        ("1.25 Billion Spores", Strength(1.25e9, "spores")),
        ("0.5ml", Strength(0.5, "ml")),
        ("３００ｍｇ", Strength(300, "mg")),
        ("100毫克", Strength(100, "mg")),
    ],
)
def test_a_strength_is_read(text, strength):
    assert parse_strength(text) == strength


@pytest.mark.parametrize(
    "text",
    [
        *["5 blobs", "5", "mg", "", "-5mg", "−1 g", "5mg/", "5mg/0ml"],
        *["1.000 mg", "2.500 IU", "5mg/1.000ml"],  # a thousand and more where commas part decimals
    ],
)
def test_what_is_no_strength_is_refused_with_its_text(text):
    with pytest.raises(KnowledgeError, match="strength") as refused:
        parse_strength(text)
    assert repr(text) in str(refused.value)
