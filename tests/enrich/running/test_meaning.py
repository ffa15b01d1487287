import pytest
from enrich.asked import graph

from galen.enrich.running import meaning
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.claims import ClaimCheck
from galen.knowledge.texts.concept_words import ConceptWords

SOURCE = "Aqualis Saline Nasal Spray 30 ml. Isotonic sea water 0.9 %, suitable from birth."


def codes(faults):
    return [fault.code.value for fault in faults]


@pytest.mark.parametrize("text", ["30 ml", "30.0 ml of 0,9 %", "no number", "\uff13\uff10 ml"])
def test_numbers_of_the_source_may_be_said(text):
    assert meaning.numbers_told("pack", text, SOURCE) == []


@pytest.mark.parametrize("text", ["50 ml", "3 sprays", "0.09 %", "300 ml"])
def test_other_numbers_may_not(text):
    assert codes(meaning.numbers_told("pack", text, SOURCE)) == ["ungrounded"]


def test_words_have_to_stand_in_the_source():
    assert meaning.words_told("d", "A nasal spray of sea water.", SOURCE, 0.5) == []
    faults = meaning.words_told("d", "Clinically proven herbal miracle spray.", SOURCE, 0.5)
    assert codes(faults) == ["ungrounded"]


def test_characters_are_compared_in_pairs():
    assert meaning.words_told("d", "海水鼻腔喷雾", "等渗海水鼻腔喷雾30毫升", 0.5) == []
    assert codes(meaning.words_told("d", "神奇草药胶囊", "等渗海水鼻腔喷雾", 0.5)) == ["ungrounded"]


def test_what_only_repeats_is_a_copy():
    title = "Aqualis Saline Nasal Spray 30 ml"
    assert codes(meaning.said_anew("d", "aqualis saline nasal spray 30 ML.", [title])) == ["copy"]
    assert meaning.said_anew("d", "A spray of sea water for the nose.", [title, ""]) == []


def test_an_answer_keeps_to_the_script_of_its_source():
    assert codes(meaning.same_script("d", "这是一种鼻腔喷雾剂", SOURCE)) == ["language"]
    assert meaning.same_script("d", "A spray for the nose.", SOURCE) == []


@pytest.mark.parametrize(
    "text",
    [
        "see https://evil.example",
        "write to a@b.co",
        "order SKU-99812 too",
        "at cheap-pills.com",
        "like 4006381333931",
    ],
)
def test_addresses_and_ids_are_no_words(text):
    assert codes(meaning.no_address("d", text, SOURCE)) == ["unknown_id"]


@pytest.mark.parametrize("text", ["vitamin B12 and D3", "30 ml spray", "Q10 cream"])
def test_names_with_a_digit_are_no_ids(text):
    assert meaning.no_address("d", text, SOURCE) == []


def test_a_claim_is_told_with_its_law():
    check = ClaimCheck.read()
    faults = meaning.no_claim("d", "Cures a cold overnight, guaranteed.", check, "cosmetic")
    assert codes(faults) == ["claim"]
    assert "101.93" in faults[0].detail or "art." in faults[0].detail


def test_an_illness_is_no_word_for_goods():
    words = ConceptWords.of(graph(), ConceptKind.CONDITION)
    assert codes(meaning.no_illness("w", "pads for hypertension", words, graph().names)) == [
        "diagnosis"
    ]
    assert meaning.no_illness("w", "nasal spray", words, graph().names) == []
