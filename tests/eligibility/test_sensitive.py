"""Goods of private categories stand on no screen that others see, however a shop names these."""

import pytest
from eligibility.conftest import Pharmacy
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.schema import Surface
from galen.eligibility.guard import Guard

PRIVATE = [
    *["Condoms & Lubricants", "condom", "Pregnancy Tests", "HIV tests", "sexual-health", "避孕套"],
    *["Smoking Cessation Aids", "Hemorrhoids", "Mental Health & Sleep", "ＣＯＮＤＯＭＳ"],
]
OPEN = ["First aid", "Health", "Sleep", "Vitamins", "维生素"]


@pytest.mark.parametrize("level", [0, 1])
def test_a_category_is_private_by_any_word_in_its_name(open_pharmacy, level):
    shelf = [
        {"item_id": name, "title": "thing", "category": ([name, "all"], ["all", name])[level]}
        for name in (*PRIVATE, *OPEN)
    ]
    pharmacy = open_pharmacy(shelf)
    shown = set(OPEN)
    assert pharmacy.shown(pharmacy.asked(surface=Surface.PUSH)) == shown
    assert pharmacy.shown(pharmacy.asked(shared=True)) == shown
    assert pharmacy.shown(pharmacy.asked(surface=Surface.HOME)) == shown | set(PRIVATE)


@pytest.mark.parametrize("category", [None, ["all"]])
def test_a_title_tells_as_much_as_a_category(open_pharmacy, category):
    private = [
        *["Condoms 12 pack", "HIV self test", "Haemorrhoid cream", "Incontinence pads", "避孕套"],
        *["Contraceptive pill", "Help with depression", "Personal lubricant 50 ml"],
        *[
            "HIV自检盒",
            "家用HIV检测",
            "Morning-after pill",
            "Hemorrhoidal suppositories",
            "STI test kit",
        ],
    ]
    plain = [
        "Toothpaste",
        "Elastic plasters",
        "Secondary dressing",
        "Hivex cough drops",
        "HIVE蜂蜜",
    ]
    shelf = [
        {"item_id": title, "title": title, "category": category} for title in (*private, *plain)
    ]
    pharmacy = open_pharmacy(shelf)
    for asked in (pharmacy.asked(surface=Surface.PUSH), pharmacy.asked(shared=True)):
        assert pharmacy.shown(asked) == set(plain)
        assert pharmacy.dropped_by(asked, "HIV self test") == ["sensitive-private"]
    assert pharmacy.shown(pharmacy.asked(surface=Surface.HOME)) == {*private, *plain}


PRIVATE_TITLES = [
    *["Viagra Connect 50mg", "Sildenafil 50mg", "Erection ring", "ED pills", "Rabbit vibrator"],
    *["Thrush cream", "Menopause tablets", "Chlamydia test kit", "Piles ointment", "Gleitgel"],
    *[
        "ED治療薬",
        "驗孕棒",
        "痔瘡膏",
        "戒煙貼",
        "保險套",
        "ＨＩＶ自检",
        "HIV\u200b自检",
        "HIV\u2011test",
    ],
    *[
        "性病检测试剂盒",
        "Соndоms",
        "Personal lubricant, safe for eyes",
        "Song thrush mug and thrush cream",
    ],
]
PLAIN_TITLES = [
    *["Lubricant eye drops", "Systane Ultra Lubricant Eye Drops", "Eye lubricant 10 ml"],
    *["Piles of fun", "Song thrush bird feed", "Deep pile socks", "Medicated 治療 shampoo"],
    *[
        "慢性病管理手册",
        "家用慢性病检测",
        "良性病變護理",
        "Edible oil",
        "Genius pencils",
        "Thrushcross tea",
    ],
]


@pytest.mark.parametrize("title", PRIVATE_TITLES)
def test_titles_that_tell_stand_on_no_shared_screen(private, title):
    pharmacy, shown = private
    assert title not in shown
    assert title in pharmacy.shown(pharmacy.asked())


@pytest.mark.parametrize("title", PLAIN_TITLES)
def test_a_word_that_tells_may_be_harmless_in_its_phrase(private, title):
    assert title in private[1]


@pytest.mark.parametrize("ingredient", ["tadalafil 20 mg", "PDE5 inhibitor"])
def test_what_goods_hold_tells_where_their_title_does_not(open_pharmacy, ingredient):
    pharmacy = open_pharmacy([{"item_id": "x", "title": "Blue ones", "ingredients": [ingredient]}])
    assert pharmacy.shown(pharmacy.asked())
    assert not pharmacy.shown(pharmacy.asked(surface=Surface.PUSH))
    assert not pharmacy.shown(pharmacy.asked(surface=Surface.PAID))


@pytest.fixture(scope="module")
def private():
    """A shop of titles that tell and that do not, and what it pushes."""
    titles = [*PRIVATE_TITLES, *PLAIN_TITLES]
    catalogue = Catalogue(items_table([{"item_id": one, "title": one} for one in titles]))
    pharmacy = Pharmacy(Guard.of(catalogue).gate, catalogue)
    return pharmacy, pharmacy.shown(pharmacy.asked(surface=Surface.PUSH))
