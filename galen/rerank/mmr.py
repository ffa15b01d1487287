"""Diversity by maximal marginal relevance: each place goes to what is good and not yet said.

Carbonell, Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and
Producing Summaries", SIGIR 1998.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from galen.data.catalogue import Catalogue
from galen.pipeline.candidates import Candidates, Floats, Ints, Requests, place_within


@dataclass(frozen=True, slots=True)
class Mmr:
    """`balance` 1 is relevance alone; likeness is the share of category, brand and department.

    Only the best `pool` × n rows of a request compete for the slate; the rest follow in order.
    """

    catalogue: Catalogue
    balance: float = 0.85
    pool: int = 5

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        place = place_within(candidates.request)
        competing = place < self.pool * n
        order = []
        bounds = np.searchsorted(candidates.request, np.arange(len(requests) + 1))
        for first, last in pairwise(bounds):
            rows = np.arange(first, last)
            inside = rows[competing[first:last]]
            if len(inside):
                score = candidates.columns["score"][inside]
                chosen = self._chosen(candidates.item[inside], score, n)
                left = np.ones(last - first, bool)
                left[inside[chosen] - first] = False
                order += [inside[chosen], rows[left]]
        return candidates.take(np.concatenate(order)) if order else candidates

    def _chosen(self, item: Ints, score: Floats, n: int) -> Ints:
        """Places of the slate's rows, in slate order."""
        spread = float(score.max() - score.min())
        relevance = (score - score.min()) / spread if spread > 0 else np.ones(len(score))
        codes = np.stack(
            [
                c[item]
                for c in (self.catalogue.category, self.catalogue.brand, self.catalogue.department)
            ]
        )
        nearest = np.zeros(len(item))
        value = self.balance * relevance
        free = np.ones(len(item), bool)
        chosen = np.empty(min(n, len(item)), np.int64)
        for slot in range(len(chosen)):
            best = int(np.argmax(np.where(free, value - (1 - self.balance) * nearest, -np.inf)))
            chosen[slot] = best
            free[best] = False
            alike = ((codes == codes[:, best : best + 1]) & (codes >= 0)).mean(axis=0)
            np.maximum(nearest, alike, out=nearest)
        return chosen
