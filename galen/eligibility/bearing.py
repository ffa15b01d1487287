"""What one concept has to say of another, for all pairs: the table that personal rules look up."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from galen.data.arrays import Ints
from galen.eligibility.premises import DROP, WARN, Small
from galen.eligibility.rows_of import entries_of
from galen.pipeline.candidates import Candidates
from galen.pipeline.circumstances import Packed

ROOM = 32_000_000
"""Bytes that a look-up may take at once; larger batches of requests are asked in parts."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """For each concept that may be declared, the concepts of goods it bears on, and how much."""

    matrix: sparse.csr_matrix  # (concepts, concepts) of actions: declared by goods

    def actions(
        self, declared: Packed, candidates: Candidates, concept: npt.NDArray[np.integer]
    ) -> Small:
        """(N,): the strictest action on each row, whose items have concepts (N, W)."""
        found = np.zeros(len(candidates), np.int8)
        asked = np.flatnonzero(declared.count)
        if not len(asked) or not self.matrix.nnz or not len(candidates):
            return found
        width = self.matrix.shape[1] + 1
        if len(declared.count) == 1:
            table = self._alone(declared.values, width)
            return np.asarray(table[concept].max(axis=1), np.int8)
        step = max(1, ROOM // width)
        for start in range(0, len(asked), step):
            part = asked[start : start + step]
            place = np.full(len(declared.count), -1)
            place[part] = np.arange(len(part))
            table = self._of(declared, place, len(part), width)
            local = place[candidates.request]
            rows = np.flatnonzero(local >= 0)
            found[rows] = table[local[rows][:, None], concept[rows]].max(axis=1)
        return found

    def _alone(self, declared: Ints, width: int) -> Small:
        """(concepts + 1,): the same of one request, the case of every served slate."""
        table = np.zeros(width, np.int8)
        _, entry = entries_of(self.matrix, declared)
        column, action = self.matrix.indices[entry], self.matrix.data[entry]
        for strictness in (WARN, DROP):
            table[column[action == strictness]] = strictness
        return table

    def _of(self, declared: Packed, place: Ints, requests: int, width: int) -> Small:
        """(requests, concepts + 1): the actions that all that is declared of each asks for.

        The last column is of no concept, where -1 looks.
        """
        table = np.zeros((requests, width), np.int8)
        chosen = place[declared.request] >= 0
        request, value = place[declared.request[chosen]], declared.values[chosen]
        which, entry = entries_of(self.matrix, value)
        where = request[which], self.matrix.indices[entry]
        np.maximum.at(table, where, self.matrix.data[entry])
        return table
