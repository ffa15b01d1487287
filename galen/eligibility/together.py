"""What may stand side by side: the last rule before a slate is shown looks at the slate itself.

The better place keeps an item: from the first place on, what does not go with those kept before it
falls out. What is in the cart was asked about before, row by row.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from galen.eligibility.duplicate import Duplicate
from galen.eligibility.hazard import Hazardous, others_met
from galen.eligibility.interaction import Interacting
from galen.eligibility.premises import DROP, Premises
from galen.eligibility.quantity import WithinQuantity
from galen.pipeline.candidates import Bools, Candidates, Floats, Ints, Requests


@dataclass(frozen=True, slots=True)
class GoTogether:
    """Interactions, one ingredient twice, hazards and quantities within each slate."""

    premises: Premises
    clashing: sparse.csr_matrix  # (concepts, concepts): 1 where two interact too much
    same: sparse.csr_matrix  # (concepts, concepts): 1 for one ingredient, where twice is dropped
    hazardous: Hazardous
    quantity: WithinQuantity
    rule: str = "together"
    reason: str = "it does not go with what the slate holds already"

    @classmethod
    def of(
        cls,
        premises: Premises,
        interacting: Interacting,
        duplicate: Duplicate,
        hazardous: Hazardous,
        quantity: WithinQuantity,
    ) -> "GoTogether":
        return cls(
            premises,
            _dropped(interacting.bearing.matrix),
            _dropped(duplicate.bearing.matrix),
            hazardous,
            quantity,
        )

    def keep(self, requests: Requests, candidates: Candidates, n: int) -> Bools:
        """(N,): the first n rows of each request that go together; no row after them."""
        kept = np.zeros(len(candidates), bool)
        ends = np.searchsorted(candidates.request, np.arange(len(requests) + 1))
        for request, (start, stop) in enumerate(pairwise(ends.tolist())):
            if start < stop:
                one = requests.part(request, request + 1)
                kept[start:stop] = self._chosen(one, candidates.item[start:stop], n)
        return kept

    def _chosen(self, request: Requests, item: Ints, n: int) -> Bools:
        clash = self._clashes(item)
        hazards = self._hazards(request, item)
        limits = self._limits(request, item)
        if clash is None and not hazards and not limits:
            return np.arange(len(item)) < n
        barred, kept = np.zeros(len(item), bool), np.zeros(len(item), bool)
        for amount, left in limits:
            barred |= amount > left
        chosen = 0
        for place in range(len(item)):
            if chosen == n or barred[place]:
                continue
            kept[place] = True
            chosen += 1
            if clash is not None:
                barred |= clash[place]
            for member, met in hazards:
                np.logical_or(met, member[place], out=met)
                barred |= (member & others_met(met[None])).any(axis=1)
            for amount, left in limits:
                np.subtract(left, amount[place], out=left)
                barred |= (amount > 0) & (amount > left)
        return kept

    def _clashes(self, item: Ints) -> Bools | None:
        """(K, K): which items do not go with which; None where all do."""
        items = self.premises.items
        concept = items.concept[item]
        known = concept >= 0
        places = np.nonzero(known)[0], concept[known]
        shape = (len(item), len(self.premises.graph))
        holds = sparse.csr_matrix((np.ones(len(places[0]), np.int32), places), shape)
        clash = (holds @ self.clashing @ holds.T).toarray() > 0
        medicine = items.medicine[item]
        twice = (holds @ self.same @ holds.T).toarray() > 0
        clash |= twice & medicine[:, None] & medicine[None]
        np.fill_diagonal(clash, False)
        return np.asarray(clash) if clash.any() else None

    def _hazards(self, request: Requests, item: Ints) -> list[tuple[Bools, Bools]]:
        """Of each rule that any item is of: (K, sets) members, (sets,) those met by the basket."""
        found = []
        for place in range(len(self.hazardous.rules)):
            member = self.hazardous.members(place, item)
            if member.any():
                found.append((member, self.hazardous.met(place, request)[0].copy()))
        return found

    def _limits(self, request: Requests, item: Ints) -> list[tuple[Floats, Floats]]:
        """Of each limit that any item is under: (K,) milligrams, and (1,) what is left of it."""
        found = []
        for place, limit in enumerate(self.premises.pack.quantity):
            amount = self.quantity.amounts(place, item)
            if amount.any():
                left = np.maximum(limit.milligrams - self.quantity.had(place, request), 0.0)
                found.append((amount, left))
        return found


def _dropped(actions: sparse.csr_matrix) -> sparse.csr_matrix:
    """1 where a table of actions says DROP."""
    chosen = actions.astype(np.int32)  # a copy: what follows changes indices in place
    chosen.data = (chosen.data == DROP).astype(np.int32)
    chosen.eliminate_zeros()
    return sparse.csr_matrix(chosen)
