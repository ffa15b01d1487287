"""Which legal class an item is of, by its prescription class and its words."""

import pytest

from galen.knowledge.texts.product_class import ProductClasses


@pytest.fixture(scope="module")
def classes() -> ProductClasses:
    return ProductClasses.read()


@pytest.mark.parametrize(
    ("rx_class", "category", "title", "expected"),
    [
        ("otc", ["supplements"], "Vitamin C", "medicine_otc"),
        ("pharmacist", None, None, "medicine_otc"),
        ("prescription", ["devices"], "Insulin pen", "medicine_prescription"),
        (None, ["cosmetics"], "Cream", "medicine_otc"),
        ("none", ["baby", "food"], "Infant formula 800 g", "infant_formula"),
        ("none", ["devices", "fever"], "Ear thing", "device"),
        ("none", ["Vitamins & Minerals"], "Something", "supplement"),
        ("none", ["personal care", "skin"], "Cream with vitamin E", "cosmetic"),
        ("none", None, "医用口罩 50只", "device"),
        ("none", ["家居"], "护肤霜", "cosmetic"),
        ("none", None, "Contest winner", "supplement"),
    ],
)
def test_a_class_follows_from_what_is_known(classes, rx_class, category, title, expected) -> None:
    assert classes.of(rx_class, category, title) == expected
