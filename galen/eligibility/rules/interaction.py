"""Ingredients that act on each other: on medicines taken or prescribed, on what the cart holds."""

from dataclasses import dataclass

import numpy as np

from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import Premises, Small, declared_of, graded
from galen.eligibility.some_kind import for_some_kind
from galen.eligibility.statements import Statements
from galen.eligibility.taken_now import of_prescribed, taken_beside, taken_now
from galen.knowledge.schema import Relation
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class Interacting:
    """By the graph's severities."""

    premises: Premises
    statements: Statements
    bearing: Bearing
    rule: str = "interaction"
    reason: str = "it may act on something this person takes, was prescribed or has in the cart"

    @classmethod
    def of(cls, premises: Premises) -> "Interacting":
        """The graph's interactions that the pack's grades make worth an action."""
        edges = premises.graph.edges(Relation.INTERACTS_WITH)
        action = graded(edges.severity, premises.pack.interactions)
        statements = Statements.of(premises, edges.tail, edges.head, action, edges.row)
        return cls(premises, statements, for_some_kind(premises, statements.bearing()))

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        concept = self.premises.items.concept[candidates.item]
        found = self.bearing.actions(taken_now(requests, self.premises), candidates, concept)
        if not len(declared_of(requests).prescribed.values):
            return found
        return np.maximum(found, of_prescribed(self.bearing, requests, candidates, self.premises))

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        return [self.premises.notice(self.rule)]

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        taken = taken_beside(requests, request, item, self.premises)
        return self.statements.findings(
            taken,
            item,
            family=self.rule,
            verb="interacts with",
            notice=self.premises.notice(self.rule),
        )
