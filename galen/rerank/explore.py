"""One place of the slate for what the shop knows too little about, with its probability logged.

The column `propensity` is the probability with which a row stands in its slot, as inverse
propensity estimates need it (Horvitz, Thompson 1952; Li et al., WSDM 2011).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from galen.data.catalogue import Catalogue
from galen.data.lookup import place_within
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class Explore:
    """With probability `share`, slot `slot` (-1 is the last) shows a uniform draw.

    Drawn are the `pool` rows just below the slate and the row that stands in the slot, so every
    other slot shows what it would have shown anyway, with propensity 1.
    """

    catalogue: Catalogue
    share: float = 0.1  # probability of a draw; 0 explores nothing
    slot: int = -1  # place of the draw, from 0; below 0 from the end
    pool: int = 50  # rows below the slate that may be drawn

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        place = place_within(candidates.request)
        slot = self.slot % n if n else 0
        propensity = np.ones(len(candidates))
        order = np.arange(len(candidates))
        bounds = np.searchsorted(candidates.request, np.arange(len(requests) + 1))
        for row, (first, last) in enumerate(pairwise(bounds)):
            below = first + n  # the first row under the slate
            drawable = min(self.pool, int(last - below))
            if drawable < 1:
                continue
            at, choices = first + slot, drawable + 1
            propensity[at] = 1 - self.share + self.share / choices
            random = np.random.default_rng(int(requests.seed[row]))
            if random.random() < self.share:
                drawn = int(random.integers(choices))
                if drawn:
                    other = below + drawn - 1
                    propensity[other] = self.share / choices
                    order[at], order[other] = other, at
        shown = candidates.with_columns({"propensity": propensity}).take(order)
        moved = (place == slot) & (order != np.arange(len(order)))
        return shown.with_columns({"explored": moved.astype(np.float64)})
