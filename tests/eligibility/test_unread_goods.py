"""Goods whose ingredients nobody told, or that cannot be read, are not taken to be safe."""

from typing import Any

import numpy as np
import pytest
from eligibility.conftest import Pharmacy
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.eligibility.guard import Guard
from galen.pipeline.candidates import Candidates


def unlabelled(title: str, rx_class: str = "none") -> dict[str, Any]:
    return {"item_id": title, "title": title, "rx_class": rx_class, "ingredients": None}


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("St John's Wort 300mg", {"medicines": ["ingredient:sertraline"]}),
        ("Omega-3 capsules", {"states": ["condition:fish allergy"]}),
        ("Kakkonto granules", {"states": ["condition:hypertension"]}),
        ("Glucosamine capsules", {"states": ["population:pregnancy"]}),
        ("Ibuprofen 200mg caplets", {"allergies": ["drug_class:nsaid"]}),
        ("Viagra 50 mg tablets", {"medicines": ["ingredient:glyceryl trinitrate"]}),
        ("バイアグラ錠50mg", {"medicines": ["ingredient:glyceryl trinitrate"]}),
        ("ADVIL® liqui-gels", {"medicines": ["ingredient:warfarin"]}),
        ("芬必得缓释胶囊", {"allergies": ["drug_class:nsaid"]}),
        ("Roaccutane 20 mg", {"states": ["population:pregnancy"]}),
    ],
)
def test_goods_without_told_ingredients_are_judged_by_what_they_are_likely_to_hold(title, said):
    catalogue = Catalogue(items_table([unlabelled(title), unlabelled("Dental floss")]))
    pharmacy = Pharmacy(Guard.of(catalogue).gate, catalogue)
    assert pharmacy.shown(pharmacy.asked()) == {title, "Dental floss"}
    assert pharmacy.shown(pharmacy.asked(**said)) == {"Dental floss"}


def test_a_guess_of_contents_neither_makes_a_medicine_known_nor_is_bought_without_limit():
    shelf = [unlabelled("Paracetamol caplets", "otc"), unlabelled("Codeine linctus", "otc")]
    catalogue = Catalogue(items_table(shelf))
    pharmacy = Pharmacy(Guard.of(catalogue, pack="us").gate, catalogue)
    assert pharmacy.shown(pharmacy.asked()) == {"Paracetamol caplets"}
    bought = [("Paracetamol caplets", 1, 1.0)]
    assert not pharmacy.shown(pharmacy.asked(bought=bought))
    assert not pharmacy.shown(pharmacy.asked(states=["condition:asthma"]))


@pytest.mark.parametrize(("age", "shown"), [(4.0, False), (40.0, True), (70.0, False)])
def test_an_age_of_life_is_a_state_to_medicines_of_unknown_contents(pharmacy, age, shown):
    assert ("mystery pills" in pharmacy.shown(pharmacy.asked(age=age))) == shown


def test_unread_goods_are_told_to_people_whose_words_were_not_read(open_pharmacy):
    shelf = [
        {"item_id": "bar", "title": "Bar", "ingredients": ["qwxyz"]},
        {"item_id": "floss", "title": "Dental floss"},
    ]
    pharmacy = open_pharmacy(shelf)
    rows = np.arange(2)
    for unrecognised, told in ((True, 1), (False, 0)):
        asked = pharmacy.asked(unrecognised=unrecognised)
        notices = pharmacy.gate.notices(asked, Candidates(np.zeros(2, np.int64), rows))
        assert [len(one) for one in notices] == [told, 0]
    assert pharmacy.shown(pharmacy.asked(shared=True)) == {"floss"}  # nor does it show to others


UNREAD = [
    {"item_id": "bar", "title": "Crunchy one", "category": ["food"]},
    {"item_id": "blend", "title": "Daily one", "ingredients": ["qwxyz"]},
    {"item_id": "pills", "title": "Pills", "ingredients": ["qwxyz"], "rx_class": "otc"},
    {"item_id": "told", "title": "Crunchy two", "ingredients": ["almond"]},
    {"item_id": "floss", "title": "Dental floss"},
]


@pytest.mark.parametrize(
    ("said", "warned", "gone"),
    [
        ({}, {"pills"}, set()),
        ({"allergies": ["ingredient:peanut"]}, {"bar", "blend"}, {"pills"}),
        ({"medicines": ["drug_class:statin"]}, {"blend"}, {"pills"}),
        ({"medicines": ["ingredient:warfarin"]}, {"blend"}, {"pills"}),
        ({"prescribed": ["ingredient:warfarin"]}, {"blend"}, {"pills"}),
        ({"states": ["condition:hypertension"]}, {"blend"}, {"pills"}),
        ({"unrecognised": True}, {"blend"}, {"pills"}),
        ({"age": 70.0}, set(), {"pills"}),
    ],
)
def test_what_was_declared_is_no_quieter_than_a_word_that_nobody_knows(
    open_pharmacy, said, warned, gone
):
    pharmacy = open_pharmacy(UNREAD)
    asked = pharmacy.asked(**said)
    rows = np.arange(len(UNREAD))
    notices = pharmacy.gate.notices(asked, Candidates(np.zeros(len(rows), np.int64), rows))
    shown = pharmacy.shown(asked)
    assert {item["item_id"] for item in UNREAD} - shown == gone
    told = {pharmacy.catalogue.ids[row]: said for row, said in enumerate(notices) if said}
    assert set(told) & shown == warned
    assert all("do not know all that this holds" in one for some in told.values() for one in some)


def test_goods_of_which_nothing_is_told_have_no_notice_where_others_look_on(open_pharmacy):
    pharmacy = open_pharmacy(UNREAD)
    rows = Candidates(np.zeros(1, np.int64), np.array([pharmacy.row("bar")]))
    for shared, told in ((True, 0), (False, 1)):
        asked = pharmacy.asked(shared=shared, allergies=["ingredient:peanut"])
        assert "bar" in pharmacy.shown(asked)
        assert len(pharmacy.gate.notices(asked, rows)[0]) == told
