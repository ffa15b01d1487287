"""Rows that a ranking network learns from: what a person took next among items drawn alike.

Everybody's last event is tested, the one before validates, and those before teach; the first is
history alone. Negatives are drawn from all items alike, whatever their popularity, leaving out what
the person takes in the part that is learned from (in learning) or at any time (in the others).
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy import sparse

from galen.data.arrays import Bools, Ints, Singles
from galen.data.dataset import Dataset
from galen.features.encoding.samples import Samples, empty_side
from galen.features.encoding.schema import Category, Schema, Sequence, Vector

HISTORY: Final = 20  # newest events that are read
OBJECTIVE: Final = "taken"


@dataclass(frozen=True)
class Asked:
    """P moments at which something was taken, with what was known just before."""

    wanted: Ints  # (P,)
    negative: Ints  # (P, n)
    history: Ints  # (P, HISTORY) item + 1, oldest first, 0 beyond the length
    length: Ints  # (P,)

    def shortened(self, newest: int) -> "Asked":
        """As if only so many of the newest events were known."""
        length = np.minimum(self.length, newest)
        place = np.arange(self.history.shape[1])
        at = np.minimum(place + (self.length - length)[:, None], self.history.shape[1] - 1)
        kept = np.where(place < length[:, None], np.take_along_axis(self.history, at, axis=1), 0)
        return replace(self, history=kept, length=length)

    def part(self, start: int, stop: int) -> "Asked":
        rows = slice(start, stop)
        return Asked(self.wanted[rows], self.negative[rows], self.history[rows], self.length[rows])


@dataclass(frozen=True)
class World:
    """All that is asked of a file, the same for every variant."""

    train: Asked
    valid: Asked
    test: Asked
    count: Ints  # (items,) events of each in the part that is learned from
    events: Ints  # (test,) events of each tested person in that part


def world_of(data: Dataset, seed: int, *, negatives: tuple[int, int, int]) -> World:
    """Rows of a file; `negatives` of each moment in learning, validation and test."""
    random = np.random.default_rng(seed)
    length = data.length[data.user]
    place = data.place
    learned = data.take(place < length - 2)
    known = np.unique(data.item).astype(np.int64)
    whole = np.unique(data.user.astype(np.int64) * len(data.catalogue) + data.item)
    before = np.unique(learned.user.astype(np.int64) * len(data.catalogue) + learned.item)
    rows = (
        np.flatnonzero((place >= 1) & (place < length - 2)),
        np.flatnonzero((place >= 1) & (place == length - 2)),
        np.flatnonzero((place >= 1) & (place == length - 1)),
    )
    train, valid, test = (
        _asked(data, events, known, taken, count, random)
        for events, taken, count in zip(rows, (before, whole, whole), negatives, strict=True)
    )
    counts = np.bincount(learned.item, minlength=len(data.catalogue))
    return World(train, valid, test, counts, learned.length[data.user[rows[2]]])


def _asked(
    data: Dataset, rows: Ints, known: Ints, taken: Ints, count: int, random: np.random.Generator
) -> Asked:
    length = np.minimum(data.place[rows], HISTORY)
    place = np.arange(HISTORY)
    source = (rows - length)[:, None] + place
    there = place < length[:, None]
    history = np.where(there, data.item[np.where(there, source, 0)].astype(np.int64) + 1, 0)
    key = data.user[rows].astype(np.int64)[:, None] * len(data.catalogue)
    negative = random.choice(known, (len(rows), count))
    for _ in range(20):  # redrawn until none was taken by the person
        wrong = np.isin(key + negative, taken)
        if not wrong.any():
            break
        negative[wrong] = random.choice(known, int(wrong.sum()))
    return Asked(data.item[rows].astype(np.int64), negative.astype(np.int64), history, length)


def schema_of(items: int, size: int) -> Schema:
    """What a network is told: the item, the history, and with `size` vectors of both."""
    vectors = (Vector("person", size, "experts"), Vector("text", size, "experts"))
    return Schema(
        categories=(Category("item", items + 1),),
        sequences=(Sequence("seen", items + 1, "item", "item"),),
        vectors=vectors if size else (),
        history=HISTORY,
        item="item",
    )


def samples_of(asked: Asked, vectors: Singles | None) -> Samples:
    """The wanted item of each moment, then its negatives, as rows; a moment is a group."""
    items = np.column_stack([asked.wanted, asked.negative])
    width, flat = items.shape[1], items.ravel()
    row = np.repeat(np.arange(len(items)), width)
    label = np.zeros(items.shape, np.float32)
    label[:, 0] = 1
    columns: dict[str, Any] = empty_side(len(flat)) | {
        "history": asked.history[:, :, None],
        "history_length": asked.length,
        "history_row": row,
    }
    if vectors is not None:
        person = person_vectors(asked, vectors)
        columns["vectors"] = np.concatenate([person[row], vectors[flat]], axis=1)
    return Samples(
        categories=flat[:, None] + 1,
        labels={OBJECTIVE: label.ravel()},
        weight=np.ones(len(flat), np.float32),
        group=row,
        **columns,
    )


def person_vectors(asked: Asked, vectors: Singles) -> Singles:
    """(P, d): the mean vector of what a history holds; 0 where nothing of it is known."""
    there: Bools = asked.history > 0
    known = there.copy()
    known[there] = vectors[asked.history[there] - 1].any(axis=1)
    row, _ = np.nonzero(known)
    weight = 1 / np.maximum(known.sum(axis=1), 1)
    shape = (len(asked.wanted), len(vectors))
    votes = sparse.csr_array((weight[row], (row, asked.history[known] - 1)), shape=shape)
    return np.asarray(votes @ vectors, dtype=np.float32)
