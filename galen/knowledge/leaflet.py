"""Whether a sentence on what a medicine is for says no more than the facts of its ingredients."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

ENDS: Final = re.compile(r"[.,;:!?\n。、\u25a1]|$")
PARTS: Final = re.compile(r"\s+(?:and|or|due to|from|caused by|with)\s+|[和及与或]|引起的|所致的?|\s*/\s*")
SENTENCE: Final = re.compile(r"[^.;!?\n。]+")


@dataclass(frozen=True, slots=True)
class Leaflet:
    """How texts name what a product helps with, and which such words name nothing."""

    verbs: tuple[re.Pattern[str], ...]
    tails: re.Pattern[str]  # what Chinese puts after the use
    generic: frozenset[str]
    classes: frozenset[str]
    severity: str
    citation: str

    @classmethod
    def of(cls, table: dict[str, Any], law: dict[str, str]) -> "Leaflet":
        """Rules in the form of the table `entailment` of rules/claims.toml."""
        english = [rf"(?<!\w)(?:{text})" if text[0] != "^" else text for text in table["en"]]
        return cls(
            tuple(re.compile(text) for text in [*english, *table["zh"]]),
            re.compile(f"(?:{'|'.join(table['zh_ends'])})$"),
            frozenset([*table["generic_en"], *table["generic_zh"]]),
            frozenset(table["classes"]),
            table["severity"],
            law[table["law"]],
        )

    def unproven(self, text: str, facts: Sequence[str]) -> list[tuple[int, int]]:
        """Where a folded text names a use that none of the folded facts holds."""
        found = []
        for sentence in SENTENCE.finditer(text):
            start = sentence.start() + len(sentence[0]) - len(sentence[0].lstrip())
            for verb in self.verbs:
                for said in verb.finditer(text[start : sentence.end()]):
                    first = start + said.end()
                    end = ENDS.search(text, first)
                    last = end.start() if end else len(text)
                    if not self._held(text[first:last], facts):
                        found.append((start + said.start(), max(last, first)))
        return [(start, end) for start, end in found if end > start]

    def _held(self, said: str, facts: Sequence[str]) -> bool:
        for part in PARTS.split(said):
            use = self._bare(part)
            if not use or use in self.generic:
                continue
            if not any(fact and (fact in use or use in fact) for fact in facts):
                return False
        return True

    def _bare(self, part: str) -> str:
        use = re.sub(r"^(?:a|an|the|your|my|of|symptoms of|relief of)\s+", "", part.strip())
        return self.tails.sub("", use).strip(" \u25a1")
