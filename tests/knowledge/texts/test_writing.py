"""One sign has one form before anything is read, for every reader of names and of free text."""

import pytest

from galen.knowledge.build import built_in
from galen.knowledge.labels.composition import parse_composition
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.labels.spelling import Spelling
from galen.knowledge.labels.strength import parse_strength
from galen.knowledge.labels.told_names import ToldNames
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords, folded
from galen.knowledge.texts.plain_text import Folding
from galen.knowledge.texts.red_flags import RedFlags
from galen.knowledge.texts.writing import HYPHENS, QUOTES, TRADEMARKS, one_form, singular

FULL_WIDTH = "\uff07\uff40"


@pytest.mark.parametrize("quote", QUOTES + FULL_WIDTH)
def test_every_apostrophe_is_the_same_to_every_reader(quote):
    text = f"St John{quote}s Wort"
    told = ToldNames.named([("st john's wort", 3)])
    assert one_form(text) == "St John's Wort"
    assert told.whole(text) == told.within(f"{text} 300 mg") == (3,)
    assert Spelling.read().fold(text).text == "st john s wort"
    assert Folding.read().plain(text).text == "st john's wort"
    assert folded(text) == folded("St John's Wort")


@pytest.mark.parametrize("sign", TRADEMARKS)
def test_a_trademark_is_no_letter_of_the_name_before_it(sign):
    text = f"Ginkgo{sign} 120 mg"
    told = ToldNames.named([("ginkgo", 3)])
    assert told.within(text) == told.whole(f"Ginkgo{sign}") == (3,)
    assert [part.name for part in parse_composition(text)] == ["Ginkgo"]
    assert Spelling.read().fold(f"Ginkgo{sign}").text == "ginkgo"
    assert Folding.read().plain(f"Ginkgo{sign}").text == folded(f"Ginkgo{sign}") == "ginkgo"


@pytest.mark.parametrize("hyphen", HYPHENS + "\uff0d")
def test_every_hyphen_is_one(hyphen):
    assert one_form(f"self{hyphen}harm") == "self-harm"
    assert RedFlags.read().found(f"thoughts of self{hyphen}harm")


@pytest.mark.parametrize("quote", QUOTES + FULL_WIDTH)
def test_a_red_flag_is_one_with_whatever_apostrophe_it_is_typed(quote):
    flags = RedFlags.read()
    assert flags.found(f"I can{quote}t breathe")
    assert flags.found(f"i don{quote}t want to live")
    assert not flags.found(f"i don{quote}t have chest pain")


def test_unseen_signs_part_neither_names_nor_amounts():
    graph = built_in()
    found = IngredientReader.of(graph).read(["Ibu\u200bprofen 4\u200b00 mg"])
    assert [graph.names[row] for row in found.concept.tolist()] == ["ibuprofen"]
    assert found.milligrams.tolist() == [400]
    assert parse_strength("5\u2060 mg").amount == 5


@pytest.mark.parametrize(
    ("written", "form"),
    [("", ""), ("plain", "plain"), ("a`s", "a's"), ("５ｍｇ", "5mg"), ("\u0149", "'n")],
)
def test_what_nfkc_would_spell_out_is_replaced_before(written, form):
    assert one_form(written) == form


def test_words_lose_the_s_of_a_plural_and_no_other():
    assert [singular(word) for word in ("statins", "gas", "loss", "statin")] == [
        "statin",
        "gas",
        "loss",
        "statin",
    ]


def test_titles_and_labels_with_such_signs_name_their_ingredient():
    graph = built_in()
    reader = IngredientReader.of(graph)
    wort = graph.row_of["ingredient:st john's wort"]
    for text in ("St John\u00b4s Wort", "St John's Wort\u2122", "St John\u00b4s Wort\u2122"):
        assert reader.read([text]).concept.tolist() == [wort]
        assert reader.told.within(f"{text} 300 mg capsules") == (wort,)
    names = ToldNames.of(graph, ConceptKind.CONDITION)
    assert names.whole("Crohn\u00b4s disease") == names.whole("Crohn's disease") != ()


def test_an_accent_parts_no_product_word_from_its_name():
    words = ConceptWords({folded("face cream"): 0, folded("cr\u00e8me br\u00fbl\u00e9e"): 1})
    assert words.find(
        ["Face Cr\u00e9am 50 ml", "Face cre\u0301am", "Creme brulee bar"]
    ).tolist() == [0, 0, 1]
