"""Red flags: every dangerous phrasing is found, everyday queries are let through.

The phrasings of red_flag_phrases.tsv were written in everyday words; those the rules missed at
first were used to widen them. Those of red_flag_held_out.txt were never used so, and say what to
expect of words not yet seen.
"""

import csv
from pathlib import Path

import pytest

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.texts.red_flags import RedFlags, Urgency

FOLDER = Path(__file__).parent
FLAGS = RedFlags.read()
with (FOLDER / "red_flag_phrases.tsv").open(encoding="utf-8") as lines:
    PHRASES = list(csv.DictReader(lines, delimiter="\t"))
HELD_OUT = (FOLDER / "red_flag_held_out.txt").read_text("utf-8").splitlines()
HELD_OUT_FOUND = 0.65  # 37 of 50 on the day it was written
HARMLESS = (FOLDER / "harmless_queries.txt").read_text("utf-8").splitlines()


def test_there_are_enough_phrasings_in_both_languages():
    chinese = [row for row in PHRASES if not row["text"].isascii()]
    assert len(chinese) >= 50
    assert len(PHRASES) - len(chinese) >= 50
    assert len(HARMLESS) >= 100


@pytest.mark.parametrize("row", PHRASES, ids=[row["text"] for row in PHRASES])
def test_a_dangerous_phrasing_is_found(row):
    age = float(row["age"]) if row["age"] else None
    assert FLAGS.found(row["text"], age, bool(row["pregnant"])) is not None


def test_the_flag_found_is_almost_always_the_one_meant():
    meant = [row for row in PHRASES if row["flag"]]
    found = [
        FLAGS.found(row["text"], float(row["age"]) if row["age"] else None, bool(row["pregnant"]))
        for row in meant
    ]
    same = [flag and flag.id == row["flag"] for flag, row in zip(found, meant, strict=True)]
    assert sum(map(bool, same)) / len(same) >= 0.95


def test_of_phrasings_never_used_for_the_rules_most_are_found():
    found = [text for text in HELD_OUT if FLAGS.found(text)]
    assert len(found) / len(HELD_OUT) >= HELD_OUT_FOUND


def test_at_most_5_in_100_harmless_queries_raise_an_alarm():
    alarms = [text for text in HARMLESS if FLAGS.found(text)]
    assert len(alarms) / len(HARMLESS) <= 0.05, alarms


@pytest.mark.parametrize(
    "text",
    [
        "no chest pain",
        "没有胸痛",
        "I don't have any chest pain",
        "without seizures",
        "胸口不疼",
        "chest does not hurt",
        "无便血",
        "not suicidal",
        "没有呼吸困难",
    ],
)
def test_what_is_denied_raises_no_flag(text):
    assert FLAGS.found(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "no fever but chest pain",
        "没有发烧，但是胸痛",
        "有没有胸痛",
        "no, chest pain",
        "can't breathe",
        "chest pain, no cough",
        "胸痛不止",
        "没力气，胸痛",
    ],
)
def test_a_denial_reaches_only_what_stands_right_after_it(text):
    assert FLAGS.found(text) is not None


def test_age_and_pregnancy_decide_where_the_words_alone_do_not():
    assert FLAGS.found("fever 38.6") is None
    assert FLAGS.found("fever 38.6", age=4) is None
    flag = FLAGS.found("fever 38.6", age=0.1)
    assert flag is not None
    assert (flag.id, flag.urgency) == ("infant_fever", Urgency.EMERGENCY)
    assert FLAGS.found("spotting a little") is None
    assert FLAGS.found("spotting a little", pregnant=True) is not None


@pytest.mark.parametrize(
    "text",
    [
        "CHEST  PAIN",
        "ｃｈｅｓｔ ｐａｉｎ",
        "chest-pain",
        "胸 痛",
        "胸\u200b痛",
        "胸悶冒冷汗",
        "c h e s t pain",
        "chést pâin",
        "che\u0301st pain",
        "che\u2066st pa\u2069in",
        "ch\u034fe\ufe0fst\U000e0001 p\u180eain",
    ],
)
def test_the_way_of_writing_does_not_hide_a_flag(text):
    flag = FLAGS.found(text)
    assert flag is not None
    assert flag.id == "chest_pain"


def test_advice_is_in_the_language_of_the_text_and_cites_a_source():
    english, chinese = FLAGS.found("I want to die"), FLAGS.found("想自杀")
    assert english is not None
    assert chinese is not None
    assert "988" in english.advice
    assert "12356" in chinese.advice
    assert english.citation == chinese.citation != ""


def test_the_more_urgent_flag_wins():
    flag = FLAGS.found("blood in my stool and crushing chest pain")
    assert flag is not None
    assert flag.urgency is Urgency.EMERGENCY


def test_a_rule_that_cannot_be_used_is_refused_by_name():
    with pytest.raises(KnowledgeError, match=r"rule 1 .*'odd'"):
        RedFlags.of({"flags": [{"id": "odd", "urgency": "perhaps"}]})


@pytest.mark.parametrize(
    "text",
    [
        *["numb arm", "numb left arm", "my left arm is numb", "arm numbness", "my face feels numb"],
        *["numbness in my left arm and face", "手臂麻木", "左臂发麻", "半边脸没有知觉"],
    ],
)
def test_an_arm_or_face_that_is_numb_may_be_a_stroke(text):
    flag = FLAGS.found(text)
    assert flag is not None
    assert flag.id == "stroke"


@pytest.mark.parametrize(
    "text",
    ["numbing cream for the face", "numb face mask", "no numb arm", "face oil", "麻辣手工面"],
)
def test_what_numbs_on_purpose_is_no_stroke(text):
    assert FLAGS.found(text) is None


@pytest.mark.parametrize("sign", ["\u200b", "\u200d", "\u00ad", "\u2060", "\ufeff", "\u180e"])
def test_a_sign_that_is_not_seen_hides_no_flag(sign):
    for text in (f"che{sign}st pain", f"chest{sign}pain", f"chest{sign} pain", f"胸{sign}痛"):
        flag = FLAGS.found(text)
        assert flag is not None
        assert flag.id == "chest_pain"
