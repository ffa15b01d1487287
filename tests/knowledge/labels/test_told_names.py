"""Concepts are found by whole names and within free text, unless the text says otherwise."""

import pytest

from galen.knowledge.labels.told_names import LONGEST, TEXT, ToldNames

NAMES = [
    ("crohn's disease", 0),
    ("sulphite", 1),
    ("no", 2),
    ("高血压", 3),
    ("压", 4),
    ("milk", 5),
    ("milk thistle", 6),
    ("one name", 7),
    ("One-Names", 8),
    ("a b c d e f", 9),
]


@pytest.fixture(scope="module")
def told():
    return ToldNames.named(NAMES)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Crohn\u2019s Disease", (0,)),
        ("crohns diseases", (0,)),
        ("CROHN DISEASE!", (0,)),
        ("sulfites", (1,)),
        ("No", (2,)),
        ("高血壓", (3,)),
        ("one-name", (7, 8)),
        ("", ()),
        ("milk and honey", ()),
    ],
)
def test_a_name_is_one_name_in_any_writing(told, text, rows):
    assert told.whole(text) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("milk thistle with milk", (6, 5)),
        ("there is no such thing", ()),  # a name too short to be looked for
        ("患有高血压", (3,)),
        ("高 压", ()),  # one letter of many is no name
        ("milk-free", ()),
        ("free from milk", ()),
        ("without milk", ()),
        ("ohne milk", ()),
        ("不含milk", ()),
        ("milk フリー", ()),
        ("milk, free delivery", (5,)),
        ("Milk Free", ()),
        ("milk free drink, 500 ml", ()),
        ("milk frei", ()),
        ("milk不使用", ()),
        ("Milk - Free Delivery", (5,)),
        ("Milk FREE SHIPPING", (5,)),
        ("Milk Free Next Day Delivery", (5,)),
        ("Milk Free 2-day delivery", (5,)),
        ("Milk free P&P", (5,)),
        ("Milk Free Gift Pack", (5,)),
        ("Milk - free sample included", (5,)),
        ("Milk Free with your order", (5,)),
        ("Buy Honey get Milk Free", (5,)),
        ("Milk free from sugar", (5,)),
        ("Milk free base", (5,)),
        ("Milk Free Form", (5,)),
        ("Milk free-flow powder", (5,)),
        ("Milk Free Radical Defence", (5,)),
        ("Milk frei verkäuflich", (5,)),
        ("milk frei Haus", (5,)),
        ("milk フリーズドライ", (5,)),
        ("高血压无添加糖", (3,)),
        ("no sulphites, milk", (5,)),
        ("x a b c d e f", (9,)),
        ("", ()),
    ],
)
def test_within_a_text_the_longest_names_count_that_are_not_denied(told, text, rows):
    assert told.within(text) == rows


def test_no_text_is_too_long(told):
    assert told.within("milk " + "x " * TEXT) == (5,)
    assert told.within("x" * TEXT + " milk") == ()
    assert len(["a", "b", "c", "d", "e", "f"]) == LONGEST
