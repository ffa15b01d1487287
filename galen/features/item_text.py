"""Items as vectors of their words, without any model from elsewhere.

TF-IDF, then leading directions: latent semantic analysis (Deerwester et al., JASIS 1990). What was
learned from one shop's words reads those of another.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.arrays import Singles
from galen.data.catalogue import Catalogue
from galen.data.mendable import MendableError
from galen.features.directions import Directions, spread_out

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

_WORD: Final = re.compile(r"\b\w\w+\b")
_MOST_WORDS: Final = 50_000
_WHITEN: Final = 0.5  # of plain texts: 1 spreads all directions alike


class TextError(MendableError):
    """Words that were learned cannot be read back; the message says what to do."""


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """Words with their weights and directions, as learned from the texts of a catalogue."""

    words: tuple[str, ...]
    rarity: Singles  # (words,) inverse document frequency
    directions: Directions

    @classmethod
    def fit(cls, said: Iterable[Sequence[str]], size: int, seed: int) -> "TextEncoder":
        """Learn from lists of words, one a text; where none has a word, vectors have no columns."""
        found, matrix = _counted(said)
        if found is None:
            return cls((), np.zeros(0, np.float32), Directions(*_nothing()))
        there = np.diff(matrix.indptr) > 0
        directions = spread_out(matrix, there, size, 0.5, seed)[1]
        return cls(tuple(found.get_feature_names_out()), found.idf_.astype(np.float32), directions)

    @classmethod
    def of(cls, catalogue: Catalogue, size: int, seed: int) -> "TextEncoder":
        """Learn from what a catalogue says of its items."""
        return cls.fit(said_of(catalogue), size, seed)

    def vectors(self, said: Iterable[Sequence[str]]) -> Singles:
        """(texts, size): 0 where no word of a text is known."""
        lists = list(said)
        if not self.words:
            return np.zeros((len(lists), self.directions.components.shape[1]), np.float32)
        counter = _counter(self.words)
        counter.idf_ = self.rarity.astype(np.float64)
        return self.directions.of(sparse.csr_array(counter.transform(lists)))

    @property
    def size(self) -> int:
        """How many numbers the vector of a text has: the directions that were learned."""
        return int(self.directions.components.shape[1])

    def save(self, folder: Path) -> None:
        """Write words and directions into a folder; another shop can be read by them too."""
        directions = self.directions
        tensors = {"rarity": self.rarity, "centre": directions.centre}
        components = np.ascontiguousarray(directions.components)
        save_file(tensors | {"components": components}, folder / "text.safetensors")
        (folder / "text.json").write_bytes(msgspec.json.encode(self.words))

    @classmethod
    def load(cls, folder: Path) -> "TextEncoder":
        """Read back what `save` wrote: an encoder that gives texts equal vectors.

        Raises:
            TextError: a file is missing or cut short, or they are of two encoders.
        """
        try:
            saved = load_file(folder / "text.safetensors")
            words = msgspec.json.decode((folder / "text.json").read_bytes(), type=tuple[str, ...])
            rarity, directions = saved["rarity"], Directions(saved["components"], saved["centre"])
        except (OSError, KeyError, SafetensorError, msgspec.DecodeError) as error:
            raise TextError(
                f"{folder} holds no words to read items by ({error}); give the folder of a "
                "sequence channel that was trained with text = true."
            ) from error
        if len(words) != len(rarity):
            raise TextError(
                f"{folder} names {len(words):,} words and weighs {len(rarity):,}: its files are of "
                "two trainings; give the folder of one."
            )
        return cls(words, rarity, directions)


def words_of(text: str) -> list[str]:
    """Words of two letters or more, and pairs of words that follow each other."""
    words = _WORD.findall(text.lower())
    return words + [f"{one} {other}" for one, other in itertools.pairwise(words)]


def said_of(catalogue: Catalogue) -> list[list[str]]:
    """The words of each item: of its title, brand and categories, and both of these as a whole."""
    of_brand = [_named("brand", name) for name in catalogue.brand_words]
    of_path = [
        [word for level in path for word in _named("category", level)]
        for path in catalogue.path_words
    ]
    codes = zip(catalogue.titles, catalogue.brand, catalogue.path, strict=True)
    return [
        words_of(title or "")
        + (of_brand[brand] if brand >= 0 else [])
        + (of_path[path] if path >= 0 else [])
        for title, brand, path in codes
    ]


def _named(field: str, value: str) -> list[str]:
    return [f"{field}={value.lower()}", *words_of(value)]


def word_weights(said: Iterable[Sequence[str]]) -> sparse.csr_array:
    """(texts, words): TF-IDF of words that stand in two texts or more; nothing where none does."""
    return _counted(said)[1]


def text_vectors(texts: Sequence[str], size: int, seed: int) -> Singles:
    """(n, size or fewer) of plain texts; one without known words is 0."""
    matrix = word_weights([words_of(text) for text in texts])
    return spread_out(matrix, np.diff(matrix.indptr) > 0, size, _WHITEN, seed)[0]


def _counted(said: Iterable[Sequence[str]]) -> "tuple[TfidfVectorizer | None, sparse.csr_array]":
    lists = list(said)
    counter = _counter()
    try:
        return counter, sparse.csr_array(counter.fit_transform(lists))
    except ValueError:  # of an empty vocabulary
        return None, sparse.csr_array((len(lists), 0))


def _counter(vocabulary: Sequence[str] | None = None) -> "TfidfVectorizer":
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        analyzer=_as_they_are,
        sublinear_tf=True,
        min_df=2,
        max_features=_MOST_WORDS,
        vocabulary=vocabulary,
    )


def _as_they_are(words: Sequence[str]) -> Sequence[str]:
    return words


def _nothing() -> tuple[Singles, Singles]:
    return np.zeros((0, 0), np.float32), np.zeros(0, np.float32)
