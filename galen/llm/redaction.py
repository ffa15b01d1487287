"""Nothing that points at a person leaves: prompts are searched before they are sent.

Patterns find what looks like it (mail, telephone, birth dates, ages, street addresses, numbers of
orders and cards); a shop's own ids are found by name. It is the second lock: the first is that no
enrichment tells a model of a person at all.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
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

    `kinds` are the patterns that are looked for: labels of goods may say an age. An id of fewer
    than six digits, or of one letter, cannot be told from a dose or a vitamin: it is left alone.
    """

    inner: LanguageModel
    names: Collection[str] = ()
    how: Literal["mask", "refuse"] = "refuse"
    kinds: Collection[str] = tuple(PATTERNS)
    _patterns: dict[str, re.Pattern[str]] = field(init=False)
    _names: frozenset[str] = field(init=False)
    _longest: int = field(init=False)  # pieces of an id

    def __post_init__(self) -> None:
        self._patterns = {kind: re.compile(PATTERNS[kind]) for kind in self.kinds}
        names = {name for name in map(_bare, self.names) if _is_no_amount(name)}
        self._names = frozenset(names)
        self._longest = max((len(_PIECE.findall(name)) for name in names), default=0)

    @property
    def left_alone(self) -> int:
        """Ids that are not looked for, since goods speak in the same numbers."""
        return sum(not _is_no_amount(name) for name in map(_bare, self.names))

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
        return kinds + [("id", said) for said in self._ids(plain)]

    def _ids(self, text: str) -> Iterator[str]:
        """Ids of the shop's people, wherever in a text they stand as a whole."""
        pieces = [piece.span() for piece in _PIECE.finditer(text)]
        for first, (start, _) in enumerate(pieces):
            for _, end in pieces[first : first + self._longest]:
                if text[start:end].lower() in self._names:
                    yield text[start:end]

    def masked(self, text: str) -> str:
        """The text with the kind of each find in its place: "[email]"; in Unicode's form NFKC."""
        text = unicodedata.normalize("NFKC", text)
        for kind, what in sorted(self.found(text), key=lambda one: -len(one[1])):
            text = text.replace(what, f"[{kind}]")
        return text


_PIECE: Final = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
"""Of which ids and texts are made: no spaces stand between words in Chinese."""


def _bare(name: str) -> str:
    """An id as it is looked for: from its first piece to its last."""
    plain = unicodedata.normalize("NFKC", name).lower()
    pieces = list(_PIECE.finditer(plain))
    return plain[pieces[0].start() : pieces[-1].end()] if pieces else ""


def _is_no_amount(name: str) -> bool:
    return len(name) > 1 and not (name.isdigit() and len(name) < 6)


def _luhn(number: str) -> bool:
    """Whether the last digit checks the others, as on cards (ISO/IEC 7812) and seldom elsewhere."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
