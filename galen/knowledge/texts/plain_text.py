"""Free text as rules read it: one width, case and script, no accents and no tricks of spacing.

Every letter of the plain text knows its place in the text it is from, so that what a rule finds can
be shown where it stands.
"""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from galen.knowledge.texts.writing import one_form, without_accents

HAN: Final = re.compile(r"[\u3400-\u9fff]")
SPLIT_HAN: Final = re.compile(r"(?<=[\u3400-\u9fff])[\s*._·|~^+-]+(?=[\u3400-\u9fff])")
SPELLED_OUT: Final = re.compile(r"(?<![^\W_])[^\W\d_](?:[\s.*_\-|/]{1,2}[^\W\d_](?![^\W_])){2,}")
WORD: Final = re.compile(r"[^\s\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class PlainText:
    """Text to match rules on, and where each of its letters is from."""

    text: str
    places: tuple[int, ...]  # of each letter, in the text given

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the text given that a stretch of the plain text is from."""
        return self.places[start], self.places[end - 1] + 1


@dataclass(frozen=True, slots=True)
class Folding:
    """Rules of folding, read once."""

    letters: dict[str, str]
    leet: dict[str, str]

    @classmethod
    def read(cls) -> "Folding":
        """The rules that galen ships."""
        folder = files("galen.knowledge")
        rules = tomllib.loads((folder / "rules" / "folding.toml").read_text("utf-8"))
        names = tomllib.loads((folder / "names" / "spelling.toml").read_text("utf-8"))
        pairs = zip(rules["traditional"], rules["simplified"], strict=True)
        return cls({**dict(pairs), **names["look_alikes"]}, rules["leet"])

    def plain(self, text: str) -> PlainText:
        """Fold text; spaces inside Chinese words and between spelled-out letters go."""
        letters: list[str] = []
        places: list[int] = []
        for place, letter in enumerate(text):
            for one in without_accents(one_form(letter).casefold()):
                letters.append(self.letters.get(one, one))
                places.append(place)
        folded = PlainText("".join(letters), tuple(places))
        folded = _without(folded, SPLIT_HAN)
        return _closed_up(self._letters_back(folded))

    def _letters_back(self, folded: PlainText) -> PlainText:
        """Digits and signs that stand for letters inside a word: gu4rantee, cur3."""
        text = list(folded.text)
        for found in WORD.finditer(folded.text):
            word = found[0]
            if sum(letter.isalpha() for letter in word) < 3 or word.isalpha():
                continue
            for place in range(found.start() + 1, found.end()):
                inside = text[place - 1].isalpha()
                last = place == found.end() - 1
                if inside and text[place] in self.leet and not (last and text[place] in "!1054"):
                    text[place] = self.leet[text[place]]
        return PlainText("".join(text), folded.places)


def _closed_up(folded: PlainText) -> PlainText:
    """Join words spelled out with gaps: "c u r e", "c.u.r.e"."""
    gaps = [
        place
        for found in SPELLED_OUT.finditer(folded.text)
        for place in range(found.start(), found.end())
        if not folded.text[place].isalpha()
    ]
    return _less(folded, set(gaps))


def _without(folded: PlainText, pattern: re.Pattern[str]) -> PlainText:
    gone = {
        place
        for found in pattern.finditer(folded.text)
        for place in range(found.start(), found.end())
    }
    return _less(folded, gone)


def _less(folded: PlainText, gone: set[int]) -> PlainText:
    if not gone:
        return folded
    kept = [place for place in range(len(folded.text)) if place not in gone]
    return PlainText(
        "".join(folded.text[place] for place in kept), tuple(folded.places[place] for place in kept)
    )
