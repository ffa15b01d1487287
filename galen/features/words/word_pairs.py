"""How often goods of two product words are taken together, over what chance would make of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import places_of
from galen.data.schema import DAY, TAKEN

PRIOR: Final = 5.0
"""Pairs of people, as expected by chance, by which a lift is drawn to 1 (a Gamma prior)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Two events are together where the second is at most the `events`-th of a person after the
    first and at most `days` pass between them; without a clock, days do not count.
    """

    events: int = 5
    days: float = 30.0


@dataclass(frozen=True, slots=True)
class WordPairs:
    """Ordered pairs: the row came first. A person counts once for each pair."""

    count: sparse.csr_array  # (words, words) people
    people: Ints  # (words,) people of each word

    @classmethod
    def of(cls, data: Dataset, word: Ints, words: int, window: Window) -> "WordPairs":
        """Count the pairs of what people took; `word` is (items,), -1 where there is none.

        An item beside itself is no pair, two items of one word are.
        """
        taken = data.of(*TAKEN)
        keys = [np.empty(0, np.int64)]
        for first, second in together(taken, window):
            one, other = word[taken.item[first]], word[taken.item[second]]
            kept = (one >= 0) & (other >= 0) & (taken.item[first] != taken.item[second])
            person = taken.user[first][kept].astype(np.int64)
            keys.append(np.unique((person * words + one[kept]) * words + other[kept]))
        pair = np.unique(np.concatenate(keys)) % max(words * words, 1)
        known = word[taken.item] >= 0
        whole = np.unique(taken.user[known].astype(np.int64) * words + word[taken.item[known]])
        shape = words, words
        count = sparse.csr_array((np.ones(len(pair)), (pair // words, pair % words)), shape)
        people = np.bincount(whole % max(words, 1), minlength=words).astype(np.int64)
        return cls(count, people)

    def both(self) -> sparse.csr_array:
        """(words, words) symmetric: people by pair, whichever came first."""
        return sparse.csr_array(self.count + self.count.T)

    def lift(self, one: Ints, other: Ints) -> Floats:
        """(P,) of pairs: (pairs + PRIOR) / (expected + PRIOR); 1 where nothing is known.

        What is expected is that each word's share of all pairs is the same beside any other.
        """
        both = self.both()
        margin = np.asarray(both.sum(axis=1), np.float64)
        expected = margin[one] * margin[other] / max(float(margin.sum()), 1.0)
        return np.asarray((values_at(both, one, other) + PRIOR) / (expected + PRIOR), np.float64)

    def first_share(self, one: Ints, other: Ints) -> Floats:
        """(P,): the share of pairs in which the first word came first, drawn to a half."""
        ahead, behind = values_at(self.count, one, other), values_at(self.count, other, one)
        return np.asarray((ahead + PRIOR) / (ahead + behind + 2 * PRIOR), np.float64)


def together(taken: Dataset, window: Window) -> Iterator[tuple[Ints, Ints]]:
    """Rows of events that lie together, the earlier one first; one distance at a time."""
    for _, first, second in taken.pairs(window.events):
        if taken.clock == "time":
            near = taken.at[second] - taken.at[first] <= window.days * DAY
            yield first[near], second[near]
        else:
            yield first, second


def values_at(matrix: sparse.csr_array, row: Ints, column: Ints) -> Floats:
    """(P,): the entries of a sparse matrix at places; 0 where it has none."""
    matrix = sparse.csr_array(matrix)
    matrix.sum_duplicates()
    width = matrix.shape[1]
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    keys = rows * width + matrix.indices
    wanted = np.asarray(row, np.int64) * width + column
    if not len(keys):
        return np.zeros(len(wanted))
    place = places_of(keys, wanted)
    return np.where(place >= 0, matrix.data[place], 0.0).astype(np.float64)
