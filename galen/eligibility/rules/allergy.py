"""What a person is allergic to, in any salt or member of the class, is not shown to them."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, Premises, Small, declared_of
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class Allergenic:
    """An allergy to a class is one to each of its members; one to a member is not one to others.

    Of goods whose label names a class, or milk and not what of it, any member may be in them.
    """

    premises: Premises
    bearing: Bearing
    rule: str = "allergy"
    reason: str = "it holds something this person said not to tolerate"

    @classmethod
    def of(cls, premises: Premises) -> "Allergenic":
        """From the graph alone: what is a kind or salt of what may be declared, or may be one."""
        narrower = premises.narrower.astype(np.int32)
        either = sparse.csr_matrix(narrower @ narrower.T)  # those of which something is a kind
        either.data[:] = DROP
        return cls(premises, Bearing(sparse.csr_matrix(either.astype(np.int8))))

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        concept = self.premises.items.concept[candidates.item]
        return self.bearing.actions(declared_of(requests).allergies, candidates, concept)

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        declared = declared_of(requests).allergies.part(request, request + 1).values
        graph, told = self.premises.graph, self.premises.items.concept[item]
        found = []
        for concept in told[told >= 0].tolist():
            for allergy in declared.tolist():
                if self.bearing.matrix[allergy, concept]:
                    verb = "is" if graph.wider[concept, allergy] else "may be or hold what is"
                    words = f"{graph.names[concept]} {verb} not tolerated: {graph.names[allergy]}"
                    found.append(Finding(self.rule, DROP, words, "declared by the person"))
        return found
