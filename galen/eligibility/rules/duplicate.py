"""One ingredient twice: two cold remedies that both hold paracetamol are an overdose."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from galen.data.arrays import Bools
from galen.data.schema import Kind
from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import (
    FOOD,
    NONE,
    Premises,
    Small,
    action_number,
    declared_of,
    nothing,
)
from galen.eligibility.some_kind import for_some_kind
from galen.eligibility.taken_now import of_prescribed, taken_beside, taken_now
from galen.knowledge.schema import Relation
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Of medicines only, whatever the salt. What a refill is asked for is what is taken now.

    What is a food, such as lactose in tablets, may be taken with each.
    """

    premises: Premises
    bearing: Bearing
    rule: str = "duplicate"
    reason: str = "it holds what this person takes, was prescribed or has in the cart already"

    @classmethod
    def of(cls, premises: Premises) -> "Duplicate":
        """Which ingredients are one molecule, by the graph; what is done about it, by the pack."""
        matrix = same_molecule(premises, action_number(premises.pack.duplicates), but=FOOD)
        return cls(premises, for_some_kind(premises, Bearing(matrix)))

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        items = self.premises.items
        taken, prescribed = taken_now(requests, self.premises), declared_of(requests).prescribed
        if not len(taken.values) and not len(prescribed.values):
            return nothing(candidates)
        concept = items.concept[candidates.item]
        found = self.bearing.actions(taken, candidates, concept)
        again = self._refills(requests, candidates)
        if again.any():
            cart = taken_now(requests, self.premises, medicines=False)
            found = np.where(again, self.bearing.actions(cart, candidates, concept), found)
        if len(prescribed.values):
            others = of_prescribed(self.bearing, requests, candidates, self.premises)
            found = np.maximum(found, others)
        found[~items.medicine[candidates.item]] = NONE
        return found

    def _refills(self, requests: Requests, candidates: Candidates) -> Bools:
        """(N,): rows of requests for a refill whose standard product the person has bought."""
        refill = declared_of(requests).refill
        if not refill.any():
            return np.zeros(len(candidates), bool)
        spu, width = self.premises.catalogue.spu, self.premises.catalogue.spus + 1
        history = requests.history
        bought = (history.kind == int(Kind.PURCHASE)) & (history.item < len(spu))
        keys = history.request[bought] * width + spu[history.item[bought]]
        asked = candidates.request * width + spu[candidates.item]
        return np.isin(asked, keys) & refill[candidates.request]

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        return [self.premises.notice(self.rule)]

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        one = Candidates(np.array([request]), np.array([item]))
        action = int(self.actions(requests, one)[0])
        if action == NONE:
            return []
        taken = taken_beside(requests, request, item, self.premises)
        told = self.premises.items.concept[item]
        names = self.premises.graph.names
        found = []
        for concept in told[told >= 0].tolist():
            for other in np.unique(taken[self.bearing.matrix[taken, concept].nonzero()[0]]):
                sure = self.premises.graph.wider[concept, other]
                same = "" if sure and self.premises.ingredient[other] else f", as {names[other]}"
                verb = "may be" if same else "is"
                found.append(
                    Finding(
                        self.rule,
                        action,
                        f"{names[concept]} {verb} taken, prescribed or in the cart already{same}",
                        f"pack {self.premises.pack.version}",
                        self.premises.notice(self.rule),
                    )
                )
        return found


def same_molecule(premises: Premises, action: int, but: str = "") -> sparse.csr_matrix:
    """(concepts, concepts): the action between an ingredient and itself in any salt.

    What is a kind of `but` has none; a graph without that concept has none of its kinds.
    """
    edges, size = premises.graph.edges(Relation.SAME_INGREDIENT), len(premises.graph)
    pairs = np.ones(len(edges), bool), (edges.head, edges.tail)
    molecules, labels = csgraph.connected_components(
        sparse.csr_matrix(pairs, (size, size)), directed=False
    )
    chosen = premises.ingredient.copy()
    left_out = premises.row(but)
    if left_out >= 0:
        chosen[premises.narrower[left_out].indices] = False
    rows = np.flatnonzero(chosen[:-1])
    places = rows, np.asarray(labels, np.int64)[rows]
    member = sparse.csr_matrix((np.ones(len(rows), np.int8), places), (size, int(molecules)))
    matrix = sparse.csr_matrix(member @ member.T)
    matrix.data[:] = action
    return matrix
