"""Rows that a channel must not propose again."""

import numpy as np

from galen.pipeline.candidates import Candidates, Requests


def unseen(requests: Requests, candidates: Candidates) -> Candidates:
    """The candidates that are not in their request's history."""
    history = requests.history
    width = 1 + max(int(candidates.item.max(initial=0)), int(history.item.max(initial=0)))
    seen = history.request * width + history.item
    return candidates.take(~np.isin(candidates.request * width + candidates.item, seen))
