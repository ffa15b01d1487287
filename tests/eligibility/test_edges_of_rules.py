"""Where a rule ends: what it must still stop, and what it leaves to others."""

import msgspec
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
