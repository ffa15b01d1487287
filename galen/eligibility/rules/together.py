"""What may stand side by side: the last rule before a slate is shown looks at the slate itself.

The better place keeps an item: from the first place on, what does not go with those kept before it
falls out. What is in the cart was asked about before, row by row.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from galen.data.arrays import Bools, Floats, Ints
from galen.eligibility.premises import DROP, Premises
from galen.eligibility.rules.duplicate import Duplicate
from galen.eligibility.rules.hazard import Bits, Hazardous
from galen.eligibility.rules.interaction import Interacting
from galen.eligibility.rules.quantity import WithinQuantity
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class GoTogether:
    """Interactions, one ingredient twice, hazards and quantities within each slate."""

    premises: Premises
    clashing: sparse.csr_matrix  # (concepts, concepts): those that must not meet
    same: sparse.csr_matrix  # (concepts, concepts): one ingredient, where twice is dropped
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
        """What these rules drop in a cart; what they only warn of may stand side by side."""
        clashing = _dropped(interacting.bearing.matrix) + _dropped(hazardous.bearing.matrix)
        same = _dropped(duplicate.bearing.matrix)
        return cls(premises, sparse.csr_matrix(clashing), same, hazardous, quantity)

    def keep(self, requests: Requests, candidates: Candidates, n: int) -> Bools:
        """(N,): the first n rows of each request that go together; no row after them."""
        kept = np.zeros(len(candidates), bool)
        if not len(candidates):
            return kept
        met = self.hazardous.met(requests)
        limits = self._limits(requests, candidates.item)
        bits = self.hazardous.bits_of(candidates.item)
        ends = np.searchsorted(candidates.request, np.arange(len(requests) + 1))
        for request, (start, stop) in enumerate(pairwise(ends.tolist())):
            rows = slice(start, stop)
            amounts = [(amount[rows], float(left[request])) for amount, left in limits]
            slate = _Slate(self, met[request].copy(), [(a, left) for a, left in amounts if a.any()])
            kept[rows] = slate.chosen(candidates.item[rows], bits[rows], n)
        return kept

    def _limits(self, requests: Requests, item: Ints) -> list[tuple[Floats, Floats]]:
        """Of each limit that an item counts to: (N,) what each adds, (R,) what is left."""
        found = []
        for place, limit in enumerate(self.premises.pack.quantity):
            amount = self.quantity.amounts(place, item)
            if amount.any():
                found.append((amount, limit.milligrams - self.quantity.had(place, requests)))
        return found


class _Slate:
    """One slate as it fills."""

    def __init__(self, rules: GoTogether, met: Bits, limits: list[tuple[Floats, float]]) -> None:
        self._rules, self._met = rules, met
        self._amounts = [amount.tolist() for amount, _ in limits]
        self._left = [max(left, 0.0) for _, left in limits]
        concepts = len(rules.premises.graph)
        self._clashing, self._twice = _Marks(concepts), _Marks(concepts)

    def chosen(self, item: Ints, bits: Bits, n: int) -> Bools:
        """(K,): which of the items are placed, in their order, until n are."""
        items = self._rules.premises.items
        told, medicine = items.concept[item], items.medicine[item].tolist()
        placed = np.zeros(len(item), bool)
        count = 0
        for place in range(len(item)):
            if count == n:
                break
            concepts = [concept for concept in told[place].tolist() if concept >= 0]
            if self._fits(place, concepts, medicine[place], bits[place : place + 1]):
                placed[place] = True
                count += 1
                self._put(place, concepts, bits[place])
        return placed

    def _fits(self, place: int, concepts: list[int], medicine: bool, bits: Bits) -> bool:
        if self._clashing.any(concepts) or (medicine and self._twice.any(concepts)):
            return False
        if bits[0] and self._rules.hazardous.closed(bits, self._met[None]).any():
            return False
        return all(
            amount[place] <= left
            for amount, left in zip(self._amounts, self._left, strict=True)
            if amount[place]
        )

    def _put(self, place: int, concepts: list[int], bits: np.uint64) -> None:
        for concept in concepts:
            self._clashing.add(self._rules.clashing, concept)
            self._twice.add(self._rules.same, concept)
        if bits:
            self._met |= bits & self._rules.hazardous.masks
        self._left = [
            left - amount[place] for amount, left in zip(self._amounts, self._left, strict=True)
        ]


class _Marks:
    """Concepts that are marked: written as columns, read one by one."""

    def __init__(self, concepts: int) -> None:
        self._table = np.zeros(concepts, np.uint8)
        self._read = self._table.data  # reads one value ten times as fast as an array

    def any(self, concepts: list[int]) -> bool:
        read = self._read
        return any(read[concept] for concept in concepts)

    def add(self, matrix: sparse.csr_matrix, concept: int) -> None:
        self._table[matrix.indices[matrix.indptr[concept] : matrix.indptr[concept + 1]]] = 1


def _dropped(actions: sparse.csr_matrix) -> sparse.csr_matrix:
    """1 where a table of actions says DROP."""
    chosen = actions.astype(np.int32)  # a copy: what follows changes indices in place
    chosen.data = (chosen.data == DROP).astype(np.int32)
    chosen.eliminate_zeros()
    return sparse.csr_matrix(chosen)
