"""Which concepts a text names: generic products in titles, symptoms in queries."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from galen.data.arrays import Ints
from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.writing import one_form, singular, without_accents

LONGEST: Final = 5  # words of a product word
_WORDS: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_HAN: Final = re.compile(r"[぀-ヿ㐀-鿿]+")
_HAN_LENGTHS: Final = range(8, 1, -1)  # characters of a word that is written without spaces


class ConceptWords:
    """The names and synonyms of concepts of some kinds, plurals too, found in running text."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        """Take the row of each name, folded as `folded` does."""
        self.rows = rows

    @classmethod
    def of(cls, graph: Graph, *kinds: ConceptKind) -> "ConceptWords":
        """The names of a graph; of two concepts with one name the first has it."""
        rows: dict[str, int] = {}
        synonyms = graph.concepts["synonyms"]
        for row in graph.of_kind(*kinds).tolist():
            for name in (graph.names[row], *(synonyms[row].as_py() or ())):
                rows.setdefault(folded(name), row)
        rows.pop("", None)
        return cls(rows)

    def find(self, titles: Sequence[str | None]) -> Ints:
        """(T,): the concept of the longest name in each title; -1 where there is none."""
        found = (next(self.all_in(title), -1) if title else -1 for title in titles)
        return np.fromiter(found, np.int64, len(titles))

    def all_in(self, text: str) -> Iterator[int]:
        """The concepts whose names stand in a text, the longest names first."""
        for part in _parts(text):
            row = self.rows.get(part)
            if row is not None:
                yield row


def _parts(title: str) -> Iterator[str]:
    """Parts of a title that might be a product word, the longest first."""
    text = without_accents(one_form(title).lower())
    words = [singular(word) for word in _WORDS.findall(text)]
    for length in range(min(LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])
    runs = _HAN.findall(text)
    for length in _HAN_LENGTHS:
        for run in runs:
            for start in range(len(run) - length + 1):
                yield run[start : start + length]


def folded(name: str) -> str:
    """A name as it is looked up: small letters, singular words, nothing between them."""
    text = without_accents(one_form(name).lower())
    return " ".join(singular(word) for word in _WORDS.findall(text))
