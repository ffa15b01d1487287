"""Words that must lead to a doctor or an ambulance, never to a product.

The rules are galen's own, in rules/red_flags.toml; they are a starting point for a clinician to
review, and no diagnosis.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.texts.phrases import Denial, compile_pattern, hits
from galen.knowledge.texts.plain_text import HAN, Folding
from galen.knowledge.texts.writing import INVISIBLE


class Urgency(StrEnum):
    """How soon a person needs help."""

    EMERGENCY = "emergency"
    DOCTOR_TODAY = "doctor_today"
    DOCTOR = "doctor"


@dataclass(frozen=True, slots=True)
class RedFlag:
    """What was found, and what to tell the person instead of showing products."""

    id: str
    urgency: Urgency
    advice: str  # in the language of the text
    citation: str


@dataclass(frozen=True, slots=True)
class _Rule:
    id: str
    urgency: Urgency
    advice: dict[str, str]  # by language
    citation: str
    patterns: tuple[re.Pattern[str], ...]
    under_years: float | None
    pregnant: bool

    def concerns(self, age: float | None, pregnant: bool) -> bool:
        young = self.under_years is None or (age is not None and age < self.under_years)
        return young and (pregnant or not self.pregnant)


@dataclass(frozen=True, slots=True)
class RedFlags:
    """The rules, read once; the most urgent one that a text meets is its flag."""

    rules: tuple[_Rule, ...]  # most urgent first, then in the order of the file
    folding: Folding
    denial: Denial

    @classmethod
    def read(cls) -> "RedFlags":
        """The rules that galen ships.

        Raises:
            KnowledgeError: a rule lacks a field or names an unknown urgency.
        """
        text = (files("galen.knowledge") / "rules" / "red_flags.toml").read_text("utf-8")
        return cls.of(tomllib.loads(text))

    @classmethod
    def of(cls, table: dict[str, Any]) -> "RedFlags":
        """Rules in the form of rules/red_flags.toml.

        Raises:
            KnowledgeError: a rule lacks a field or names an unknown urgency.
        """
        rules = [_rule(table, row, place) for place, row in enumerate(table["flags"], start=1)]
        order = list(Urgency)
        rules.sort(key=lambda rule: order.index(rule.urgency))  # stable
        return cls(tuple(rules), Folding.read(), Denial.read())

    def found(self, text: str, age: float | None = None, pregnant: bool = False) -> RedFlag | None:
        """The most urgent flag that a query or list of symptoms raises, if any.

        `age` is in years; what is unknown raises no flag of its own.
        """
        # An unseen sign may stand within a word or between two: both readings count.
        readings = [self.folding.plain(one).text for one in {text, INVISIBLE.sub(" ", text)}]
        for rule in self.rules:
            if not rule.concerns(age, pregnant):
                continue
            if any(
                not self.denial.denies(plain, hit)
                for plain in readings
                for hit in hits(rule.patterns, plain)
            ):
                advice = rule.advice["zh" if HAN.search(text) else "en"]
                return RedFlag(rule.id, rule.urgency, advice, rule.citation)
        return None


def _rule(table: dict[str, Any], row: dict[str, Any], place: int) -> _Rule:
    try:
        urgency = Urgency(row["urgency"])
        advice = {
            language: row.get(f"advice_{language}", table["advice"][urgency.value][language])
            for language in ("en", "zh")
        }
        near = {"en": row.get("near", table["near_words"]), "zh": table["near_characters"]}
        patterns = [
            compile_pattern(pattern, language, near[language])
            for language in ("en", "zh")
            for pattern in row[language]
        ]
        patterns += [re.compile(rf"(?<!\w)(?:{text})") for text in row.get("en_whole", ())]
        patterns += [re.compile(text) for text in row.get("zh_whole", ())]
        return _Rule(
            row["id"],
            urgency,
            advice,
            row["citation"],
            tuple(patterns),
            row.get("under_years"),
            row.get("pregnant", False),
        )
    except (KeyError, ValueError, re.error) as error:
        raise KnowledgeError(
            f"rule {place} of the red flags, {row.get('id')!r}, cannot be used ({error}); correct "
            "its field."
        ) from error
