"""Whoever takes a drug class takes some kind of it, and nobody knows which."""

import numpy as np
from scipy import sparse

from galen.data.arrays import Ints
from galen.eligibility.bearing import Bearing
from galen.eligibility.premises import DROP, WARN, Premises
from galen.eligibility.rows_of import columns_of


def for_some_kind(premises: Premises, bearing: Bearing) -> Bearing:
    """The bearing in which a declared class has the strictest action of any of its kinds."""
    kinds, matrix = premises.kinds_of_classes.astype(np.int32), bearing.matrix
    said = bearing.matrix.tocoo()
    for action in (WARN, DROP):
        where = said.data == action
        places = np.ones(where.sum(), np.int32), (said.row[where], said.col[where])
        some = sparse.csr_matrix(kinds @ sparse.csr_matrix(places, said.shape))
        some.data[:] = action
        matrix = matrix.maximum(some.astype(np.int8))
    return Bearing(sparse.csr_matrix(matrix))


def and_kinds(premises: Premises, declared: Ints) -> Ints:
    """What is declared, then each kind of the classes among it, which may be what is meant."""
    kinds = columns_of(premises.kinds_of_classes, declared)
    return np.concatenate([declared, np.setdiff1d(kinds, declared)])
