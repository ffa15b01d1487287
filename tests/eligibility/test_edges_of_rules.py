"""Where a rule ends: what it must still stop, and what it leaves to others."""

import msgspec
import pytest
from eligibility.conftest import medicine

from galen.data.schema import Surface
from galen.knowledge.pack import read_pack

DESK = Surface.POST_PRESCRIPTION


def test_what_the_graph_says_must_not_meet_is_asked_of_recent_purchases(open_pharmacy):
    shelf = [
        {"item_id": "bleach", "title": "Bleach"},
        {"item_id": "alcohol", "title": "Rubbing alcohol"},
    ]
    pharmacy = open_pharmacy(shelf)
    for days, shown in ((29, False), (30, True)):
        asked = pharmacy.asked(bought=[("alcohol", days, 1.0)])
        assert ("bleach" in pharmacy.shown(asked)) == shown
        assert bool(pharmacy.dropped_by(asked, "bleach")) != shown


def test_of_two_that_were_prescribed_together_both_are_handed_over(open_pharmacy):
    shelf = [
        medicine("warfarin", ["warfarin 5 mg"], rx_class="prescription"),
        medicine("strong", ["ibuprofen 600 mg"], rx_class="prescription"),
        medicine("plain", ["ibuprofen 200 mg"]),
    ]
    pharmacy = open_pharmacy(shelf)
    both = ["ingredient:warfarin", "ingredient:ibuprofen"]
    assert pharmacy.shown(pharmacy.asked(surface=DESK, prescribed=both)) == {"warfarin", "strong"}


SHELVES = [
    medicine("wort", ["st john's wort 300 mg"]),
    medicine("cough syrup", ["dextromethorphan 15 mg"]),
    medicine("hay fever pills", ["cetirizine 10 mg"]),
    medicine("pain pills", ["ibuprofen 200 mg"]),
    medicine("other pain pills", ["naproxen 250 mg"]),
    medicine("antacid", ["calcium carbonate 500 mg"]),
]


@pytest.mark.parametrize(
    ("drug_class", "member", "gone"),
    [
        ("antidepressant", "sertraline", {"wort", "cough syrup"}),
        ("antihistamine", "cetirizine", {"hay fever pills"}),
        ("nsaid", "ibuprofen", {"pain pills", "other pain pills"}),
        ("immunosuppressant", "ciclosporin", {"wort", "pain pills"}),
    ],
)
def test_whoever_takes_a_class_is_shown_nothing_that_is_closed_to_a_member_of_it(
    open_pharmacy, drug_class, member, gone
):
    pharmacy = open_pharmacy(SHELVES)
    of_class = pharmacy.asked(medicines=[f"drug_class:{drug_class}"])
    of_member = pharmacy.asked(medicines=[f"ingredient:{member}"])
    assert not gone & pharmacy.shown(of_class)
    assert pharmacy.shown(of_class) <= pharmacy.shown(of_member)
    assert "antacid" in pharmacy.shown(of_class)
    for item in gone:
        findings = pharmacy.gate.findings(of_class, 0, pharmacy.row(item))
        assert {one.rule for one in findings} & {"interaction", "duplicate"}
        assert all(one.words for one in findings)


def test_food_in_tablets_is_no_class_that_acts_on_what_its_kinds_act_on(open_pharmacy):
    pharmacy = open_pharmacy(SHELVES)
    asked = pharmacy.asked(medicines=["drug_class:foodstuff"])
    assert pharmacy.shown(asked) == pharmacy.shown(pharmacy.asked())


def test_what_is_prescribed_is_not_sold_over_the_counter_beside_it(open_pharmacy):
    shelf = [
        medicine("on prescription", ["ibuprofen 600 mg"], rx_class="prescription"),
        medicine("pain pills", ["ibuprofen 200 mg"]),
    ]
    pharmacy = open_pharmacy(shelf)
    asked = pharmacy.asked(surface=DESK, prescribed=["ingredient:ibuprofen"])
    assert pharmacy.shown(asked) == {"on prescription"}
    assert pharmacy.dropped_by(asked, "pain pills") == ["duplicate"]
    (finding,) = pharmacy.gate.findings(asked, 0, pharmacy.row("pain pills"))
    assert "prescribed" in finding.words


def test_a_supplement_and_a_medicine_of_one_ingredient_do_not_stand_in_one_slate(open_pharmacy):
    shelf = [
        {"item_id": "gummies", "title": "gummies", "ingredients": ["melatonin 1 mg"]}
        | {"rx_class": "none"},
        medicine("sleep pills", ["melatonin 2 mg"]),
    ]
    pharmacy = open_pharmacy(shelf)
    assert "sleep pills" not in pharmacy.shown(pharmacy.asked(cart=["gummies"]))
    assert pharmacy.slate(pharmacy.asked(), ["gummies", "sleep pills"]) == ["gummies"]


def test_a_prescription_does_not_unlock_what_holds_something_unknown_beside_it(open_pharmacy):
    shelf = [
        medicine("known", ["amlodipine 5 mg"], rx_class="prescription"),
        medicine("mixed", ["amlodipine 5 mg", "qwxyz 3 mg"], rx_class="prescription"),
    ]
    pharmacy = open_pharmacy(shelf)
    asked = pharmacy.asked(surface=DESK, prescribed=["ingredient:amlodipine"])
    assert pharmacy.shown(asked) == {"known"}


def test_a_prescription_unlocks_only_what_the_pack_lets_it(open_pharmacy):
    general = read_pack("general")
    (unlock,) = general.unlocked
    only = msgspec.structs.replace(unlock, concepts=("ingredient:amlodipine",))
    pharmacy = open_pharmacy(pack=msgspec.structs.replace(general, unlocked=(only,)))
    asked = {"surface": DESK, "prescribed": ["ingredient:amlodipine", "ingredient:warfarin"]}
    shown = pharmacy.shown(pharmacy.asked(**asked))
    assert "blood pressure tablets" in shown
    assert "warfarin" not in shown
