"""Which generic product a title speaks of: the longest product word that stands in it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind

LONGEST: Final = 5  # words of a product word
_WORDS: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_HAN: Final = re.compile(r"[぀-ヿ㐀-鿿]+")
_HAN_LENGTHS: Final = range(8, 1, -1)  # characters of a word that is written without spaces


class ProductWords:
    """The product words of a graph, with their other names and plurals."""

    def __init__(self, graph: Graph) -> None:
        self._row_of: dict[str, int] = {}
        rows = graph.of_kind(ConceptKind.PRODUCT_WORD)
        synonyms = graph.concepts["synonyms"]
        for row in rows.tolist():
            for name in (graph.names[row], *(synonyms[row].as_py() or ())):
                self._row_of.setdefault(_folded(name), row)

    def find(self, titles: Sequence[str | None]) -> npt.NDArray[np.int64]:
        """(T,): the concept of each title's product word; -1 where there is none."""
        return np.array([-1 if title is None else self._found(title) for title in titles], np.int64)

    def _found(self, title: str) -> int:
        for candidate in _parts(title):
            row = self._row_of.get(candidate)
            if row is not None:
                return row
        return -1


def _parts(title: str) -> Iterator[str]:
    """Parts of a title that might be a product word, the longest first."""
    text = unicodedata.normalize("NFKC", title).lower()
    words = [_singular(word) for word in _WORDS.findall(text)]
    for length in range(min(LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])
    runs = _HAN.findall(text)
    for length in _HAN_LENGTHS:
        for run in runs:
            for start in range(len(run) - length + 1):
                yield run[start : start + length]


def _folded(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).lower()
    return " ".join(_singular(word) for word in _WORDS.findall(text))


def _singular(word: str) -> str:
    """Plurals fall on their singular; what else is cut is cut alike on both sides."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
