"""Items by whether they come next and are then bought: a channel's score and a second head's.

The score is score(item) + weight · log p(bought | item comes next). Where score is log p(item) but
for a constant of the request, as a softmax learns it, weight 1 orders by the probability that the
item comes next and is bought.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Floats
from galen.nn.sequences.buying import Buying
from galen.pipeline.candidates import Candidates
from galen.recall.factors import VectorAnswer

READ: Final = 500
"""Items of a request, best by what comes next, that are ordered by both objectives."""


@dataclass(frozen=True, slots=True)
class BoughtNext:
    """What a channel with both objectives thinks of items."""

    first: VectorAnswer
    states: Tensor  # (R, width)
    buying: Buying
    items: Tensor  # (items, width)
    weight: float

    def best(self, k: int) -> Candidates:
        """The k best by both, among the best by what comes next."""
        found = self.first.best(max(k, READ) if k else 0)
        score = self._both(found, found.columns["score"])
        return found.with_columns({"score": score}).top(k, "score")

    def scores(self, candidates: Candidates) -> Floats:
        """(N,); NaN for items and people of whom nothing is known."""
        return self._both(candidates, self.first.scores(candidates))

    @torch.inference_mode()
    def _both(self, candidates: Candidates, score: Floats, block: int = 65_536) -> Floats:
        out, rows = score.copy(), np.flatnonzero(np.isfinite(score))
        for start in range(0, len(rows), block):
            part = rows[start : start + block]
            states = self.states[torch.from_numpy(candidates.request[part])]
            items = self.items[torch.from_numpy(candidates.item[part])]
            bought = self.buying.log_probabilities(states, items[:, None])[:, 0]
            out[part] += self.weight * bought.numpy().astype(np.float64)
        return out
