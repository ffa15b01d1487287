"""Entries of some rows of a sparse matrix, without the cost of making another matrix."""

import numpy as np
from scipy import sparse

from galen.pipeline.candidates import Ints


def entries_of(matrix: sparse.csr_matrix, rows: Ints) -> tuple[Ints, Ints]:
    """Places in `rows`, and places in the matrix's indices and data, of all their entries."""
    start = matrix.indptr[rows].astype(np.int64)
    count = matrix.indptr[rows + 1] - start
    total = int(count.sum())
    within = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(np.arange(len(rows)), count), np.repeat(start, count) + within


def columns_of(matrix: sparse.csr_matrix, rows: Ints) -> Ints:
    """Each column that any of the rows has an entry in, once, in order."""
    _, entry = entries_of(matrix, rows)
    return np.unique(matrix.indices[entry]).astype(np.int64)
