"""Rows that a channel must not propose again."""

import numpy as np

from galen.data.lookup import places_of
from galen.pipeline.candidates import Candidates, Requests


def unseen(requests: Requests, candidates: Candidates) -> Candidates:
    """The candidates that are not in their request's history."""
    history = requests.history
    if not len(history.item) or not len(candidates):
        return candidates
    width = 1 + max(int(candidates.item.max()), int(history.item.max()))
    seen = np.sort(history.request * width + history.item)
    keys = candidates.request * width + candidates.item
    return candidates.take(places_of(seen, keys) < 0)
