"""What each family of health rules lets pass, on a shelf whose right answers are known."""

import numpy as np
import pytest
from eligibility.conftest import medicine
from worlds import DAY, NOW

from galen.data.schema import Kind, Surface
from galen.eligibility.gate import with_placed
from galen.eligibility.rules.hidden import NotHidden
from galen.eligibility.rules.prescription import PrescriptionBySurface
from galen.eligibility.rules.stock import InStock
from galen.eligibility.rules.withdrawn import Withdrawals
from galen.knowledge.pack import PackError, read_pack
from galen.pipeline.candidates import Candidates, Histories

FREE = {"paracetamol A", "cold sachets", "ibuprofen", "aspirin", "nose opener", "mystery pills"}
GOODS = {"bleach", "acid", "test", "plasters"}


def test_of_an_adult_who_declares_nothing_only_classes_and_surfaces_are_asked(pharmacy):
    assert pharmacy.shown(pharmacy.asked()) == FREE | GOODS | {"paracetamol B"}


@pytest.mark.parametrize("name", ["warfarin", "codeine drops", "of unknown class"])
def test_prescription_medicine_and_unknown_classes_are_offered_nowhere(pharmacy, name):
    for surface in Surface:
        assert name not in pharmacy.shown(pharmacy.asked(surface=surface))
    assert pharmacy.dropped_by(pharmacy.asked(), name)[0] in ("prescription", "offer-prescription")


def test_a_prescription_unlocks_its_molecule_after_a_prescription_and_nothing_else(pharmacy):
    asked = {"surface": Surface.POST_PRESCRIPTION, "prescribed": ["ingredient:amlodipine"]}
    assert "blood pressure tablets" in pharmacy.shown(pharmacy.asked(**asked))
    assert not {"warfarin", "codeine drops"} & pharmacy.shown(pharmacy.asked(**asked))
    elsewhere = asked | {"surface": Surface.SEARCH}
    assert "blood pressure tablets" not in pharmacy.shown(pharmacy.asked(**elsewhere))


@pytest.mark.parametrize("pack", ["eu", "us", "cn"])
def test_what_may_not_be_sold_online_no_prescription_unlocks(open_pharmacy, pack):
    pharmacy = open_pharmacy(pack=pack)
    asked = pharmacy.asked(
        surface=Surface.POST_PRESCRIPTION, prescribed=["ingredient:codeine"], age=40
    )
    assert "codeine drops" not in pharmacy.shown(asked)
    assert any(rule.startswith(pack) for rule in pharmacy.dropped_by(asked, "codeine drops"))


def test_a_person_too_young_or_of_unknown_age_is_not_shown_what_has_a_legal_age(pharmacy):
    assert "aspirin" in pharmacy.shown(pharmacy.asked(age=16.0))
    assert "aspirin" not in pharmacy.shown(pharmacy.asked(age=15.0))
    assert "aspirin" not in pharmacy.shown(pharmacy.asked(age=float("nan")))
    assert "age-aspirin" in pharmacy.dropped_by(pharmacy.asked(age=15.0), "aspirin")


def test_pregnant_people_are_not_shown_what_harms_and_warned_of_what_might(pharmacy):
    asked = pharmacy.asked(states=["population:pregnancy"])
    shown = pharmacy.shown(asked)
    assert not {"ibuprofen", "aspirin"} & shown
    assert "paracetamol A" in shown
    rows = Candidates(np.array([0]), np.array([pharmacy.row("paracetamol A")]))
    (told,) = pharmacy.gate.notices(asked, rows)
    assert any("pregnancy" in notice for notice in told)
    (nothing,) = pharmacy.gate.notices(pharmacy.asked(), rows)
    assert nothing == []


def test_high_blood_pressure_closes_decongestants(pharmacy):
    asked = pharmacy.asked(states=["condition:hypertension"])
    assert not {"nose opener", "cold sachets"} & pharmacy.shown(asked)
    assert "pressure-decongestants" in pharmacy.dropped_by(asked, "nose opener")


def test_an_allergy_to_a_class_closes_its_members_and_one_to_a_member_only_that(pharmacy):
    to_class = pharmacy.shown(pharmacy.asked(allergies=["drug_class:nsaid"]))
    assert not {"ibuprofen", "aspirin"} & to_class
    to_member = pharmacy.shown(pharmacy.asked(allergies=["ingredient:ibuprofen"]))
    assert "ibuprofen" not in to_member
    assert "aspirin" in to_member


def test_what_acts_on_a_medicine_that_is_taken_is_not_shown(pharmacy):
    asked = pharmacy.asked(medicines=["ingredient:warfarin"])
    assert not {"ibuprofen", "aspirin"} & pharmacy.shown(asked)
    (first, *_) = pharmacy.gate.findings(asked, 0, pharmacy.row("aspirin"))
    assert (first.rule, first.action) == ("interaction", 2)
    assert "warfarin" in first.words.lower()
    assert first.citation


def test_what_a_cart_is_only_known_to_be_a_kind_of_acts_on_medicines(open_pharmacy):
    shelf = [
        {"item_id": "spray", "title": "spray", "ingredients": ["glyceryl trinitrate 0.4 mg"]},
        {"item_id": "pills", "title": "pills", "ingredients": ["PDE5 inhibitor"]},
    ]
    pharmacy = open_pharmacy([one | {"rx_class": "otc"} for one in shelf])
    assert pharmacy.shown(pharmacy.asked()) == {"spray", "pills"}
    assert "spray" not in pharmacy.shown(pharmacy.asked(cart=["pills"]))
    assert pharmacy.dropped_by(pharmacy.asked(cart=["pills"]), "spray")


def test_what_was_prescribed_acts_on_what_is_sold_beside_it(pharmacy):
    asked = pharmacy.asked(
        surface=Surface.POST_PRESCRIPTION,
        prescribed=["ingredient:warfarin", "ingredient:amlodipine"],
    )
    shown = pharmacy.shown(asked)
    assert not {"ibuprofen", "aspirin"} & shown
    assert {"warfarin", "blood pressure tablets"} <= shown  # who wrote one knew of the other
    assert pharmacy.dropped_by(asked, "ibuprofen")


@pytest.mark.parametrize("where", ["cart", "medicines"])
def test_one_ingredient_twice_is_not_shown_whatever_the_brand(pharmacy, where):
    declared = {"cart": ["paracetamol A"]} if where == "cart" else {}
    declared |= {"medicines": ["ingredient:paracetamol"]} if where == "medicines" else {}
    shown = pharmacy.shown(pharmacy.asked(**declared))
    assert not {"cold sachets", "paracetamol B"} & shown
    assert "ibuprofen" in shown


def test_a_refill_shows_again_what_was_bought_but_not_beside_itself_in_the_cart(pharmacy):
    row = pharmacy.row("paracetamol A")
    history = Histories(
        np.array([0, 1]), np.array([row]), np.array([int(Kind.PURCHASE)]), np.array([NOW - DAY])
    )
    taken = {"medicines": ["ingredient:paracetamol"], "history": history, "refill": True}
    shown = pharmacy.shown(pharmacy.asked(**taken))
    assert "paracetamol A" in shown
    assert "paracetamol B" not in shown
    assert "paracetamol A" not in pharmacy.shown(pharmacy.asked(**taken, cart=["paracetamol B"]))


def test_a_household_may_buy_so_much_of_an_ingredient_within_some_days(open_pharmacy):
    pharmacy = open_pharmacy(pack="eu")  # 720 mg in 30 days; a pack holds 360 mg
    assert "nose opener" in pharmacy.shown(pharmacy.asked(bought=[("nose opener", 3, 1.0)]))
    twice = pharmacy.asked(bought=[("nose opener", 3, 2.0)])
    assert "nose opener" not in pharmacy.shown(twice)
    assert "eu-pseudoephedrine" in pharmacy.dropped_by(twice, "nose opener")
    assert "nose opener" in pharmacy.shown(pharmacy.asked(bought=[("nose opener", 31, 2.0)]))
    in_cart = pharmacy.asked(bought=[("nose opener", 3, 1.0)], cart=["nose opener"])
    assert "nose opener" not in pharmacy.shown(in_cart)


def test_where_an_amount_is_not_known_one_pack_may_be_bought(open_pharmacy):
    shelf = [
        {"item_id": "drops", "title": "drops", "ingredients": ["pseudoephedrine"]}
        | {"rx_class": "otc", "pack_size": 1.0, "pack_unit": "piece"}
    ]
    pharmacy = open_pharmacy(shelf, pack="eu")
    assert "drops" in pharmacy.shown(pharmacy.asked())
    assert "drops" not in pharmacy.shown(pharmacy.asked(bought=[("drops", 3, 1.0)]))


def test_where_a_part_of_an_amount_is_not_known_the_known_part_counts_in_full(open_pharmacy):
    much = {"item_id": "much", "title": "much", "rx_class": "otc"}
    much |= {"pack_size": 100.0, "pack_unit": "tablets"}
    known = much | {"ingredients": ["pseudoephedrine 60 mg"]}
    vague = much | {"ingredients": ["pseudoephedrine 60 mg", "pseudoephedrine hydrochloride"]}
    for shelf in (known, vague):
        pharmacy = open_pharmacy([shelf], pack="eu")
        assert "eu-pseudoephedrine" in pharmacy.dropped_by(pharmacy.asked(), "much")


def test_what_is_twice_in_the_cart_counts_twice(open_pharmacy):
    pharmacy = open_pharmacy(pack="eu")
    once, twice = (pharmacy.asked(cart=["nose opener"] * n) for n in (1, 2))
    assert "eu-pseudoephedrine" not in pharmacy.dropped_by(once, "nose opener")
    assert "eu-pseudoephedrine" in pharmacy.dropped_by(twice, "nose opener")


def three_that_must_not_meet(tmp_path):
    """A pack that denies caffeine, zinc and menthol together."""
    file = tmp_path / "own.toml"
    file.write_text(
        'base = "general"\nname = "own"\nedition = "1"\ndate = 2026-01-01\n'
        '[[hazard]]\nid = "three"\ndays = 7\ncitation = "house"\ndate = 2026-01-01\n'
        'sets = [["ingredient:caffeine"], ["ingredient:zinc"], ["ingredient:menthol"]]\n'
    )
    return str(file)


def holding(**held):
    """A shelf of supplements, by what each holds."""
    return [
        {"item_id": name, "title": name, "ingredients": some, "rx_class": "none"}
        for name, some in held.items()
    ]


def test_goods_that_bring_two_of_three_at_once_are_the_last_ones_too(open_pharmacy, tmp_path):
    shelf = holding(
        one=["caffeine"], two=["zinc", "menthol"], three=["caffeine", "zinc", "menthol"]
    )
    pharmacy = open_pharmacy(shelf, pack=three_that_must_not_meet(tmp_path))
    assert pharmacy.shown(pharmacy.asked()) == {"one", "two", "three"}
    assert pharmacy.shown(pharmacy.asked(cart=["one"])) == {"one"}
    assert pharmacy.shown(pharmacy.asked(cart=["two"])) == {"two"}


def test_hazardous_goods_do_not_meet_and_a_card_says_whom_to_call(pharmacy):
    asked = pharmacy.asked(bought=[("bleach", 3, 1.0)])
    assert "acid" not in pharmacy.shown(asked)
    assert "bleach" in pharmacy.shown(asked)
    (cards,) = pharmacy.gate.cards(asked)
    assert any("poison" in card for card in cards)
    assert pharmacy.gate.cards(pharmacy.asked()) == [[]]
    assert "acid" in pharmacy.shown(pharmacy.asked(bought=[("bleach", 300, 1.0)]))


@pytest.mark.parametrize(
    "asked", [{"surface": Surface.PUSH}, {"surface": Surface.PAID}, {"shared": True}]
)
def test_what_tells_of_a_person_is_not_shown_where_others_look_on(pharmacy, asked):
    assert "test" not in pharmacy.shown(pharmacy.asked(**asked))
    assert "plasters" in pharmacy.shown(pharmacy.asked(**asked))


def test_medicine_of_unknown_contents_is_never_taken_to_be_safe(pharmacy):
    rows = Candidates(np.array([0]), np.array([pharmacy.row("mystery pills")]))
    (told,) = pharmacy.gate.notices(pharmacy.asked(), rows)
    assert told == ["We do not know all that this holds. Ask a pharmacist whether it suits you."]
    assert [found.rule for found in pharmacy.gate.findings(pharmacy.asked(), 0, rows.item[0])] == [
        "unknown"
    ]
    assert "mystery pills" not in pharmacy.shown(pharmacy.asked(states=["population:pregnancy"]))
    assert "plasters" in pharmacy.shown(pharmacy.asked(states=["population:pregnancy"]))


def test_where_a_declared_medicine_is_not_recognised_every_medicine_has_a_notice(pharmacy):
    asked = pharmacy.asked(unrecognised=True)
    for name in ("ibuprofen", "plasters"):
        rows = Candidates(np.array([0]), np.array([pharmacy.row(name)]))
        (told,) = pharmacy.gate.notices(asked, rows)
        assert bool(told) == (name == "ibuprofen")
        assert all("what you told us" in notice for notice in told)


def test_what_is_withdrawn_is_gone_until_it_is_lifted(open_pharmacy):
    listed = Withdrawals()
    pharmacy = open_pharmacy(withdrawals=listed)
    for what, name in (("item", "ibuprofen"), ("concept", "ingredient:ibuprofen")):
        assert "ibuprofen" in pharmacy.shown(pharmacy.asked())
        listed.put(what, name)
        assert "ibuprofen" not in pharmacy.shown(pharmacy.asked())
        listed.lift(what, name)
    listed.put("product", "other brand")
    assert "paracetamol B" not in pharmacy.shown(pharmacy.asked())


@pytest.mark.parametrize(
    ("batch", "recalled"), [("L123", "l123"), ("L123", " L123 "), ("l  123", "L 123")]
)
def test_a_recall_of_a_batch_holds_whatever_its_capitals_and_blanks(open_pharmacy, batch, recalled):
    listed = Withdrawals()
    shelf = [medicine("pills", ["ibuprofen 200 mg"], batch=batch)]
    pharmacy = open_pharmacy(shelf, withdrawals=listed)
    assert pharmacy.shown(pharmacy.asked()) == {"pills"}
    listed.put("batch", recalled)
    assert pharmacy.shown(pharmacy.asked()) == set()
    listed.lift("batch", recalled)
    listed.put("batch", "L124")
    assert pharmacy.shown(pharmacy.asked()) == {"pills"}


def test_what_is_withdrawn_by_a_concept_is_not_forgotten_where_the_knowledge_lacks_it(
    open_pharmacy,
):
    listed = Withdrawals()
    listed.put("concept", "ingredient:unobtainium")
    with pytest.raises(PackError, match=r"ingredient:unobtainium was withdrawn.*lift it there"):
        open_pharmacy(withdrawals=listed)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("hidden", {"hidden": True}),
        ("elsewhere", {"regions": ["west"]}),
        ("not yet", {"min_age": 18}),
    ],
)
def test_no_recipe_shows_what_the_shop_hides_or_may_not_sell_to_this_person(
    open_pharmacy, name, changed
):
    pharmacy = open_pharmacy([{"item_id": name, "title": name} | changed])
    asked = pharmacy.asked(age=5.0)
    one = Candidates(np.array([0]), np.array([0]))
    for filters in ((), (InStock(pharmacy.catalogue),)):
        kept = [rule.keep(asked, one)[0] for rule in pharmacy.gate.guarding(filters)]
        assert not all(kept)
    twice = pharmacy.gate.guarding((NotHidden(pharmacy.catalogue),))
    assert sum(rule.rule == "hidden" for rule in twice) == 1


def test_a_recipe_s_own_rule_gives_way_to_the_gate_s_of_the_same_name(pharmacy):
    """The recipe's would close the prescription that the gate's unlocks."""
    own = PrescriptionBySurface(pharmacy.catalogue)
    asked = pharmacy.asked(surface=Surface.POST_PRESCRIPTION, prescribed=["ingredient:amlodipine"])
    one = Candidates(np.array([0]), np.array([pharmacy.row("blood pressure tablets")]))
    assert not own.keep(asked, one)[0]
    guarding = pharmacy.gate.guarding((own, InStock(pharmacy.catalogue)))
    assert [rule.rule for rule in guarding].count("prescription") == 1
    assert all(rule.keep(asked, one)[0] for rule in guarding if rule.rule != "stock")
    assert "stock" in [rule.rule for rule in guarding]


def test_an_item_that_changed_is_judged_by_what_it_holds_now(open_pharmacy):
    pharmacy = open_pharmacy()
    asked = pharmacy.asked(medicines=["ingredient:warfarin"])
    assert "plasters" in pharmacy.shown(asked)
    record = pharmacy.catalogue.record(pharmacy.row("plasters"))
    pharmacy.catalogue.upsert(record | {"ingredients": ["aspirin 500 mg", "menthol", "camphor"]})
    assert "plasters" not in pharmacy.shown(asked)
    pharmacy.catalogue.upsert(record | {"item_id": "new", "ingredients": ["ibuprofen 200 mg"]})
    assert "new" not in pharmacy.shown(asked)


def test_a_slate_keeps_the_better_of_two_that_do_not_go_together(pharmacy):
    asked = pharmacy.asked()
    assert pharmacy.slate(asked, ["paracetamol A", "cold sachets", "plasters"]) == [
        "paracetamol A",
        "plasters",
    ]
    assert pharmacy.slate(asked, ["warfarin", "aspirin"]) == ["warfarin"]
    assert pharmacy.slate(asked, ["bleach", "plasters", "acid"]) == ["bleach", "plasters"]
    assert pharmacy.slate(asked, ["plasters", "ibuprofen", "bleach"], n=2) == [
        "plasters",
        "ibuprofen",
    ]


def test_a_slate_remembers_the_hazard_sets_of_what_it_holds(open_pharmacy, tmp_path):
    """Of a triple only a pack tells: no pair of it is hazardous by the graph."""
    shelf = holding(zinc=["zinc"], menthol=["menthol"], caffeine=["caffeine"])
    pharmacy = open_pharmacy(shelf, pack=three_that_must_not_meet(tmp_path))
    asked = pharmacy.asked()
    assert pharmacy.slate(asked, ["zinc", "menthol", "caffeine"]) == ["zinc", "menthol"]
    assert pharmacy.slate(asked, ["caffeine", "menthol"]) == ["caffeine", "menthol"]
    in_cart = pharmacy.asked(cart=["zinc"])
    assert pharmacy.slate(in_cart, ["menthol", "caffeine"]) == ["menthol"]


def test_a_slate_counts_the_amounts_of_its_own_items(open_pharmacy):
    record = {"title": "nose opener", "ingredients": ["pseudoephedrine 30 mg"], "rx_class": "otc"}
    packs = [
        record | {"item_id": f"{n}", "pack_size": 12.0, "pack_unit": "tablets"} for n in range(3)
    ]
    pharmacy = open_pharmacy(packs, pack=_without_duplicates("eu"))
    assert pharmacy.slate(pharmacy.asked(), ["0", "1", "2"]) == ["0", "1"]


def test_what_a_slate_holds_counts_for_what_is_put_after_it(pharmacy):
    asked = pharmacy.asked()
    placed = Candidates(np.array([0]), np.array([pharmacy.row("paracetamol A")]))
    assert "cold sachets" in pharmacy.shown(asked)
    assert "cold sachets" not in pharmacy.shown(with_placed(asked, placed))


def test_notices_and_help_lines_are_in_the_language_of_the_pack(open_pharmacy):
    pharmacy = open_pharmacy(pack="cn")
    (cards,) = pharmacy.gate.cards(pharmacy.asked(cart=["bleach"]))
    assert any("漂白剂" in card for card in cards)
    rows = Candidates(np.array([0]), np.array([pharmacy.row("paracetamol A")]))
    (own,) = pharmacy.gate.notices(pharmacy.asked(states=["population:pregnancy"]), rows)
    assert "妊娠期或哺乳期使用前请咨询药师。" in own
    rows = Candidates(np.array([0]), np.array([pharmacy.row("mystery pills")]))
    assert "药师" in pharmacy.gate.notices(pharmacy.asked(), rows)[0][0]


def test_a_rule_about_something_unknown_is_no_rule(open_pharmacy, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        'base = "general"\nname = "own"\nedition = "1"\ndate = 2026-01-01\n'
        '[[not_online]]\nid = "x"\nconcepts = ["ingredient:unobtainium"]\n'
        'citation = "none"\ndate = 2026-01-01\n'
    )
    with pytest.raises(PackError, match=r"rule x.*ingredient:unobtainium"):
        open_pharmacy(pack=str(file))


def _without_duplicates(pack):
    import msgspec

    return msgspec.structs.replace(read_pack(pack), duplicates="warn")
