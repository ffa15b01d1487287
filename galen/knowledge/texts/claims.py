"""A check of any text that is shown of a product: banned claims, missing notices, unproven uses.

The rules are galen's own, in rules/claims.toml, after the laws they cite; they are a starting point
for counsel to review, and what they let through is not thereby lawful.
"""

import hashlib
import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.texts.leaflet import SENTENCE, Leaflet, sentence
from galen.knowledge.texts.phrases import Denial, compile_pattern, hits
from galen.knowledge.texts.plain_text import Folding, PlainText

SPELLING: Final = "names/spelling.toml"


class ProductClass(StrEnum):
    """What a product is before the law."""

    MEDICINE_OTC = "medicine_otc"
    MEDICINE_PRESCRIPTION = "medicine_prescription"
    SUPPLEMENT = "supplement"
    DEVICE = "device"
    COSMETIC = "cosmetic"
    INFANT_FORMULA = "infant_formula"


@dataclass(frozen=True, slots=True)
class Breach:
    """A stretch of a text that a rule forbids."""

    rule: str
    span: tuple[int, int]  # of the text given, its end left out
    severity: str  # "ban" or "warn"
    citation: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that a region asks for with a class of products."""

    id: str
    text: str
    citation: str


@dataclass(frozen=True, slots=True)
class _Rule:
    id: str
    severity: str
    citation: str
    classes: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    cautious: bool  # whether a sentence of caution may say it


@dataclass(frozen=True, slots=True)
class _NoticeRule:
    notice: Notice
    region: str
    classes: frozenset[str]
    found: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """The rules, read once."""

    rules: tuple[_Rule, ...]
    notices: tuple[_NoticeRule, ...]
    harmless: re.Pattern[str]
    caution: re.Pattern[str]
    leaflet: Leaflet
    folding: Folding
    denial: Denial

    @classmethod
    def read(cls) -> "ClaimCheck":
        """The rules that galen ships."""
        text = (files("galen.knowledge") / "rules" / "claims.toml").read_text("utf-8")
        return cls.of(tomllib.loads(text))

    @classmethod
    def of(cls, table: dict[str, Any]) -> "ClaimCheck":
        """Rules in the form of rules/claims.toml.

        Raises:
            KnowledgeError: a rule lacks a field, or names an unknown class, law or severity.
        """
        harmless = [rf"(?<!\w)(?:{text})(?!\w)" for text in table["harmless"]["en"]]
        return cls(
            tuple(_rule(table, row, place) for place, row in enumerate(table["rules"], start=1)),
            tuple(_notice(row) for row in table["notices"]),
            re.compile("|".join([*harmless, *table["harmless"]["zh"]])),
            re.compile(f"{table['caution']['en']}|{table['caution']['zh']}"),
            Leaflet.of(table["entailment"], table["law"], _any_disease(table["diseases"])),
            Folding.read(),
            Denial.read(),
        )

    def check(
        self, text: str, product_class: ProductClass | str, facts: Collection[str] = ()
    ) -> list[Breach]:
        """What a text says that may not be said of a product of this class.

        `facts` are the names and synonyms of what the ingredients of a medicine are indicated for;
        without any, no use of a medicine may be named.

        Raises:
            ValueError: the class is unknown.
        """
        kind = ProductClass(product_class).value
        plain = self.folding.plain(text)
        rest = self.harmless.sub(lambda found: "\u25a1" * len(found[0]), plain.text)
        found = [
            Breach(rule.id, plain.span(hit.start, hit.end), rule.severity, rule.citation)
            for rule in self.rules
            if kind in rule.classes
            for hit in hits(rule.patterns, rest)
            if not self.denial.denies(rest, hit)
            if not (rule.cautious and self.caution.search(sentence(plain.text, hit.start)))
        ]
        return _first_of_each(found + self._unproven(rest, plain, kind, facts))

    def missing_notices(
        self, texts: Sequence[str], product_class: ProductClass | str, region: str
    ) -> list[Notice]:
        """The notices that a region asks for and none of the texts holds.

        Raises:
            ValueError: the class is unknown.
        """
        kind = ProductClass(product_class).value
        plain = [self.folding.plain(text).text for text in texts]
        return [
            rule.notice
            for rule in self.notices
            if rule.region == region.lower() and kind in rule.classes
            if not any(rule.found.search(text) for text in plain)
        ]

    def _unproven(
        self, rest: str, plain: PlainText, kind: str, facts: Collection[str]
    ) -> list[Breach]:
        if kind not in self.leaflet.classes:
            return []
        known = [self.folding.plain(fact).text for fact in facts]
        return [
            Breach(
                "not_in_leaflet", plain.span(*span), self.leaflet.severity, self.leaflet.citation
            )
            for span in self.leaflet.unproven(rest, known, self._warns(plain.text))
        ]

    def _warns(self, text: str) -> list[tuple[int, int]]:
        """Stretches of a folded text that warn, and so may name any disease."""
        return [found.span() for found in SENTENCE.finditer(text) if self.caution.search(found[0])]


def rules_version() -> str:
    """A digest of all that a check is read from: verdicts of another one are out of date."""
    folder = files("galen.knowledge")
    digest = hashlib.sha256()
    for part in ("rules/claims.toml", "rules/folding.toml", "rules/negations.toml", SPELLING):
        digest.update((folder / part).read_bytes())
    return digest.hexdigest()[:16]


def _any_disease(diseases: dict[str, list[str]]) -> list[re.Pattern[str]]:
    return [compile_pattern("|".join(diseases[key]), key, 0) for key in ("en", "zh")]


def _first_of_each(breaches: list[Breach]) -> list[Breach]:
    """One breach of each rule, where it stands first; in the order of the text."""
    first: dict[str, Breach] = {}
    for breach in sorted(breaches, key=lambda one: one.span):
        first.setdefault(breach.rule, breach)
    return sorted(first.values(), key=lambda one: one.span)


def _rule(table: dict[str, Any], row: dict[str, Any], place: int) -> _Rule:
    every = [kind.value for kind in ProductClass]
    try:
        classes = every if row["classes"] == ["*"] else [ProductClass(c) for c in row["classes"]]
        if row["severity"] not in {"ban", "warn"}:
            raise ValueError(f"severity {row['severity']!r} is not ban or warn")
        near = {
            "en": row.get("near", table["near_words"]),
            "zh": row.get("near", table["near_characters"]),
        }
        diseases = {key: "|".join(table["diseases"][key]) for key in ("en", "zh")}
        patterns = [
            compile_pattern(
                pattern.replace(f"DISEASE_{language.upper()}", diseases[language]),
                language,
                near[language],
            )
            for language in ("en", "zh")
            for pattern in row[language]
        ]
        patterns += [re.compile(text) for text in (*row.get("en_whole", ()),)]
        return _Rule(
            row["id"],
            row["severity"],
            table["law"][row["law"]],
            frozenset(classes),
            tuple(patterns),
            row.get("unless") == "caution",
        )
    except (KeyError, ValueError, re.error) as error:
        raise KnowledgeError(
            f"rule {place} of the claims, {row.get('id')!r}, cannot be used ({error}); correct it."
        ) from error


def _notice(row: dict[str, Any]) -> _NoticeRule:
    return _NoticeRule(
        Notice(row["id"], row["text"], row["citation"]),
        row["region"],
        frozenset(row["classes"]),
        re.compile("|".join(row["found"])),
    )
