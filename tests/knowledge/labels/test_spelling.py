"""Spelling: what is one name however it is written, and what stays apart."""

import pytest

from galen.knowledge.labels.spelling import Mark, Spelling, acid_of

SPELLING = Spelling.read()
NOTHING_BUT_SALT = (
    "sodium chloride|calcium citrate|zinc sulfate|disodium hydrogen citrate|ibuprofen|"
    "塩化ナトリウム|酸化マグネシウム|硫酸锌|碳酸钙"
)


@pytest.mark.parametrize(
    "one, other",
    [
        ("Amoxycillin", "amoxicillin"),
        ("SULPHAMETHOXAZOLE", "Sulfamethoxazole"),
        ("Cephalosporin", "Cefalosporin"),
        ("Oestradiol", "Estradiol"),
        ("ｉｂｕｐｒｏｆｅｎ", "ibuprofen"),
        ("β-carotene", "Beta carotene"),
        ("Omega-3", "omega 3"),
        ("Cétuximab", "cetuximab"),
        ("para\u200bcetamol", "paracetamol"),
        ("γ-オリザノール", "γオリザノール"),
    ],
)
def test_ways_of_writing_one_name_fold_alike(one, other):
    assert SPELLING.fold(one).text == SPELLING.fold(other).text


@pytest.mark.parametrize(
    "one, other",
    [("(+)-menthol", "menthol"), ("vitamin B1", "vitamin B12"), ("ガ", "カ"), ("ビタ", "ヒタ")],
)
def test_names_that_differ_stay_apart(one, other):
    assert SPELLING.fold(one).text != SPELLING.fold(other).text


def test_look_alike_letters_are_folded_with_a_mark():
    folded = SPELLING.fold("p\u0430r\u0430cetamol")
    assert (folded.text, folded.mark) == ("paracetamol", Mark.FOLDED)
    assert SPELLING.fold("paracetamol").mark is Mark.NONE
    assert SPELLING.fold("ビタミンB12").mark is Mark.NONE


def test_a_word_of_mixed_scripts_that_cannot_be_read_is_refused():
    assert SPELLING.fold("ibu\u0436rofen").mark is Mark.REFUSED


@pytest.mark.parametrize(
    "name, base",
    [
        ("chlorpheniramine maleate", "chlorpheniramine"),
        ("sodium valproate", "valproic acid"),
        ("levofloxacin hemihydrate", "levofloxacin"),
        ("クロルフェニラミンマレイン酸塩", "クロルフェニラミン"),
        ("塩酸プソイドエフェドリン", "プソイドエフェドリン"),
        ("盐酸氨溴索", "氨溴索"),
        ("フルスルチアミン塩酸塩10", "フルスルチアミン"),
    ],
)
def test_a_salt_has_its_base(name, base):
    assert base in SPELLING.bases(name)


@pytest.mark.parametrize(
    "name",
    [
        "sodium chloride",
        "calcium citrate",
        "zinc sulfate",
        "disodium hydrogen citrate",
        "ibuprofen",
        "塩化ナトリウム",
        "酸化マグネシウム",
        "硫酸锌",
        "碳酸钙",
    ],
)
def test_what_is_nothing_but_a_salt_has_none(name):
    assert SPELLING.bases(name) == []


def test_the_acid_of_an_anion_is_named():
    assert acid_of("clavulanate") == "clavulanic acid"
    assert acid_of("ibuprofen") is None
