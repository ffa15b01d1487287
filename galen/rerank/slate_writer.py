"""The slate as a sequence that is written on: each place goes to what follows the places before it.

After Bello et al., "Seq2Slate: Re-ranking and Slate Optimization with RNNs", 2018, with a model
that has learned from histories what people take next, not from slates what they click.
"""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.data.lookup import place_within
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.stages import Continued, Continuer


@dataclass(frozen=True, slots=True)
class SlateWriter:
    """`share` is the weight of what the channel says of an item after the history and the slate so
    far, beside the ranking score; both are standardised over the rows that compete.

    The first `slots` places are written, of the best `pool` × slots rows; the rest follow in order.
    A request that the channel cannot read stays as it is.
    """

    channel: Continuer
    share: float = 0.3  # weight of the channel; 0 keeps the ranking
    slots: int = 10  # places that are written at most
    pool: int = 5  # rows that compete, times `slots`

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        slots = min(n, self.slots)
        if not len(candidates) or slots < 1:
            return candidates
        place = place_within(candidates.request)
        bounds = np.searchsorted(candidates.request, np.arange(len(requests) + 1))
        for asked, said in self.channel.continued(requests, slots):
            offered = bounds[asked][:, None] + np.arange(self.pool * slots)
            there = offered < bounds[asked + 1][:, None]
            rows = np.where(there, offered, 0)
            chosen = self._written(candidates, rows, there, said, slots)
            for slot, best in enumerate(chosen):
                some = best >= 0
                place[best[some]] = slot - slots
        return candidates.take(np.lexsort((place, candidates.request)))

    def _written(
        self, candidates: Candidates, rows: Ints, there: Bools, said: Continued, slots: int
    ) -> list[Ints]:
        """For each slot the row (P,) that it shows, -1 where none is left."""
        item, every = candidates.item[rows], np.arange(len(rows))
        ranked = (1 - self.share) * _standard(candidates.columns["score"][rows], there)
        free, chosen = there.copy(), list[Ints]()
        for slot in range(slots):
            likely = self.share * _standard(said.scores(item), free)
            best = np.where(free, ranked + likely, -np.inf).argmax(axis=1)
            some = free[every, best]
            chosen.append(np.where(some, rows[every, best], -1))
            free[every, best] = False
            if slot + 1 < slots and free.any():
                said = said.after(np.where(some, item[every, best], -1))
        return chosen


def _standard(values: Floats, there: Bools) -> Floats:
    """(P, m) values less the mean of their row's, in standard deviations; 0 where not known."""
    known = there & np.isfinite(values)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, values, 0).sum(axis=1, keepdims=True) / count
    apart = np.where(known, values - mean, 0)
    spread = np.sqrt(np.square(apart).sum(axis=1, keepdims=True) / count)
    return np.asarray(apart / np.maximum(spread, 1e-12))
