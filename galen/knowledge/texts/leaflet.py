"""Whether a sentence on what a medicine is for says no more than the facts of its ingredients."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

ENDS: Final = re.compile(r"[.,;:!?\n。、\u25a1]|$")
PARTS: Final = re.compile(
    r"\s+(?:and|or|due to|from|caused by|with)\s+|[和及与或]|引起的|所致的?|\s*/\s*"
)
SENTENCE: Final = re.compile(r"[^.;!?\n。]+")


@dataclass(frozen=True, slots=True)
class Leaflet:
    """How texts name what a product helps with, and which such words name nothing."""

    verbs: tuple[re.Pattern[str], ...]
    diseases: tuple[re.Pattern[str], ...]
    tails: re.Pattern[str]  # what Chinese puts after the use
    generic: frozenset[str]
    classes: frozenset[str]
    severity: str
    citation: str

    @classmethod
    def of(
        cls, table: dict[str, Any], law: dict[str, str], diseases: Sequence[re.Pattern[str]]
    ) -> "Leaflet":
        """Rules in the form of the table `entailment` of rules/claims.toml."""
        english = [rf"(?<!\w)(?:{text})" if text[0] != "^" else text for text in table["en"]]
        return cls(
            tuple(re.compile(text) for text in [*english, *table["zh"]]),
            tuple(diseases),
            re.compile(f"(?:{'|'.join(table['zh_ends'])})$"),
            frozenset([*table["generic_en"], *table["generic_zh"]]),
            frozenset(table["classes"]),
            table["severity"],
            law[table["law"]],
        )

    def unproven(
        self, text: str, facts: Sequence[str], warnings: Sequence[tuple[int, int]] = ()
    ) -> list[tuple[int, int]]:
        """Where a folded text names a use, or a disease, that none of the folded facts holds.

        A disease may be named in the stretches of the text that are warnings.
        """
        found = [span for verb in self.verbs for span in self._uses(text, verb, facts)]
        for pattern in self.diseases:
            for said in pattern.finditer(text):
                warned = any(start <= said.start() < end for start, end in warnings)
                if not warned and not self._held(said[0], facts):
                    found.append(said.span())
        return sorted(found)

    def _uses(
        self, text: str, verb: re.Pattern[str], facts: Sequence[str]
    ) -> Iterator[tuple[int, int]]:
        for whole in SENTENCE.finditer(text):
            start = whole.start() + len(whole[0]) - len(whole[0].lstrip())
            for said in verb.finditer(text[start : whole.end()]):
                first = start + said.end()
                end = ENDS.search(text, first)
                last = end.start() if end else len(text)
                if not self._held(text[first:last], facts):
                    yield start + said.start(), max(last, first)

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


def sentence(text: str, place: int) -> str:
    """The sentence of a folded text around a place."""
    spans = (found for found in SENTENCE.finditer(text) if found.start() <= place < found.end())
    return next((found[0] for found in spans), text)
