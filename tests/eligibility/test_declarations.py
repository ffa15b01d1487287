"""Words that people declare become all that they may mean."""

from dataclasses import replace

import numpy as np
import pytest

from galen.data.importing.people import UNREADABLE
from galen.eligibility.declarations import NAMES, Declarations, RequestWords
from galen.features.ledger import Ledger
from galen.knowledge.labels.ingredient_names import IngredientNames
from galen.knowledge.labels.spelling import Spelling
from galen.pipeline.candidates import Candidates

NOBODY = {"conditions": None, "medicines": None, "allergies": None, "life_stage": None}


@pytest.fixture(scope="module")
def declared(pharmacy, reader):
    """What words of one request say, as ids of concepts or names of items."""
    gate = pharmacy.gate
    words = Declarations.over(gate.premises, reader.names)

    def told(record=None, **said):
        bought = Ledger().bought([-1], [0])
        return words.of([RequestWords(**said)], [NOBODY | (record or {})], bought)

    return told


def names(pharmacy, packed):
    return {pharmacy.gate.premises.graph.ids[row] for row in packed.values}


@pytest.mark.parametrize(
    ("word", "both"),
    [
        ("nitrate", {"ingredient:nitrate", "drug_class:nitrate"}),
        ("Nitrates", {"ingredient:nitrate", "drug_class:nitrate"}),
        ("benzodiazepine", {"ingredient:1,2-benzodiazepine", "drug_class:benzodiazepine"}),
        ("xanthine", {"ingredient:xanthine", "drug_class:xanthine"}),
        ("ingredient:nitrate", {"ingredient:nitrate"}),
        ("warfarin", {"ingredient:warfarin"}),
    ],
)
@pytest.mark.parametrize("field", ["medicines", "allergies"])
def test_a_word_for_a_class_and_an_ingredient_is_both(pharmacy, declared, field, word, both):
    found = declared(**{field: [word]})
    assert names(pharmacy, getattr(found, field)) >= both
    assert not found.unrecognised.any()
    of_record = declared({field: [word]})
    assert names(pharmacy, getattr(of_record, field)) >= both


def test_a_word_that_nothing_is_named_by_is_remembered_as_such(declared):
    assert declared(medicines=["xyzzy"]).unrecognised.all()
    assert declared({"conditions": ["xyzzy"]}).unrecognised.all()
    for field in ("conditions", "medicines", "allergies"):
        assert declared({field: [UNREADABLE]}).unrecognised.all()
    assert not declared(conditions=["Pregnancy"]).unrecognised.any()


def test_a_cart_holds_an_item_as_often_as_it_was_put_there(pharmacy, declared):
    found = declared(cart=["ibuprofen", "aspirin", "ibuprofen"])
    rows = [pharmacy.row(name) for name in ("ibuprofen", "aspirin", "ibuprofen")]
    assert found.cart.values.tolist() == rows
    assert not found.unrecognised.any()


def test_of_goods_in_the_cart_that_nobody_knows_nothing_is_taken_to_be_safe(pharmacy, declared):
    found = declared(cart=["from elsewhere", "aspirin"])
    assert found.unrecognised.all()
    assert np.array_equal(found.cart.values, [pharmacy.row("aspirin")])


@pytest.mark.parametrize(
    "word",
    [
        *("怀孕", "妊娠中", "expecting a baby", "孕妇", "Pregnant", "pregnancy", "expecting"),
        *("pregnant woman", "ｐｒｅｇｎａｎｔ", "孕婦", "懷孕", "妊婦さん", "schwanger"),
        *("Mother to be", "孕期"),
    ],
)
@pytest.mark.parametrize("where", ["request", "record", "life stage"])
def test_whoever_says_to_be_expecting_is_known_to_be_pregnant(pharmacy, declared, word, where):
    said = {
        "request": {"conditions": [word]},
        "record": {"record": {"conditions": [word]}},
        "life stage": {"record": {"life_stage": word}},
    }
    found = declared(**said[where])
    assert "population:pregnancy" in names(pharmacy, found.states)
    assert not found.unrecognised.any()
    shown = pharmacy.shown(replace(pharmacy.asked(), circumstances=found))
    assert not {"ibuprofen", "aspirin"} & shown
    assert "paracetamol A" in shown


def test_a_life_stage_that_is_no_pregnancy_closes_nothing(pharmacy, declared):
    for word in ("family", "menopause", "备孕"):
        found = declared(conditions=[word])
        assert "population:pregnancy" not in names(pharmacy, found.states)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("nursing", "population:lactation"),
        ("breast feeding", "population:lactation"),
        ("哺乳", "population:lactation"),
        ("母乳喂养", "population:lactation"),
        ("授乳中", "population:lactation"),
        ("TTC", "population:trying to conceive"),
        ("准备怀孕", "population:trying to conceive"),
        ("Parkinson\u2019s disease", "condition:parkinson's disease"),
        ("parkinson's", "condition:parkinson's disease"),
        ("Type-2 diabetes", "condition:type 2 diabetes mellitus"),
        ("Asthma.", "condition:asthma"),
        ("hy\u00adpertension", "condition:hypertension"),
        ("population: pregnancy", "population:pregnancy"),
    ],
)
def test_a_state_is_known_however_it_is_written(pharmacy, declared, word, state):
    found = declared(conditions=[word])
    assert state in names(pharmacy, found.states)
    assert not found.unrecognised.any()


@pytest.mark.parametrize(
    ("words", "states"),
    [
        ("hypertension, asthma", {"condition:hypertension", "condition:asthma"}),
        ("I am pregnant (20 weeks)", {"population:pregnancy"}),
        ("本人孕妇，有高血压", {"population:pregnancy", "condition:hypertension"}),
        ("asthma, no diabetes", {"condition:asthma"}),
        ("not pregnant", set()),
        ("没有高血压", set()),
        ("no known allergies", set()),
    ],
)
def test_what_stands_within_a_sentence_is_acted_on_and_the_rest_is_not_taken_to_be_safe(
    pharmacy, declared, words, states
):
    found = declared(conditions=[words])
    assert names(pharmacy, found.states) == states
    assert found.unrecognised.all()


@pytest.mark.parametrize(
    ("word", "goods"),
    [
        ("Warfarin 5 mg", {"ingredient:warfarin"}),
        ("ibuprofen, codeine", {"ingredient:ibuprofen", "ingredient:codeine"}),
        ("Coumadin", {"ingredient:warfarin"}),
        ("XARELTO 20mg", {"ingredient:rivaroxaban"}),
        ("万艾可", {"ingredient:sildenafil"}),
        ("statins", {"drug_class:statin"}),
        ("Beta-blockers", {"drug_class:beta blocker"}),
        ("MAOIs", {"drug_class:mao inhibitor"}),
        ("St John\u2019s Wort", {"ingredient:st john's wort"}),
    ],
)
@pytest.mark.parametrize("field", ["medicines", "allergies", "prescriptions"])
def test_a_good_is_known_however_it_is_written(pharmacy, declared, field, word, goods):
    found = declared(**{field: [word]})
    said = found.prescribed if field == "prescriptions" else getattr(found, field)
    assert names(pharmacy, said) == goods
    assert not found.unrecognised.any()


@pytest.mark.parametrize(
    ("words", "goods"),
    [
        ("ibuprofen and codeine", {"ingredient:ibuprofen", "ingredient:codeine"}),
        ("warfarine", {"ingredient:warfarin"}),
        ("Phenoxymethylpenicilin", {"ingredient:phenoxymethylpenicillin"}),
        ("布洛芬和可待因", {"ingredient:ibuprofen", "ingredient:codeine"}),
        ("no aspirin", set()),
    ],
)
def test_of_goods_half_understood_what_is_understood_counts(pharmacy, declared, words, goods):
    found = declared(medicines=[words])
    assert names(pharmacy, found.medicines) == goods
    assert found.unrecognised.all()


@pytest.mark.parametrize(
    ("word", "barred"),
    [
        ("fish", "fish oil"),
        ("fish", "fish"),
        ("fish", "cod liver oil"),
        ("fish allergy", "krill oil"),
        ("iodine", "potassium iodide"),
        ("iodine", "iodine"),
        ("碘过敏", "kelp"),
        ("nut allergy", "hazelnut"),
        ("Latex Allergy", "natural latex"),
        ("penicillin", "amoxicillin"),
        ("penicillin allergy", "benzylpenicillin"),
        ("青霉素过敏", "phenoxymethylpenicillin"),
        ("sulfa", "sulfamethoxazole"),
        ("aspirin allergy", "ibuprofen"),
        ("peanuts", "peanut oil"),
        ("nuts", "hazelnut"),
        ("milk", "whey protein"),
        ("milk", "lactose monohydrate"),
    ],
)
def test_what_is_not_tolerated_is_not_shown_whether_good_or_condition(
    open_pharmacy, reader, word, barred
):
    good = {"item_id": "good", "title": "good", "ingredients": [barred]}
    pharmacy = open_pharmacy([good, {"item_id": "floss", "title": "Dental floss"}])
    words = Declarations.over(pharmacy.gate.premises, reader.names)
    found = words.of([RequestWords(allergies=[word])], [NOBODY], Ledger().bought([-1], [0]))
    assert not found.unrecognised.any()
    assert pharmacy.shown(pharmacy.asked()) == {"good", "floss"}
    assert pharmacy.shown(replace(pharmacy.asked(), circumstances=found)) == {"floss"}


@pytest.mark.parametrize(
    ("word", "barred"),
    [
        ("shellfish", "glucosamine"),
        ("贝类", "glucosamine"),
        ("shrimp allergy", "krill oil"),
        ("pollen", "bee pollen"),
        ("hay fever", "flower pollen"),
    ],
)
def test_an_allergy_known_as_a_condition_alone_warns_of_what_cannot_be_read(
    open_pharmacy, reader, word, barred
):
    shelf = [
        {"item_id": "good", "title": "good", "ingredients": [barred]},
        {"item_id": "unread", "title": "unread", "ingredients": ["essence of qwxyz"]},
        {"item_id": "floss", "title": "Dental floss"},
    ]
    pharmacy = open_pharmacy(shelf)
    words = Declarations.over(pharmacy.gate.premises, reader.names)
    found = words.of([RequestWords(allergies=[word])], [NOBODY], Ledger().bought([-1], [0]))
    assert found.unrecognised.all()
    asked = replace(pharmacy.asked(), circumstances=found)
    assert pharmacy.shown(asked) == {"unread", "floss"}
    rows = [pharmacy.row(name) for name in ("unread", "floss")]
    slate = Candidates(np.zeros(2, np.int64), np.array(rows))
    unread, floss = pharmacy.gate.notices(asked, slate)
    assert unread
    assert not floss


@pytest.mark.parametrize(
    "word", ["xyzzy", "amoxicilline trihydrat forte", "Phenoxymethylpenicilin"]
)
def test_a_prescription_that_is_guessed_at_unlocks_nothing_and_is_not_taken_to_be_safe(
    declared, word
):
    found = declared(prescriptions=[word])
    assert not len(found.prescribed.values)
    assert found.unrecognised.all()


def test_a_prescription_unlocks_one_of_those_that_share_a_name(pharmacy, declared):
    found = declared(prescriptions=["citalopram"])
    assert names(pharmacy, found.prescribed) == {"ingredient:citalopram"}
    taken = declared(medicines=["citalopram"])
    assert names(pharmacy, taken.medicines) == {"ingredient:citalopram", "ingredient:escitalopram"}


def test_a_medicine_of_unknown_contents_in_the_cart_is_not_taken_to_be_safe(declared):
    assert declared(cart=["mystery pills"]).unrecognised.all()
    assert not declared(cart=["plasters", "ibuprofen"]).unrecognised.any()


def test_an_id_of_another_kind_than_is_asked_for_says_nothing(pharmacy, declared):
    found = declared(conditions=["ingredient:ibuprofen"], medicines=["condition:asthma"])
    assert not names(pharmacy, found.states) & {"ingredient:ibuprofen"}
    assert found.unrecognised.all()
    kept = declared(allergies=["product_word:plasters"])
    assert names(pharmacy, kept.allergies) == {"product_word:plasters"}
    assert not kept.unrecognised.any()


class Counted(IngredientNames):
    """Names that count how many words they were asked for, and how many they might guess at."""

    guessed = looked_up = 0

    def find(self, mentions):
        self.guessed += len(mentions)
        return super().find(mentions)

    def known(self, mentions):
        self.looked_up += len(mentions)
        return super().known(mentions)


@pytest.mark.parametrize("separator", [",", "、", " + ", ";", "(x)"])
@pytest.mark.parametrize("length", [1, 8, 11])
def test_what_one_request_costs_grows_with_its_words_and_not_with_their_parts(
    pharmacy, separator, length
):
    premises = pharmacy.gate.premises
    names = Counted(premises.graph, Spelling.read())
    words = Declarations.over(premises, names)
    odd = [chr(97 + number) * length for number in range(26)]
    word = separator.join(odd * 10)[:200]
    said = RequestWords(medicines=[word] * 5, allergies=[word] * 5, prescriptions=[word] * 5)
    found = words.of([said], [NOBODY], Ledger().bought([-1], [0]))
    assert found.unrecognised.all()
    assert 0 < names.guessed <= 15
    assert 0 < names.looked_up <= 20 * NAMES * 2  # 15 words, of which 5 are prescribed


def test_a_list_of_many_names_is_read_as_a_text(pharmacy, declared):
    most = ", ".join(["warfarin", *["zinc"] * (NAMES - 1)])
    known = declared(medicines=[most])
    assert not known.unrecognised.any()
    more = declared(medicines=[f"{most}, aspirin"])
    assert names(pharmacy, more.medicines) == names(pharmacy, known.medicines) | {
        "ingredient:aspirin"
    }
    assert more.unrecognised.all()


@pytest.mark.parametrize("stage", ["week 30", "期待宝宝"])
def test_a_life_stage_of_which_nothing_is_known_is_not_recognised(declared, stage):
    assert declared({"life_stage": stage}).unrecognised.all()
    assert declared(conditions=[stage]).unrecognised.all()


def test_a_life_stage_in_a_shop_s_own_words_around_a_known_one_is(declared):
    assert not declared({"life_stage": "expecting a baby, app users"}).unrecognised.any()


@pytest.mark.parametrize("word", ["peanut", "xyzzy"])
def test_an_allergy_is_one_whether_its_word_is_known_or_not(declared, word):
    assert declared(allergies=[word]).intolerant.tolist() == [True]
    assert declared(medicines=[word]).intolerant.tolist() == [False]
