"""Goods of private categories stand on no screen that others see, however a shop names these."""

import pytest

from galen.data.schema import Surface

PRIVATE = [
    *["Condoms & Lubricants", "condom", "Pregnancy Tests", "HIV tests", "sexual-health", "避孕套"],
    *["Smoking Cessation Aids", "Hemorrhoids", "Mental Health & Sleep", "ＣＯＮＤＯＭＳ"],
]
OPEN = ["First aid", "Health", "Sleep", "Vitamins", "维生素"]


@pytest.mark.parametrize("level", [0, 1])
def test_a_category_is_private_by_any_word_in_its_name(open_pharmacy, level):
    shelf = [
        {"item_id": name, "title": "thing", "category": ([name, "all"], ["all", name])[level]}
        for name in (*PRIVATE, *OPEN)
    ]
    pharmacy = open_pharmacy(shelf)
    shown = set(OPEN)
    assert pharmacy.shown(pharmacy.asked(surface=Surface.PUSH)) == shown
    assert pharmacy.shown(pharmacy.asked(shared=True)) == shown
    assert pharmacy.shown(pharmacy.asked(surface=Surface.HOME)) == shown | set(PRIVATE)


@pytest.mark.parametrize("category", [None, ["all"]])
def test_a_title_tells_as_much_as_a_category(open_pharmacy, category):
    private = [
        *["Condoms 12 pack", "HIV self test", "Haemorrhoid cream", "Incontinence pads", "避孕套"],
        *["Contraceptive pill", "Help with depression", "Personal lubricant 50 ml"],
        *[
            "HIV自检盒",
            "家用HIV检测",
            "Morning-after pill",
            "Hemorrhoidal suppositories",
            "STI test kit",
        ],
    ]
    plain = [
        "Toothpaste",
        "Elastic plasters",
        "Secondary dressing",
        "Hivex cough drops",
        "HIVE蜂蜜",
    ]
    shelf = [
        {"item_id": title, "title": title, "category": category} for title in (*private, *plain)
    ]
    pharmacy = open_pharmacy(shelf)
    for asked in (pharmacy.asked(surface=Surface.PUSH), pharmacy.asked(shared=True)):
        assert pharmacy.shown(asked) == set(plain)
        assert pharmacy.dropped_by(asked, "HIV self test") == ["sensitive-private"]
    assert pharmacy.shown(pharmacy.asked(surface=Surface.HOME)) == {*private, *plain}
