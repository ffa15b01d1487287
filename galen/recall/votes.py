"""Channels over item-to-item weights: a person's newest items vote for others."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.pipeline.candidates import (
    Candidates,
    Histories,
    Ints,
    Requests,
    no_candidates,
    place_within,
    stacked,
)
from galen.recall.seen import unseen


class Voting(Protocol):
    """The settings that scoring needs: the newest `recent` items vote with `decay`^place."""

    @property
    def recent(self) -> int: ...
    @property
    def decay(self) -> float: ...
    @property
    def repeat(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ItemVotes:
    """Weights from item to item; row = item of a history, column = item that it votes for.

    What the votes speak against, on the whole, is not proposed.
    """

    settings: Voting
    weights: sparse.csr_array  # (items, items)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        taken = requests.taken
        parts = [
            self._retrieve(requests, taken, start, min(start + 1024, len(requests)), k)
            for start in range(0, len(requests), 1024)
        ]
        if not parts:
            return no_candidates(("score",))
        return stacked(parts)

    def _retrieve(
        self, requests: Requests, history: Histories, start: int, stop: int, k: int
    ) -> Candidates:
        first, last = history.offsets[start], history.offsets[stop]
        row = history.request[first:last] - start
        item, rank = history.item[first:last], history.age_rank[first:last]
        known = item < self.weights.shape[0]
        voting = known & (rank < self.settings.recent)
        shape = (stop - start, self.weights.shape[0])
        votes = sparse.csr_array(
            (self.settings.decay ** rank[voting], (row[voting], item[voting])), shape=shape
        )
        scores = votes @ self.weights
        wanted = scores.data > 0
        found = np.repeat(np.arange(stop - start), np.diff(scores.indptr))[wanted]
        item = scores.indices[wanted].astype(np.int64)
        whole = Candidates(found + start, item, {"score": scores.data[wanted].astype(np.float64)})
        if not self.settings.repeat:
            whole = unseen(requests, whole)
        return whole.top(k, by="score")

    def save(self, folder: Path) -> None:
        save_file(
            {
                "weight": self.weights.data,
                "target": self.weights.indices.astype(np.int32),
                "offsets": self.weights.indptr.astype(np.int32),
            },
            folder / "graph.safetensors",
        )

    @classmethod
    def load(cls, settings: Voting, folder: Path) -> "ItemVotes":
        saved = load_file(folder / "graph.safetensors")
        items = len(saved["offsets"]) - 1
        arrays = (saved["weight"], saved["target"], saved["offsets"])
        return cls(settings, sparse.csr_array(arrays, shape=(items, items)))


def strongest(weights: sparse.csr_array, count: int) -> sparse.csr_array:
    """Each row's `count` largest weights, of equals the first."""
    row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    order = np.lexsort((weights.indices, -weights.data, row))
    kept = np.sort(order[place_within(row) < count])
    offsets = np.searchsorted(row[kept], np.arange(weights.shape[0] + 1))
    arrays = (weights.data[kept], weights.indices[kept], offsets)
    return sparse.csr_array(arrays, shape=weights.shape)


def taken_once(data: Dataset, decay: float) -> sparse.csr_array:
    """(users, items) float32: decay^place of what each user took, place 0 the newest.

    An item taken several times counts as its newest time.
    """
    taken = data.of(*TAKEN)
    items = len(data.catalogue)
    key = taken.user[::-1].astype(np.int64) * items + taken.item[::-1]
    age = (taken.length[taken.user] - 1 - taken.place)[::-1]
    key, newest = np.unique(key, return_index=True)  # the first of the reversed rows
    weight = (decay ** age[newest].astype(np.float64)).astype(np.float32)
    shape = (data.users, items)
    return sparse.csr_array((weight, (key // max(items, 1), key % max(items, 1))), shape=shape)


def most_popular(matrix: sparse.csr_array, count: int) -> Ints:
    """The columns with the most entries, at most `count`, in rising order; empty ones are none."""
    entries = np.bincount(matrix.indices, minlength=matrix.shape[1])
    order = np.argsort(-entries, kind="stable")[:count]
    return np.sort(order[entries[order] > 0]).astype(np.int64)
