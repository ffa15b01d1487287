"""Patterns of words near each other, in any order, and whether what they find is denied.

A pattern is groups joined by " & ", alternatives of a group by "|"; "*" is the rest of a word. In
English the groups stand within a number of words, in Chinese within a number of characters.
Text comes from `Folding.plain`, which makes full-width signs narrow.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import permutations
from typing import Any, Final

GAP: Final = {
    "en": r"(?:[^\w.!?\n]+[\w']+){{0,{near}}}?[^\w.!?\n]+",
    "zh": r"[^。!?\n]{{0,{near}}}?",
}
CLAUSE: Final = re.compile(r"[.,;:!?\n。、]|\bbut\b|但")
DENIED_INSIDE: Final = re.compile(
    r"(?:\b(?:not|no|never|without|no longer|(?:is|are|was|do|does|did|has|have)n'?t)|"
    r"不|没|没有|无|不再)\s*$"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a pattern was found, and between which places its groups leave gaps."""

    start: int
    end: int
    gap: str  # what stands before its last group; empty where it has one group


def compile_pattern(pattern: str, language: str, near: int) -> re.Pattern[str]:
    """A regular expression of a pattern's groups in every order."""
    groups = [
        "((?:" + "|".join(_alternative(word, language) for word in part.split("|")) + "))"
        for part in pattern.split(" & ")
    ]
    gap = GAP[language].format(near=near)
    orders = [gap.join(order) for order in permutations(groups)]
    whole = "|".join(f"(?:{order})" for order in orders)
    return re.compile(rf"(?<!\w)(?:{whole})(?!\w)" if language == "en" else whole)


def _alternative(word: str, language: str) -> str:
    text = re.escape(word.strip()).replace(r"\*", r"\w*")
    if language == "zh":
        return text
    return text.replace("'", "'?").replace(r"\ ", r"[\s-]+").replace(r"\-", r"[\s-]?")


@dataclass(frozen=True, slots=True)
class Denial:
    """Words that deny what stands right after them."""

    english: re.Pattern[str]
    chinese: re.Pattern[str]
    asked: re.Pattern[str]  # a question, which denies nothing

    @classmethod
    def read(cls) -> "Denial":
        """The words that galen ships."""
        text = (files("galen.knowledge") / "rules" / "negations.toml").read_text("utf-8")
        rules: dict[str, dict[str, Any]] = tomllib.loads(text)
        english, chinese = rules["english"], rules["chinese"]
        deny = "|".join(re.escape(word).replace("'", "'?") for word in english["deny"])
        between = "|".join(english["between"])
        denied = "|".join(sorted(chinese["deny"], key=len, reverse=True))
        return cls(
            re.compile(rf"(?<!\w)(?:{deny})(?:\s+(?:{between})){{0,3}}\s*$"),
            re.compile(rf"(?:{denied})(?:{'|'.join(chinese['between'])}){{0,2}}$"),
            re.compile(rf"(?:{'|'.join(chinese['asked'])})[^,。]{{0,3}}$"),
        )

    def denies(self, text: str, hit: Hit) -> bool:
        """Whether the clause before a hit, or the gap inside it, says that it is not so."""
        before = CLAUSE.split(text[: hit.start])[-1]
        if self.asked.search(before):
            return False
        return bool(
            self.english.search(before)
            or self.chinese.search(before)
            or (hit.gap and DENIED_INSIDE.search(hit.gap))
        )


def hits(patterns: Sequence[re.Pattern[str]], text: str) -> Iterator[Hit]:
    """Every place where a pattern is found."""
    for pattern in patterns:
        for found in pattern.finditer(text):
            yield Hit(found.start(), found.end(), _gap(found))


def _gap(found: re.Match[str]) -> str:
    spans = sorted(span for span in found.regs[1:] if span[0] >= 0)
    return found.string[spans[-2][1] : spans[-1][0]] if len(spans) > 1 else ""
