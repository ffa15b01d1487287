"""Which product words people take in each context, counted from the past and drawn to what is
known of wider contexts.

A key stands for at least `least_people` people; a rarer one is coarsened by dropping its first
field, again and again, until it does. Its shares start from those of the coarser key, times the
factor of the field that was dropped, and move to what its own people took as they are more: a
Dirichlet prior whose strength is in people. Factors are drawn to 1 as in `galen.recall.seasonal`
(Clayton, Kaldor, Biometrics 1987).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import places_of
from galen.data.schema import TAKEN
from galen.features.contexts.contexts import ContextReader

K: Final = 20
"""People that a key stands for at least."""


@dataclass(frozen=True, slots=True)
class ContextKeys:
    """Keys by row, as codes; the finest one that is known answers for a context."""

    codes: Ints  # (K, fields), -1 where a field was dropped; the empty key is one of them
    packed: Ints  # (K,) each row as one number, ascending
    sizes: Ints  # (fields,) how many codes each may have, and 1

    @classmethod
    def of(cls, codes: Ints, sizes: Ints) -> "ContextKeys":
        """From keys in any order: codes (K, fields), -1 where a field was dropped."""
        packed = pack(codes, sizes)
        order = np.argsort(packed, kind="stable")
        return cls(codes[order], packed[order], sizes)

    def __len__(self) -> int:
        return len(self.packed)

    def find(self, contexts: Ints) -> Ints:
        """(N,): the row of the finest known key of each context (N, fields); -1 where none is."""
        left = contexts.copy()
        found = np.full(len(left), -1)
        for _ in range(left.shape[1] + 1):
            packed = pack(left, self.sizes)
            place = places_of(self.packed, packed)
            hit = (found < 0) & (place >= 0)
            found[hit] = place[hit]
            left = coarser(left)
        return found


@dataclass(frozen=True, slots=True)
class ContextWords:
    """The shares of product words in each key."""

    reader: ContextReader
    keys: ContextKeys
    people: Ints  # (K,) who were ever in this context
    takers: Ints  # (K, words) of them who then took a word
    share: Floats  # (K, words) of what people take next; each row sums to 1
    lift: Floats  # (K, words) share over that of the whole shop

    @classmethod
    def count(
        cls,
        data: Dataset,
        reader: ContextReader,
        *,
        least_people: int = K,
        strength: float = 300.0,
    ) -> "ContextWords":
        """Count the taken events of `data`; in each key every person counts as one."""
        taken = data.of(*TAKEN)
        word = reader.of_item["landing"][taken.item]
        known = word >= 0
        rows = _Rows(
            reader.past(taken)[known],
            taken.user[known].astype(np.int64),
            word[known],
            len(reader.words["landing"]),
            np.array([len(reader.words[field]) + 1 for field in reader.fields], np.int64),
        )
        found = [_counted(rows, mask, least_people) for mask in _masks(rows.contexts)]
        codes, people, takers, weight = (np.concatenate(p) for p in zip(*found, strict=True))
        order = np.argsort(pack(codes, rows.sizes), kind="stable")
        keys = ContextKeys.of(codes[order], rows.sizes)
        share = _shares(keys, weight[order], _factors_of(rows), strength)
        everyone = share[keys.find(np.full((1, len(rows.sizes)), -1))[0]]
        lift = share / np.maximum(everyone, 1e-12)
        return cls(reader, keys, people[order], takers[order], share, lift)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Taken events of items with a product word."""

    contexts: Ints  # (N, fields)
    user: Ints  # (N,)
    word: Ints  # (N,)
    words: int
    sizes: Ints  # (fields,)


def coarser(contexts: Ints) -> Ints:
    """The contexts without their first known field."""
    out = contexts.copy()
    rows = np.arange(len(out))
    if out.shape[1]:
        out[rows, (out >= 0).argmax(axis=1)] = -1
    return out


def pack(codes: Ints, sizes: Ints) -> Ints:
    """(N,): each row of codes as one number."""
    out = np.zeros(len(codes), np.int64)
    for place, size in enumerate(sizes.tolist()):
        out = out * size + codes[:, place] + 1
    return out


def _masks(contexts: Ints) -> list[Bools]:
    """Which fields are known: every pattern that occurs, and what is left of it as fields drop."""
    fields = contexts.shape[1]
    patterns = {tuple(row) for row in np.unique(contexts >= 0, axis=0).tolist()}
    patterns.add((False,) * fields)
    for pattern in list(patterns):
        left = list(pattern)
        for place in range(fields):
            left[place] = False
            patterns.add(tuple(left))
    return [np.array(pattern, bool) for pattern in sorted(patterns)]


def _counted(rows: _Rows, mask: Bools, least: int) -> tuple[Ints, Ints, Ints, Floats]:
    """The keys of one pattern with enough people: codes, people, and takers of each word.

    Takers come as how many people they are, and as what all their events are worth.
    """
    inside = (rows.contexts[:, mask] >= 0).all(axis=1)
    codes, words = np.where(mask, rows.contexts[inside], -1), rows.words
    user, word = rows.user[inside], rows.word[inside]
    if not mask.any() and not len(user):  # nobody took anything: the empty key stands still
        nothing = np.zeros((1, words), np.int64)
        return (
            np.full((1, len(rows.sizes)), -1),
            np.zeros(1, np.int64),
            nothing,
            np.zeros((1, words)),
        )
    packed, first, key = np.unique(pack(codes, rows.sizes), return_index=True, return_inverse=True)
    people = np.bincount(np.unique(np.stack([key, user]), axis=1)[0], minlength=len(packed))
    kept = people >= least if mask.any() else people >= 0
    once = np.unique(np.stack([key * words + word, user]), axis=1)[0]
    takers = np.bincount(once, minlength=len(packed) * words).reshape(len(packed), words)
    cells = np.bincount(key * words + word, _one_each(key, user), len(packed) * words)
    weight = cells.reshape(len(packed), words)
    return (
        np.asarray(codes[first][kept], np.int64),
        np.asarray(people[kept], np.int64),
        np.asarray(takers[kept], np.int64),
        np.asarray(weight[kept], np.float64),
    )


def _shares(keys: ContextKeys, takers: Floats, factors: list[Floats], strength: float) -> Floats:
    """(K, words): the shares of each key, coarser keys first."""
    words = takers.shape[1]
    share = np.zeros((len(keys), words))
    size = (keys.codes >= 0).sum(axis=1)
    for row in np.argsort(size, kind="stable").tolist():
        own = takers[row]
        if size[row] == 0:
            share[row] = (own + 1 / max(words, 1)) / (own.sum() + 1)
            continue
        dropped = int((keys.codes[row] >= 0).argmax())
        parent = keys.find(coarser(keys.codes[row][None]))[0]
        prior = share[parent] * factors[dropped][keys.codes[row, dropped]]
        prior = prior / max(float(prior.sum()), 1e-12)
        share[row] = (own + strength * prior) / (own.sum() + strength)
    return share


def _factors_of(rows: _Rows) -> list[Floats]:
    """For each field (values, words): people over expected people, drawn to 1."""
    found = []
    for place, size in enumerate(rows.sizes.tolist()):
        value = rows.contexts[:, place]
        known = value >= 0
        cell = value[known] * rows.words + rows.word[known]
        weight = _one_each(value[known], rows.user[known])
        count = np.bincount(cell, weight, minlength=(size - 1) * rows.words)
        found.append(drawn_factors(np.asarray(count, np.float64).reshape(size - 1, rows.words)))
    return found


def _one_each(key: Ints, user: Ints) -> Floats:
    """(N,): weights by which each person counts as one in each key."""
    person = key * (int(user.max(initial=0)) + 1) + user
    _, place, count = np.unique(person, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[place])


def drawn_factors(count: Floats) -> Floats:
    """(values, words) counts over expected ones, drawn to 1 by as much as the factors are alike."""
    total = max(float(count.sum()), 1.0)
    expected = count.sum(axis=1, keepdims=True) * count.sum(axis=0) / total
    above = float(((count - expected) ** 2 - expected).sum())
    apart = above / max(float((expected**2).sum()), 1e-9)  # variance of the factors
    strength = 1 / max(apart, 1e-6)
    return np.asarray((count + strength) / (expected + strength))
