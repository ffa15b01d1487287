"""SLIM: sparse, non-negative linear weights from item to item.

Ning and Karypis, "SLIM: Sparse Linear Methods for Top-N Recommender Systems", ICDM 2011. As in its
fsSLIM, an item's weights are sought among its closest items only: then its problem is a small dense
one, and coordinate descent goes over the same coordinate of many items at a time. ADMM (Steck et
al., WSDM 2020) was not taken: each of its steps is a product of two dense (items, items) matrices.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from galen.data.arrays import Ints, Singles
from galen.data.dataset import Dataset
from galen.data.lookup import places_of
from galen.recall.votes import ItemVotes, strongest, taken_once


@dataclass(frozen=True, slots=True)
class Slim:
    """Each item is predicted from its `candidates` closest by cosine: a non-negative elastic net.

    Memory is bounded by pairs of items that somebody took both of, not by items².
    """

    l1: float = 0.9  # of products of two weights: a pair that one person took lately is about 1
    l2: float = 50.0  # of squared weights; more spreads them over like items
    candidates: int = 100  # items that may predict an item
    sweeps: int = 50  # over all coordinates, fewer where weights stand still
    recent: int = 5
    decay: float = 0.7
    fit_decay: float = 0.97  # the same in what is learned from; 1 is the paper's binary matrix
    repeat: bool = False

    def fit(self, data: Dataset) -> ItemVotes:
        weights = slim_weights(
            taken_once(data, self.fit_decay),
            l1=self.l1,
            l2=self.l2,
            candidates=self.candidates,
            sweeps=self.sweeps,
        )
        return ItemVotes(self, weights)

    def load(self, folder: Path) -> ItemVotes:
        return ItemVotes.load(self, folder)


def slim_weights(
    matrix: sparse.csr_array, *, l1: float, l2: float, candidates: int, sweeps: int
) -> sparse.csr_array:
    """(n, n) float32 weights of a (users, n) matrix; row = source, column = target.

    Column j minimises ½‖x_j - Xw‖² + ½ l2‖w‖² + l1‖w‖₁ over w ≥ 0 among item j's candidates.
    """
    items = matrix.shape[1]
    pairs = sparse.csr_array(matrix.T @ matrix)
    pairs.sort_indices()
    diagonal = pairs.diagonal().astype(np.float32)
    near = _nearest(pairs, diagonal, candidates)
    keys = np.repeat(np.arange(items), np.diff(pairs.indptr)) * items + pairs.indices
    targets = np.flatnonzero(np.diff(near.indptr))
    nothing = np.empty(0, np.int64)
    sources, columns, values = [nothing], [nothing], [np.empty(0, np.float32)]
    for start in range(0, len(targets), 256):
        block = targets[start : start + 256]
        places, there = _padded(near, block)
        gram = _looked_up(keys, pairs.data, places[:, :, None] * items + places[:, None, :])
        gram *= there[:, :, None] & there[:, None, :]
        reach = _looked_up(keys, pairs.data, places * items + block[:, None]) * there
        found = _descended(gram, reach, l1=l1, l2=l2, sweeps=sweeps)
        row, place = np.nonzero(found)
        sources.append(places[row, place])
        columns.append(block[row])
        values.append(found[row, place])
    where = (np.concatenate(sources), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(values), where), shape=(items, items))


def _nearest(pairs: sparse.csr_array, diagonal: Singles, count: int) -> sparse.csr_array:
    """Each item's closest others by cosine; row = item."""
    length = np.sqrt(np.maximum(diagonal, 1e-12))
    row = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    other = row != pairs.indices
    cosine = pairs.data / (length[row] * length[pairs.indices])
    whole = sparse.csr_array((cosine[other], (row[other], pairs.indices[other])), pairs.shape)
    return strongest(whole, count)


def _padded(near: sparse.csr_array, rows: Ints) -> tuple[Ints, np.ndarray]:
    """(B, c) columns of rows, and where they are columns and not padding."""
    start, length = near.indptr[rows], np.diff(near.indptr)[rows]
    steps = np.arange(length.max(initial=0))
    there = steps < length[:, None]
    return near.indices[np.where(there, start[:, None] + steps, 0)].astype(np.int64), there


def _looked_up(keys: Ints, values: Singles, wanted: Ints) -> Singles:
    """The values of the wanted keys, 0 where there is none; `keys` rise."""
    place = places_of(keys, wanted)
    return np.where(place >= 0, values[place], 0).astype(np.float32)


def _descended(gram: Singles, reach: Singles, *, l1: float, l2: float, sweeps: int) -> Singles:
    """(B, c) weights by cyclic coordinate descent from (B, c, c) products and (B, c) targets.

    Friedman, Hastie, Tibshirani, "Regularization Paths for Generalized Linear Models via
    Coordinate Descent", Journal of Statistical Software 2010.
    """
    weights = np.zeros_like(reach)
    left = reach.copy()  # what the weights do not yet explain: reach - gram @ weights
    own = np.diagonal(gram, axis1=1, axis2=2)
    for _ in range(sweeps):
        moved = 0.0
        for place in range(reach.shape[1]):
            old = weights[:, place]
            wanted = left[:, place] + own[:, place] * old - l1
            new = np.maximum(wanted, 0.0) / np.maximum(own[:, place] + l2, 1e-12)
            step = new - old
            left -= step[:, None] * gram[:, place]
            weights[:, place] = new
            moved = max(moved, float(np.abs(step).max()))
        if moved < 1e-5:
            break
    return weights
