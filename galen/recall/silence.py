"""Channels that say nothing now and then while fusion learns from them, as late ones in serving.

A fuser that has never missed a channel weighs two that order alike against each other, and has
nothing to go by where one is missing.
"""

from collections.abc import Sequence

import numpy as np

from galen.pipeline.candidates import Candidates
from galen.pipeline.channels import unsaid


def some_silent(
    candidates: Candidates, channels: Sequence[str], share: float, *, seed: int
) -> Candidates:
    """Merged rows as they would be, had one channel failed in a share of the requests.

    Each is as likely to; an only channel always speaks.
    """
    if len(channels) < 2:
        return candidates
    requests, request = np.unique(candidates.request, return_inverse=True)
    random = np.random.default_rng(seed)
    silent = random.integers(len(channels), size=len(requests))
    silent[random.random(len(requests)) >= share] = len(channels)  # nobody
    of_row = silent[request]
    return unsaid(candidates, {name: of_row == place for place, name in enumerate(channels)})
