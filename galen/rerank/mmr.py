"""Diversity by maximal marginal relevance: each place goes to what is good and not yet said.

Carbonell, Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and
Producing Summaries", SIGIR 1998.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Ints
from galen.data.catalogue import Catalogue
from galen.data.lookup import place_within
from galen.pipeline.candidates import Candidates, Requests

BLOCK: Final = 64
"""Requests that are shaped at once: together they fit a processor's cache."""


@dataclass(frozen=True, slots=True)
class Mmr:
    """`balance` 1 is relevance alone; likeness is the share of category, brand and department.

    Only the best `pool` × n rows of a request compete for the slate; the rest follow in order.
    """

    catalogue: Catalogue
    balance: float = 0.85  # weight of relevance; the rest is of what is unlike
    pool: int = 5  # rows that compete, times the slate's length

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        place, request = place_within(candidates.request), candidates.request
        competing = np.flatnonzero(place < self.pool * n)
        if not len(competing):
            return candidates
        grid = np.full((len(requests), 1 + int(place[competing].max())), -1)
        grid[request[competing], place[competing]] = competing
        slot = place + n  # what is not chosen follows in its order
        for start in range(0, len(grid), BLOCK):
            rows = grid[start : start + BLOCK]
            chosen = self._chosen(candidates, rows, n)
            picked = np.take_along_axis(rows, np.maximum(chosen, 0), axis=1)
            at, order = np.nonzero(chosen >= 0)
            slot[picked[at, order]] = order
        return candidates.take(np.lexsort((slot, request)))

    def _chosen(self, candidates: Candidates, rows: Ints, n: int) -> Ints:
        """(R, slots) columns of `rows` (R, P; -1 where there is none) in slate order, then -1."""
        there = rows >= 0
        score = candidates.columns["score"][rows]
        low = np.where(there, score, np.inf).min(axis=1, keepdims=True)
        spread = np.where(there, score, -np.inf).max(axis=1, keepdims=True) - low
        relevance = np.where(spread > 0, (score - low) / np.where(spread > 0, spread, 1.0), 1.0)
        value = np.where(there, self.balance * relevance, -np.inf)
        item, everyone = candidates.item[rows], np.arange(len(rows))
        facts = self.catalogue.category, self.catalogue.brand, self.catalogue.department
        codes = [fact[item] for fact in facts]
        nearest = np.zeros(rows.shape)
        chosen = np.full((len(rows), min(n, rows.shape[1])), -1)
        for slot in range(chosen.shape[1]):
            best = np.argmax(value - (1 - self.balance) * nearest, axis=1)
            left = np.isfinite(value[everyone, best])
            chosen[left, slot] = best[left]
            value[everyone, best] = -np.inf
            alike = np.zeros(rows.shape)
            for code in codes:
                said = code[everyone, best][:, None]
                alike += (code == said) & (said >= 0)
            np.maximum(nearest, alike / len(codes), out=nearest)
        return chosen
