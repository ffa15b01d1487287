"""A drug class stands for some kind of it, and nobody knows which: taken, or named by a label."""

import numpy as np
from scipy import sparse

from galen.data.arrays import Ints
from galen.eligibility.bearing import Bearing
from galen.eligibility.premises import DROP, WARN, Premises
from galen.eligibility.rows_of import columns_of


def for_some_kind(premises: Premises, bearing: Bearing) -> Bearing:
    """The bearing in which a class, declared or of goods, has the strictest action of its kinds."""
    kinds = premises.kinds_of_classes.astype(np.int32)
    matrix = bearing.matrix
    for action in (WARN, DROP):
        found = _where(matrix, action)
        found = sparse.csr_matrix(found + kinds @ found)
        found = sparse.csr_matrix(found + found @ kinds.T)
        found.data[:] = action
        matrix = matrix.maximum(found.astype(np.int8))
    return Bearing(sparse.csr_matrix(matrix))


def _where(matrix: sparse.csr_matrix, action: int) -> sparse.csr_matrix:
    said = matrix.tocoo()
    chosen = said.data == action
    places = np.ones(chosen.sum(), np.int32), (said.row[chosen], said.col[chosen])
    return sparse.csr_matrix(places, said.shape)


def and_kinds(premises: Premises, declared: Ints) -> Ints:
    """What is declared, then each kind of the classes among it, which may be what is meant."""
    kinds = columns_of(premises.kinds_of_classes, declared)
    return np.concatenate([declared, np.setdiff1d(kinds, declared)])
