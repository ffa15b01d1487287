"""Nothing that points at a person leaves: prompts are searched before they are sent.

Patterns find what looks like it (mail, telephone, birth dates, ages, street addresses, numbers of
orders and cards); a shop's own ids are found by name. It is the second lock: the first is that no
enrichment tells a model of a person at all.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from galen.llm.language_model import Answer, Failed, LanguageModel, Prompt, Trouble

_STREETS: Final = (
    "street|str|road|rd|avenue|ave|lane|ln|drive|boulevard|blvd|stra(?:ß|ss)e|weg|platz|rue|via"
)
PATTERNS: Final = {
    "mail": r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\.[\w-]+)+",
    "telephone": r"(?<![\w.])(?:\+|00)\d[\d\s()./-]{7,}\d"
    r"|(?<![\w.])\(?0\d{2,4}\)?[\s/-]\d[\d\s-]{4,}\d"
    r"|(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)",
    "date of birth": r"(?i)\b(?:born|birth(?:day|date)?|dob|geb(?:oren)?)\b[^\n]{0,14}?\d{1,4}"
    r"[./-]\d{1,2}[./-]\d{1,4}|(?:出生|生日)\D{0,6}\d{4}\s?[年./-]\s?\d{1,2}",
    "age": r"(?i)\b(?:aged?|age is)\s*[:=]?\s*\d{1,3}\b|\b\d{1,3}[\s-]?(?:years?|yrs?)[\s-]old\b"
    r"|\b\d{1,3}\s?y/?o\b|\d{1,3}\s?岁",
    "address": rf"(?i)\b\d{{1,5}}[a-z]?\s+(?:\w+\s){{1,3}}(?:{_STREETS})\b\.?"
    rf"|\b\w+(?:{_STREETS})\s+\d{{1,4}}[a-z]?\b|\b(?:{_STREETS})\s+(?:\w+\s){{0,3}}\d{{1,4}}\b"
    r"|(?:路|街|大道|巷)\s?\d{1,5}\s?号",
    "order": r"(?i)\b(?:order|invoice|bestellung|rechnung)\s*(?:no|nr|number|id)?\.?\s*[:#]?\s*"
    r"[a-z]{0,4}-?\d{4,}\b|订单号?\D{0,4}\w*\d{4,}",
    "card": r"(?<!\d)(?:\d[ -]?){13,19}(?!\d)",
    "national id": r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)",
}


@dataclass
class Redacting:
    """Masks what it finds, or refuses the question. `names` are ids of the shop's own people.

    `kinds` are the patterns that are looked for: labels of goods may say an age.
    """

    inner: LanguageModel
    names: Collection[str] = ()
    how: Literal["mask", "refuse"] = "refuse"
    kinds: Collection[str] = tuple(PATTERNS)
    _patterns: dict[str, re.Pattern[str]] = field(init=False)
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._patterns = {kind: re.compile(PATTERNS[kind]) for kind in self.kinds}
        self._names = frozenset(name.lower() for name in self.names)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def endpoint(self) -> str:
        return self.inner.endpoint

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        sent, refused = [], dict[int, Answer]()
        for at, prompt in enumerate(prompts):
            found = self.found(prompt.user)
            if not found:
                sent.append(prompt)
            elif self.how == "mask":
                sent.append(replace(prompt, user=self.masked(prompt.user)))
            else:
                kinds = ", ".join(dict.fromkeys(kind for kind, _ in found))
                refused[at] = Failed(Trouble.REFUSED, f"the question holds {kinds}; not sent")
        answers = iter(self.inner.complete(sent) if sent else [])
        return [refused[at] if at in refused else next(answers) for at in range(len(prompts))]

    def found(self, text: str) -> list[tuple[str, str]]:
        """(kind, what) of all that points at a person."""
        plain = unicodedata.normalize("NFKC", text)
        kinds = [
            (kind, match[0])
            for kind, pattern in self._patterns.items()
            for match in pattern.finditer(plain)
            if kind != "card" or _luhn(match[0])
        ]
        return kinds + [("id", word) for word in _words(plain) if word.lower() in self._names]

    def masked(self, text: str) -> str:
        """The text with the kind of each find in its place: "[email]"; in Unicode's form NFKC."""
        text = unicodedata.normalize("NFKC", text)
        for kind, what in sorted(self.found(text), key=lambda one: -len(one[1])):
            text = text.replace(what, f"[{kind}]")
        return text


def _words(text: str) -> list[str]:
    return re.findall(r"[\w][\w@.:-]*\w|\w", text)


def _luhn(number: str) -> bool:
    """Whether the last digit checks the others, as on cards (ISO/IEC 7812) and seldom elsewhere."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
