"""Who reacts to one medicine may react to others: the pack says to which, and what is done."""

import msgspec
import numpy as np
import pytest
from eligibility.conftest import medicine

from galen.knowledge.pack import read_pack
from galen.pipeline.candidates import Candidates

SHELF = [
    medicine("amoxicillin", ["amoxicillin 500 mg"]),
    medicine("penicillin v", ["phenoxymethylpenicillin 250 mg"]),
    medicine("cefalexin", ["cefalexin 500 mg"]),
    medicine("ibuprofen", ["ibuprofen 200 mg"]),
    medicine("paracetamol", ["paracetamol 500 mg"]),
]


@pytest.mark.parametrize(
    ("allergy", "gone", "warned"),
    [
        ("ingredient:amoxicillin", {"amoxicillin"}, {"penicillin v", "cefalexin"}),
        ("ingredient:phenoxymethylpenicillin", {"penicillin v"}, {"amoxicillin", "cefalexin"}),
        ("drug_class:penicillin", {"amoxicillin", "penicillin v"}, {"cefalexin"}),
        ("ingredient:acetylsalicylic acid", set(), {"ibuprofen"}),
        ("ingredient:peanut", set(), set()),
    ],
)
def test_an_allergy_to_one_warns_of_what_cross_reacts_with_it(open_pharmacy, allergy, gone, warned):
    pharmacy = open_pharmacy(SHELF)
    asked = pharmacy.asked(allergies=[allergy])
    rows = np.arange(len(SHELF))
    notices = pharmacy.gate.notices(asked, Candidates(np.zeros(len(rows), np.int64), rows))
    told = {pharmacy.catalogue.ids[row] for row, said in enumerate(notices) if said}
    shown = pharmacy.shown(asked)
    assert {item["item_id"] for item in SHELF} - shown == gone
    assert told & shown == warned


def test_a_pack_may_drop_it_and_the_reason_is_its_rule(open_pharmacy):
    pack = read_pack("general")
    rules = tuple(msgspec.structs.replace(rule, action="drop") for rule in pack.cross_reaction)
    pharmacy = open_pharmacy(SHELF, msgspec.structs.replace(pack, cross_reaction=rules))
    asked = pharmacy.asked(allergies=["ingredient:amoxicillin"])
    assert pharmacy.shown(asked) == {"ibuprofen", "paracetamol"}
    assert pharmacy.dropped_by(asked, "cefalexin") == ["cross-beta-lactams"]
    (found,) = pharmacy.gate.findings(asked, 0, pharmacy.row("cefalexin"))
    assert found.words == "who reacts to amoxicillin may react to cefalexin"
