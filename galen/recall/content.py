"""Items that are said to be like those a person took lately, so that one nobody took is found."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from galen.data.arrays import Singles
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.features.item_text import TextEncoder, said_of
from galen.features.item_vectors import TABLE, Use, formed, read_encoded
from galen.pipeline.candidates import Candidates, Histories, Requests
from galen.recall.factors import FoundVectors, VectorAnswer
from galen.recall.search import SearchKind


@dataclass(frozen=True, slots=True)
class Content:
    """A score is the mean cosine of an item's words (title, brand, categories) to those of a
    person's newest `recent` items, an older one counting `decay` of the next newer.

    `popular` times an item's place among all by how often it was taken, 0 … 1, is added, which
    orders what is said alike. Where nothing is said of items, nothing is proposed. With `encoded`,
    vectors of the shop's table stand for words.
    """

    size: int = 256  # numbers an item
    encoded: Use = "none"  # form of a table's vectors, which stand for words; none reads words
    encoded_table: str = TABLE
    recent: int = 10
    decay: float = 0.7
    popular: float = 0.02  # added to the cosine of the most taken item, less to others
    repeat: bool = False
    search: SearchKind = "exact"
    seed: int = 0

    @property
    def tables(self) -> tuple[str, ...]:
        """The table of vectors, where they are asked for."""
        return () if self.encoded == "none" else (self.encoded_table,)

    def fit(self, data: Dataset) -> "ContentIndex":
        """Read the catalogue, and how often its items were taken.

        Raises:
            SearchError: approximate search was asked for and cannot be had.
            EnrichedError: vectors are asked for, and their table is missing or cannot be used.
        """
        vectors = self._vectors(data)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        count = np.bincount(data.of(*TAKEN).item, minlength=len(vectors))
        place = np.lexsort((-np.arange(len(vectors)), count)).argsort() / max(len(vectors) - 1, 1)
        unit = vectors / np.maximum(length, 1e-12)
        laid = np.column_stack([unit, self.popular * place]).astype(np.float32)
        return ContentIndex(self, FoundVectors.by(self.search, laid, length[:, 0] > 0))

    def _vectors(self, data: Dataset) -> Singles:
        """(items, d): 0 of which nothing is said."""
        if self.encoded != "none":
            return formed(
                read_encoded(data, self.encoded_table), self.encoded, self.size, self.seed
            )
        said = said_of(data.catalogue)
        return TextEncoder.fit(said, self.size, self.seed).vectors(said)

    def load(self, folder: Path) -> "ContentIndex":
        return ContentIndex(self, FoundVectors.load(folder, self.search))


@dataclass(frozen=True)
class ContentIndex:
    """Items as unit vectors of what is said of them, and a number of how often they were taken."""

    settings: Content
    found: FoundVectors

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return self.answer(requests).best(k)

    def answer(self, requests: Requests) -> VectorAnswer:
        queries = self.queries(requests.taken)
        return VectorAnswer(self.found, queries, requests, self.settings.repeat)

    def queries(self, history: Histories) -> Singles:
        """(R, size + 1): whose inner product with an item's vector is its score."""
        newest = history.take(history.item < len(self.found.vectors)).latest(self.settings.recent)
        rows = np.flatnonzero(self.found.learned[newest.item])
        weight = self.settings.decay ** newest.age_rank[rows].astype(np.float64)
        request = newest.request[rows]
        whole = np.bincount(request, weight, minlength=len(history))
        votes = sparse.csr_array(
            (weight / whole[request], (request, newest.item[rows])),
            shape=(len(history), len(self.found.vectors)),
        )
        asked = np.asarray(votes @ self.found.vectors, dtype=np.float32)
        asked[:, -1] = whole > 0
        return asked

    def save(self, folder: Path) -> None:
        self.found.save(folder)
