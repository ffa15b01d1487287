"""The best of many scores without sorting them all."""

import numpy as np

from galen.data.arrays import Floats, Ints


def best_places(score: Floats, k: int) -> Ints:
    """The places of the k highest scores, highest first; of equal ones the first come first."""
    if not 0 < k < len(score):
        return np.argsort(-score, kind="stable")[:k]
    high = np.flatnonzero(score >= np.partition(score, -k)[-k])
    return high[np.argsort(-score[high], kind="stable")[:k]]
