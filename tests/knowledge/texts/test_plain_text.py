"""Plain text: tricks of writing are undone, and every letter knows where it is from."""

import pytest

from galen.knowledge.texts.plain_text import Folding

FOLDING = Folding.read()


@pytest.mark.parametrize(
    "text, plain",
    [
        ("ＣＨＥＳＴ　ＰＡＩＮ", "chest pain"),
        ("胸 痛", "胸痛"),
        ("頭痛", "头痛"),
        ("c u r e", "cure"),
        ("c.u.r.e now", "cure now"),
        ("cur3s", "cures"),
        ("vitamin B12", "vitamin b12"),
        ("can\u2019t", "can't"),
        ("Cúre, cu\u0301re", "cure, cure"),
        ("ガーゼ", "ガーゼ"),
        ("a b", "a b"),
        ("", ""),
    ],
)
def test_text_is_folded(text, plain):
    assert FOLDING.plain(text).text == plain


@pytest.mark.parametrize("text", ["c u r e", "胸 痛", "ﬁt\u200b ﬁt", "plain"])
def test_every_letter_knows_its_place(text):
    folded = FOLDING.plain(text)
    assert len(folded.places) == len(folded.text)
    assert folded.span(0, len(folded.text)) == (0, len(text))
    assert list(folded.places) == sorted(folded.places)
