"""A channel over item vectors: a person is a vector made from their history."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.arrays import Bools, Floats, Singles
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.pipeline.candidates import Candidates, Requests
from galen.recall.search import NOTHING, Search, SearchKind, search_of


def user_items(data: Dataset, value: float) -> sparse.csr_array:
    """(users, items) matrix of what was taken, `value` a time."""
    taken = data.of(*TAKEN)
    counts = np.full(len(taken), value, np.float32)
    shape = (data.users, len(data.catalogue))
    return sparse.csr_array((counts, (taken.user, taken.item)), shape=shape)


def history_matrix(requests: Requests, items: int, decay: float) -> sparse.csr_array:
    """(R, items): decay^place of each item of the histories, place 0 the newest."""
    history = requests.taken
    known = history.item < items
    weight = decay ** history.age_rank[known].astype(np.float32)
    return sparse.csr_array(
        (weight, (history.request[known], history.item[known])), shape=(len(requests), items)
    )


@dataclass(frozen=True, slots=True)
class FoundVectors:
    """Turns query vectors into candidates; people without a history get none."""

    vectors: Singles  # (items, d)
    learned: Bools  # (items,) items with at least one event; the others have no vector yet
    search: Search  # over the vectors

    @classmethod
    def by(cls, kind: SearchKind, vectors: Singles, learned: Bools) -> "FoundVectors":
        """Vectors that are searched as a setting says.

        Raises:
            SearchError: approximate search cannot be had.
        """
        return cls(vectors, learned, search_of(vectors, kind))

    def candidates(
        self, queries: Singles, requests: Requests, k: int, *, repeat: bool
    ) -> Candidates:
        """The best k items of each request by queries (R, d), without `repeat` none of its history.

        A query of zeros finds nothing.
        """
        history = requests.history
        known = history.item < len(self.vectors)
        seen = NOTHING if repeat else (history.request[known], history.item[known])
        allowed = None if self.learned.all() else self.learned
        item, score = self.search.top(queries, k, exclude=seen, allowed=allowed)
        request = np.broadcast_to(np.arange(len(requests))[:, None], item.shape)
        some = np.linalg.norm(queries, axis=1) > 0
        good = np.isfinite(score) & some[:, None] & self.learned[item]
        return Candidates(
            request[good].astype(np.int64), item[good], {"score": score[good].astype(np.float64)}
        )

    def scores(self, queries: Singles, candidates: Candidates, block: int = 65_536) -> Floats:
        """(N,): the score of each row; NaN for items and people of whom nothing is known."""
        some = (queries != 0).any(axis=1)
        known = some[candidates.request] & (candidates.item < len(self.vectors))
        known[known] = self.learned[candidates.item[known]]
        rows = np.flatnonzero(known)
        out = np.full(len(candidates), np.nan)
        for start in range(0, len(rows), block):
            part = rows[start : start + block]
            asked, wanted = queries[candidates.request[part]], self.vectors[candidates.item[part]]
            out[part] = np.einsum("nd,nd->n", asked, wanted)
        return out

    def save(self, folder: Path) -> None:
        """Write the vectors, and which were learned, beside what else a channel keeps."""
        tensors: dict[str, np.ndarray[Any, Any]] = {
            "vectors": self.vectors,
            "learned": self.learned.astype(np.uint8),
        }
        save_file(tensors, folder / "vectors.safetensors")

    @classmethod
    def load(cls, folder: Path, kind: SearchKind = "exact") -> "FoundVectors":
        """Read back what `save` wrote; an index for approximate search is made anew.

        Raises:
            SearchError: approximate search misses too much.
        """
        saved = load_file(folder / "vectors.safetensors")
        return cls.by(kind, saved["vectors"], saved["learned"].astype(bool))


@dataclass(frozen=True, slots=True)
class VectorAnswer:
    """What a channel over item vectors thinks of items, for the vectors that people are."""

    found: FoundVectors
    queries: Singles  # (R, d)
    requests: Requests
    repeat: bool

    def best(self, k: int) -> Candidates:
        return self.found.candidates(self.queries, self.requests, k, repeat=self.repeat)

    def scores(self, candidates: Candidates) -> Floats:
        return self.found.scores(self.queries, candidates)


def learned_items(matrix: sparse.csr_array) -> Bools:
    """(items,): the items that somebody took."""
    return np.asarray(np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0)
