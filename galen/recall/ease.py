"""EASE: linear weights from item to item in closed form.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import lapack

from galen.data.arrays import Ints, Singles
from galen.data.dataset import Dataset
from galen.data.mendable import MendableError
from galen.recall.votes import ItemVotes, most_popular, taken_once


class EaseError(MendableError):
    """The weights cannot be solved for; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Ease:
    """Each item is predicted from all others by least squares with an L2 penalty.

    The whole inverse needs 4 × items² bytes (1.6 GB at 20,000) and items³ steps, so of a larger
    catalogue the `most_items` most popular items learn, and the others are left to other channels.
    """

    l2: float = 100.0  # lambda of the paper; more trusts rare pairs less
    recent: int = 5
    decay: float = 0.7
    fit_decay: float = 1.0  # the same in what is learned from; 1 is the paper's binary matrix
    most_items: int = 20_000  # most popular ones that learn; memory grows with the square
    neighbours: int = 300
    repeat: bool = False

    def fit(self, data: Dataset) -> ItemVotes:
        """Learn weights.

        Raises:
            EaseError: l2 is too small for the inverse to exist in single precision.
        """
        matrix = taken_once(data, self.fit_decay)
        chosen = most_popular(matrix, self.most_items)
        weights = ease_weights(matrix[:, chosen], self.l2)
        return ItemVotes(self, kept(weights, chosen, len(data.catalogue), self.neighbours))

    def load(self, folder: Path) -> ItemVotes:
        return ItemVotes.load(self, folder)


def ease_weights(matrix: sparse.csr_array, l2: float) -> Singles:
    """(n, n) weights of a (users, n) matrix, zero on the diagonal; row = source, column = target.

    B = I - P / diag(P) with P = (XᵀX + l2 I)⁻¹.

    Raises:
        EaseError: XᵀX + l2 I cannot be inverted.
    """
    items = matrix.shape[1]
    if not items:
        return np.zeros((0, 0), np.float32)
    gram = np.asfortranarray((matrix.T @ matrix).toarray(order="F"), dtype=np.float32)
    gram[np.diag_indices(items)] += l2
    # Both work in place on the lower half: scipy.linalg.inv would hold three such matrices.
    half, wrong = lapack.spotrf(gram, lower=1, overwrite_a=1)
    if not wrong:
        half, wrong = lapack.spotri(half, lower=1, overwrite_c=1)
    if wrong:
        raise EaseError(f"the matrix of items cannot be inverted with l2 = {l2}; make l2 larger.")
    return _scaled(half)


def _scaled(half: npt.NDArray[Any]) -> Singles:
    """-P / diag(P) of each column, from the lower half of P; in place, block by block."""
    items = len(half)
    diagonal = half.diagonal().copy()
    for start in range(0, items, 1024):
        stop = min(start + 1024, items)
        half[start:stop, stop:] = half[stop:, start:stop].T
        corner = np.tril(half[start:stop, start:stop])
        half[start:stop, start:stop] = corner + np.tril(corner, -1).T
    half /= -diagonal[None, :]
    half[np.diag_indices(items)] = 0.0
    return half


def kept(weights: Singles, chosen: Ints, items: int, count: int) -> sparse.csr_array:
    """(items, items) float32: of each row of `weights` the `count` of largest size.

    `chosen` (n,) are the items that the rows and columns of `weights` (n, n) stand for.
    """
    count = min(count, len(chosen))
    nothing = np.empty(0, np.int64)
    rows, columns, values = [nothing], [nothing], [np.empty(0, np.float32)]
    for start in range(0, len(chosen), 512):
        block = np.ascontiguousarray(weights[start : start + 512])
        best = np.sort(np.argpartition(-np.abs(block), count - 1, axis=1)[:, :count], axis=1)
        rows.append(np.repeat(chosen[start : start + 512], count))
        columns.append(chosen[best].ravel())
        values.append(np.take_along_axis(block, best, axis=1).ravel())
    pairs = (np.concatenate(rows), np.concatenate(columns))
    found = sparse.csr_array((np.concatenate(values), pairs), shape=(items, items))
    found.eliminate_zeros()
    return found
