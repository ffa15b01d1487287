"""How unlike the rows of a slate are: intra-list distance, by category and by item vectors.

Ziegler et al., "Improving Recommendation Lists Through Topic Diversification", WWW 2005.
"""

import numpy as np

from galen.data.arrays import Floats, Ints, Singles
from galen.data.lookup import place_within
from galen.pipeline.candidates import Candidates


def unlike_kinds(slates: Candidates, kind: Ints, cut: int = 10) -> Floats:
    """(S,): of each slate of two rows or more, the share of pairs of two kinds.

    `kind` (items,) is -1 where unknown; pairs with such an item are not counted, and a slate of no
    other pairs is NaN.
    """
    item, pairs = _pairs(slates, cut)
    kinds = np.where(item >= 0, kind[item], -1)
    known = (kinds[:, :, None] >= 0) & (kinds[:, None] >= 0) & pairs
    return _mean((kinds[:, :, None] != kinds[:, None]).astype(np.float64), known)


def unlike_vectors(slates: Candidates, vectors: Singles, cut: int = 10) -> Floats:
    """(S,): of each slate of two rows or more, the mean of 1 - cosine of vectors (items, d).

    Pairs with an item of a zero vector are not counted, and a slate of no other pairs is NaN.
    """
    item, pairs = _pairs(slates, cut)
    length = np.linalg.norm(vectors, axis=1)
    unit = vectors / np.maximum(length, 1e-12)[:, None]
    cosine = np.empty((*item.shape, item.shape[1]))
    for start in range(0, len(item), 2048):
        mine = unit[item[start : start + 2048]]
        cosine[start : start + 2048] = mine @ mine.transpose(0, 2, 1)
    there = length[item] > 0
    return _mean(1 - cosine, pairs & there[:, :, None] & there[:, None])


def _pairs(
    slates: Candidates, cut: int
) -> tuple[Ints, np.ndarray[tuple[int, int, int], np.dtype[np.bool_]]]:
    """Items (S, cut), -1 where a slate is shorter, and which (S, cut, cut) are pairs of rows."""
    place = place_within(slates.request)
    top = slates.take(place < cut)
    requests, row = np.unique(top.request, return_inverse=True)
    item = np.full((len(requests), cut), -1)
    item[row, place[place < cut]] = top.item
    item = item[(item >= 0).sum(axis=1) >= 2]
    there = item >= 0
    return item, there[:, :, None] & there[:, None] & np.triu(np.ones((cut, cut), bool), 1)


def _mean(values: np.ndarray, counted: np.ndarray) -> Floats:
    count = counted.sum(axis=(1, 2))
    total = np.where(counted, values, 0).sum(axis=(1, 2))
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean
