"""Channels over item-to-item weights: a person's newest items vote for others."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import place_within
from galen.data.schema import TAKEN
from galen.features.words.word_pairs import values_at
from galen.pipeline.candidates import Candidates, Requests, no_candidates, stacked
from galen.recall.seen import unseen

BLOCK = 1024
"""Requests whose votes are held at once."""


def best_by_block(
    answer: Callable[[Requests], "VotesAnswer"], requests: Requests, k: int
) -> Candidates:
    """At most k items a request, a block of requests after the other."""
    parts = [no_candidates(("score",))]
    for start in range(0, len(requests), BLOCK):
        part = requests.part(start, min(start + BLOCK, len(requests)))
        best = answer(part).best(k)
        parts.append(replace(best, request=best.request + start))
    return stacked(parts)


class Voting(Protocol):
    """The settings that scoring needs."""

    @property
    def recent(self) -> int:
        """How many of a person's newest items vote."""
        ...

    @property
    def decay(self) -> float:
        """Factor on the vote of an item for each newer one: the newest has 1, the next `decay`."""
        ...

    @property
    def repeat(self) -> bool:
        """May items of the history be proposed again?"""
        ...


@dataclass(frozen=True, slots=True)
class ItemVotes:
    """Weights from item to item; row = item of a history, column = item that it votes for.

    What the votes speak against, on the whole, is not proposed.
    """

    settings: Voting
    weights: sparse.csr_array  # (items, items)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return best_by_block(self.answer, requests, k)

    def answer(self, requests: Requests) -> "VotesAnswer":
        history = requests.taken.latest(self.settings.recent)
        voting = history.item < self.weights.shape[0]
        rows = (history.request[voting], history.item[voting])
        shape = (len(requests), self.weights.shape[0])
        votes = sparse.csr_array((self.settings.decay ** history.age_rank[voting], rows), shape)
        return VotesAnswer(voted(votes, self.weights), requests, self.settings.repeat)

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
        """Read back what `save` wrote, to vote as `settings` say."""
        saved = load_file(folder / "graph.safetensors")
        items = len(saved["offsets"]) - 1
        arrays = (saved["weight"], saved["target"], saved["offsets"])
        return cls(settings, sparse.csr_array(arrays, shape=(items, items)))


@dataclass(frozen=True, slots=True)
class VotesAnswer:
    """The votes of people's newest items, added."""

    votes: sparse.csr_array  # (R, items)
    requests: Requests
    repeat: bool

    def best(self, k: int) -> Candidates:
        wanted = self.votes.data > 0
        found = np.repeat(np.arange(len(self.requests)), np.diff(self.votes.indptr))[wanted]
        item = self.votes.indices[wanted].astype(np.int64)
        whole = Candidates(found, item, {"score": self.votes.data[wanted].astype(np.float64)})
        return (whole if self.repeat else unseen(self.requests, whole)).top(k, by="score")

    def scores(self, candidates: Candidates) -> Floats:
        """(N,): the votes for each row; NaN where nothing of a person's history votes."""
        known = candidates.item < self.votes.shape[1]
        known &= np.diff(self.votes.indptr)[candidates.request] > 0
        out = np.full(len(candidates), np.nan)
        out[known] = values_at(self.votes, candidates.request[known], candidates.item[known])
        return out


def voted(votes: sparse.csr_array, weights: sparse.csr_array) -> sparse.csr_array:
    """(R, items): `votes` (R, N) times `weights` (N, items), read only where there is a vote.

    scipy casts both sides of a product to one type: of a shop's whole graph, for each request.
    """
    row, place = np.unique(votes.indices, return_inverse=True)
    few = (votes.data, place, votes.indptr), (votes.shape[0], len(row))
    return sparse.csr_array(sparse.csr_array(*few) @ weights[row])


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
