"""Words of titles and categories that tell of what people keep to themselves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from galen.knowledge.labels.spelling import EAST_ASIAN
from galen.knowledge.texts.concept_words import folded
from galen.knowledge.texts.plain_text import Folding
from galen.knowledge.texts.writing import one_form

_EDGE: Final = re.compile(
    rf"(?<={EAST_ASIAN.pattern})(?=[^\W_])(?!{EAST_ASIAN.pattern})"
    rf"|(?<=[^\W_])(?<!{EAST_ASIAN.pattern})(?={EAST_ASIAN.pattern})"
)


@dataclass(frozen=True, slots=True)
class PrivateWords:
    """Words of one rule: "Condom & Lubricant" has "condoms", and "lubricant eye drops" has none."""

    words: tuple[str, ...]
    harmless: tuple[str, ...]  # phrases within which a word tells nothing
    _told: dict[str, bool] = field(default_factory=dict)  # by name

    @classmethod
    def of(cls, words: Sequence[str], harmless: Sequence[str]) -> "PrivateWords":
        """From words and phrases as a pack has them, in any writing."""
        told, phrases = (tuple(_parted(word) for word in some) for some in (words, harmless))
        return cls(told, phrases)

    def tell(self, name: str) -> bool:
        """Whether the name of a category or of goods holds one of the words."""
        if name not in self._told:
            text = f" {_plain(name)} "
            for phrase in self.harmless:
                text = text.replace(phrase, "  ")
            self._told[name] = any(word in text for word in self.words)
        return self._told[name]


def _parted(word: str) -> str:
    """A word with a blank where its writing parts words: "condom" does, "避孕" does not."""
    plain = _plain(word)
    before, after = ("" if EAST_ASIAN.match(end) else " " for end in (plain[:1], plain[-1:]))
    return f"{before}{plain}{after}"


def _plain(name: str) -> str:
    """Words apart; letters that stand in a line of East Asian signs, as in "HIV自检", are one."""
    text = one_form(name).lower().translate(_letters()).replace("-", " ")
    return folded(_EDGE.sub(" ", text))


@lru_cache(1)
def _letters() -> dict[int, str]:
    """Simplified letters of traditional ones, and Latin ones of those that look like them."""
    return str.maketrans(Folding.read().letters)
