"""Wide rows of words or neighbours as a few numbers each, and the same for rows that come later."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from galen.data.arrays import Bools, Singles

NOTHING: Final = 1e-6
"""Share of the strongest direction's strength up to which a direction is rounding."""


@dataclass(frozen=True, slots=True)
class Directions:
    """Leading directions of a matrix, so scaled that its rows have length 1 on average."""

    components: Singles  # (columns, size)
    centre: Singles  # (size,) mean of the rows that were learned from

    def of(self, matrix: sparse.csr_array) -> Singles:
        """(rows, size) of a matrix of the same columns; an empty row is 0."""
        found = matrix @ self.components - self.centre
        found[np.diff(matrix.indptr) == 0] = 0
        return np.asarray(found, dtype=np.float32)


def spread_out(
    matrix: sparse.csr_array | Singles, there: Bools, size: int, whiten: float, seed: int
) -> tuple[Singles, Directions]:
    """(rows, size or fewer) by leading directions, 0 where not `there`, and those directions.

    There are as many as rows tell apart; where all are alike, one in which each is 0.
    `whiten` 1 spreads all directions alike, 0 leaves them as they are.
    """
    from sklearn.utils.extmath import randomized_svd

    mean = np.zeros(matrix.shape[1])
    if isinstance(matrix, np.ndarray) and there.any():
        mean = matrix[there].mean(axis=0)
        matrix = np.where(there[:, None], matrix - mean, 0)
    size = min(size, *(side - isinstance(matrix, sparse.csr_array) for side in matrix.shape))
    if size < 1 or not there.any():
        return _nothing(matrix, 0)
    with threadpool_limits(1, "blas"):
        left, strength, right = randomized_svd(matrix, size, n_iter=4, random_state=seed)
    # Whitening would make rounding as strong as the rest, and of rows to come far stronger.
    strong = int((strength > strength[0] * NOTHING).sum())
    if not strong:
        return _nothing(matrix, 1)
    left, strength, right = left[:, :strong], strength[:strong], right[:strong]
    vectors = left * strength ** (1 - whiten)
    centre = vectors[there].mean(axis=0)
    vectors[there] -= centre
    vectors[~there] = 0
    length = max(np.sqrt((vectors[there] ** 2).sum(axis=1).mean()), 1e-12)
    components = right.T * strength**-whiten
    centre = centre + mean @ components
    learned = Directions(
        (components / length).astype(np.float32), (centre / length).astype(np.float32)
    )
    return np.asarray(vectors / length, dtype=np.float32), learned


def _nothing(matrix: sparse.csr_array | Singles, size: int) -> tuple[Singles, Directions]:
    rows, columns = matrix.shape
    none = Directions(np.zeros((columns, size), np.float32), np.zeros(size, np.float32))
    return np.zeros((rows, size), np.float32), none
