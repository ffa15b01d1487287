"""A label that names a drug class alone bears as the strictest member of the class does."""

import pytest
from eligibility.conftest import medicine

from galen.data.schema import Surface
from galen.eligibility.rules.withdrawn import Withdrawals

SHELF = [
    medicine("pain gel", ["NSAID"]),
    medicine("mood tablets", ["antidepressant"]),
    medicine("ibuprofen", ["ibuprofen 200 mg"]),
    medicine("ibuprofen (nsaid)", ["ibuprofen 200 mg (NSAID)", "analgesic"]),
    medicine("sertraline", ["sertraline 50 mg"]),
    medicine("warfarin", ["warfarin 5 mg"]),
    medicine("pain tablets", ["analgesic 500 mg"]),
    medicine("paracetamol", ["paracetamol 500 mg"]),
    {"item_id": "wort", "title": "Tea", "ingredients": ["St John's wort"]},
    {"item_id": "powder", "title": "Powder", "ingredients": ["milk"]},
]


@pytest.fixture(scope="module")
def shop(open_pharmacy):
    return open_pharmacy(SHELF)


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ({"medicines": ["ingredient:ibuprofen"]}, {"pain gel", "pain tablets"}),
        ({"medicines": ["ingredient:st john's wort"]}, {"mood tablets"}),
        ({"prescribed": ["ingredient:warfarin"]}, {"pain gel", "pain tablets"}),
        ({"cart": ["sertraline"]}, {"mood tablets"}),
        ({"cart": ["pain gel"]}, {"ibuprofen", "pain gel", "pain tablets", "warfarin"}),
        ({"allergies": ["ingredient:ibuprofen"]}, {"pain gel", "pain tablets"}),
        ({"allergies": ["drug_class:opioid"]}, {"pain tablets"}),
        ({"allergies": ["ingredient:whey"]}, {"powder"}),
        ({"allergies": ["ingredient:acetylsalicylic acid"]}, {"pain gel", "pain tablets"}),
        ({"states": ["population:pregnancy"]}, {"pain gel", "pain tablets"}),
        ({"age": 15.0}, {"pain gel", "pain tablets"}),  # aspirin is for those of 16
        ({"age": float("nan")}, {"pain gel", "pain tablets"}),
    ],
)
def test_whatever_bears_on_a_member_bears_on_goods_of_which_the_class_alone_is_told(
    shop, said, gone
):
    asked = shop.asked(**said)
    assert gone <= {item["item_id"] for item in SHELF} - shop.shown(asked)
    for name in gone:
        assert shop.dropped_by(asked, name)


def test_a_class_beside_a_member_of_it_says_nothing_of_other_members(shop):
    asked = shop.asked(allergies=["ingredient:acetylsalicylic acid"])
    assert {"ibuprofen", "ibuprofen (nsaid)"} <= shop.shown(asked)
    assert "ibuprofen (nsaid)" in shop.shown(shop.asked(medicines=["ingredient:codeine"]))
    assert "ibuprofen (nsaid)" not in shop.shown(shop.asked(medicines=["ingredient:ibuprofen"]))


def test_a_guess_by_the_title_does_not_explain_a_class_that_the_label_names(open_pharmacy):
    shelf = [medicine("Ibuprofen gel", ["NSAID", "qwxyz"], rx_class="none")]
    shop = open_pharmacy(shelf)
    assert not shop.shown(shop.asked(allergies=["ingredient:naproxen"]))


def test_a_class_and_a_member_of_it_do_not_stand_side_by_side(shop):
    assert shop.slate(shop.asked(), ["ibuprofen", "pain gel"]) == ["ibuprofen"]
    assert shop.slate(shop.asked(), ["pain gel", "ibuprofen"]) == ["pain gel"]
    assert shop.slate(shop.asked(), ["pain gel", "pain tablets"]) == ["pain gel"]
    assert shop.slate(shop.asked(), ["wort", "mood tablets"]) == ["wort"]


def test_what_may_be_a_member_counts_to_its_amount_and_to_its_withdrawal(open_pharmacy):
    withdrawals = Withdrawals()
    shop = open_pharmacy(SHELF, withdrawals=withdrawals)
    bought = [("paracetamol", 1, 3.0)]  # 30 g of 32
    assert "pain tablets" not in shop.shown(shop.asked(bought=bought))
    withdrawals.put("concept", "ingredient:paracetamol")
    assert not {"paracetamol", "pain tablets"} & shop.shown(shop.asked())


def test_hazards_hold_for_what_may_be_a_member(open_pharmacy):
    shelf = [
        medicine("linctus", ["cough suppressant"]),
        medicine("calm", ["benzodiazepine"]),
        {"item_id": "wine", "title": "Wine", "ingredients": ["ethanol"]},
    ]
    shop = open_pharmacy(shelf)  # a cough suppressant may be codeine
    assert not {"calm", "wine"} & shop.shown(shop.asked(bought=[("linctus", 1, 1.0)]))
    assert shop.slate(shop.asked(), ["linctus", "wine"]) == ["linctus"]


def test_a_prescription_unlocks_nothing_of_which_a_class_is_told_beside_its_molecule(open_pharmacy):
    drops = {"rx_class": "prescription"}
    shelf = [
        medicine("mixed", ["codeine 20 mg", "benzodiazepine"], **drops),
        medicine("told", ["codeine 20 mg (opioid)"], **drops),
    ]
    shop = open_pharmacy(shelf)
    asked = shop.asked(
        surface=Surface.POST_PRESCRIPTION, prescribed=["ingredient:codeine"], age=40.0
    )
    assert shop.shown(asked) == {"told"}


def test_labels_are_read_anew_where_an_item_changes(open_pharmacy):
    shop = open_pharmacy([medicine("x", ["NSAID"]), medicine("y", ["ibuprofen (NSAID)"])])
    asked = shop.asked(allergies=["ingredient:naproxen"])
    assert shop.shown(asked) == {"y"}
    record = shop.catalogue.record(shop.row("x"))
    shop.catalogue.upsert(record | {"ingredients": ["ibuprofen (NSAID)"]})
    assert shop.shown(asked) == {"x", "y"}


@pytest.mark.parametrize(
    ("said", "name", "words"),
    [
        (
            {"medicines": ["drug_class:antidepressant"]},
            "wort",
            "st john's wort interacts with antidepressant (if it is ssri)",
        ),
        (
            {"medicines": ["drug_class:antidepressant"]},
            "sertraline",
            "sertraline may be taken, prescribed or in the cart already, as antidepressant",
        ),
        (
            {"medicines": ["ingredient:sertraline"]},
            "sertraline",
            "sertraline is taken, prescribed or in the cart already",
        ),
        (
            {"medicines": ["ingredient:phenelzine"]},
            "mood tablets",
            "antidepressant (if it is sertraline) interacts with phenelzine",
        ),
        (
            {"allergies": ["ingredient:ibuprofen"]},
            "pain gel",
            "nsaid may be or hold what is not tolerated: ibuprofen",
        ),
        (
            {"states": ["population:pregnancy"]},
            "pain gel",
            "nsaid is not for people with pregnancy",
        ),
    ],
)
def test_reasons_name_what_was_said_and_what_the_label_says(shop, said, name, words):
    told = [found.words for found in shop.gate.findings(shop.asked(**said), 0, shop.row(name))]
    assert words in told
