"""Entries of some rows of a sparse matrix, without the cost of making another matrix."""

import numpy as np
from scipy import sparse

from galen.data.arrays import Ints
from galen.data.lookup import places_in_runs


def entries_of(matrix: sparse.csr_matrix, rows: Ints) -> tuple[Ints, Ints]:
    """Places in `rows`, and places in the matrix's indices and data, of all their entries."""
    start = matrix.indptr[rows].astype(np.int64)
    count = matrix.indptr[rows + 1] - start
    return np.repeat(np.arange(len(rows)), count), places_in_runs(start, count)


def columns_of(matrix: sparse.csr_matrix, rows: Ints) -> Ints:
    """Each column that any of the rows has an entry in, once, in order."""
    _, entry = entries_of(matrix, rows)
    return np.unique(matrix.indices[entry]).astype(np.int64)
