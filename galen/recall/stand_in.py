"""What a channel that is missing would have said, as far as the others tell it.

The mean of a part of a normal vector, given the rest: Buck, "A Method of Estimation of Missing
Values in Multivariate Data Suitable for Use with an Electronic Computer", JRSS B 22, 1960.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Floats

NOISE: Final = 1e-3
"""Variance of what is said that nothing is read from; two that say the same can be told apart."""


@dataclass(frozen=True, slots=True)
class Together:
    """How S things that are said of rows go together."""

    mean: Floats  # (S,)
    covariance: Floats  # (S, S)

    @classmethod
    def of(cls, said: Floats) -> "Together":
        """Learn it from rows (N, S) of which all was said."""
        if not len(said):
            size = said.shape[1]
            return cls(np.zeros(size), np.zeros((size, size)))
        mean = said.mean(axis=0)
        centred = said - mean
        return cls(mean, centred.T @ centred / len(said))

    def filled(self, said: Floats, missing: Sequence[int]) -> Floats:
        """Rows (N, S) with the columns that are missing as the other columns let expect them."""
        gone = np.asarray(missing)
        there = np.setdiff1d(np.arange(said.shape[1]), gone)
        among = self.covariance[np.ix_(there, there)] + NOISE * np.eye(len(there))
        slope = np.linalg.solve(among, self.covariance[np.ix_(there, gone)])
        filled = said.copy()
        filled[:, gone] = self.mean[gone] + (said[:, there] - self.mean[there]) @ slope
        return filled
