"""A discreet slate is the same whatever its person declares."""

import pytest

from galen.data.schema import Surface

DECLARED = [
    {},
    {"states": ["condition:hypertension", "condition:kidney disease"]},
    {"states": ["population:pregnancy"]},
    {"medicines": ["ingredient:warfarin"]},
    {"allergies": ["drug_class:nsaid"]},
    {"unrecognised": True},
    {"age": 80.0},
    {"bought": [("paracetamol A", 1, 9.0)]},
    {"bought": [("acid", 1, 1.0)]},
]


@pytest.mark.parametrize("surface", [Surface.HOME, Surface.SEARCH, Surface.PUSH])
def test_what_people_declare_does_not_show_in_a_discreet_slate(pharmacy, surface):
    shown = [pharmacy.shown(pharmacy.asked(surface=surface, shared=True, **d)) for d in DECLARED]
    assert all(one == shown[0] for one in shown)
    assert "plasters" in shown[0]


def test_without_discretion_it_does_show(pharmacy):
    """Else the test above would be blind."""
    shown = [pharmacy.shown(pharmacy.asked(surface=Surface.SEARCH, **d)) for d in DECLARED]
    assert len({frozenset(one) for one in shown}) > 4


def test_a_supplement_that_somebody_may_not_have_is_left_out_for_everybody(open_pharmacy):
    shelf = [
        {"item_id": "melatonin", "title": "Melatonin tablets", "ingredients": ["melatonin 1 mg"]},
        {"item_id": "floss", "title": "Dental floss"},
    ]
    pharmacy = open_pharmacy(shelf)
    assert pharmacy.shown(pharmacy.asked()) == {"melatonin", "floss"}
    asked = pharmacy.asked(shared=True)
    assert pharmacy.shown(asked) == {"floss"}
    assert pharmacy.dropped_by(asked, "melatonin") == ["same_for_all"]
    assert pharmacy.dropped_by(asked, "floss") == []


@pytest.mark.parametrize(
    ("held", "declared"),
    [
        ({"title": "Fibre powder"}, {"states": ["condition:intestinal obstruction"]}),
        ({"ingredients": ["pde5 inhibitor"]}, {"medicines": ["drug_class:nitrate"]}),
        ({"ingredients": ["antiseptic"]}, {"allergies": ["drug_class:antiseptic"]}),
        ({"ingredients": ["biotin 5 mg"]}, {"allergies": ["ingredient:biotin"]}),
    ],
)
def test_a_good_that_one_rule_alone_speaks_of_is_left_out_for_everybody(
    open_pharmacy, held, declared
):
    """No medicine, and each known to another rule: without any one of them it would tell."""
    good = {"item_id": "good", "title": "good", "rx_class": "none"} | held
    pharmacy = open_pharmacy([good, {"item_id": "floss", "title": "Dental floss"}])
    assert pharmacy.shown(pharmacy.asked()) == {"good", "floss"}
    assert pharmacy.shown(pharmacy.asked(**declared)) == {"floss"}
    for said in ({}, declared):
        assert pharmacy.shown(pharmacy.asked(shared=True, **said)) == {"floss"}
