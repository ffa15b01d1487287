"""Ingredients that act on each other: on medicines taken or prescribed, on what the cart holds."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools, Ints
from galen.data.catalogue import RX_CLASSES
from galen.data.schema import RxClass
from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import NONE, Premises, Small, declared_of, graded
from galen.eligibility.statements import Statements
from galen.eligibility.taken_now import taken_now
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
        return cls(premises, statements, statements.bearing())

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        concept = self.premises.items.concept[candidates.item]
        found = self.bearing.actions(taken_now(requests, self.premises), candidates, concept)
        prescribed = declared_of(requests).prescribed
        if not len(prescribed.values):
            return found
        others = self.bearing.actions(prescribed, candidates, concept)
        others[self._handed_over(candidates.item)] = NONE
        return np.maximum(found, others)

    def _handed_over(self, item: Ints) -> Bools:
        """(N,): what goes over the counter by prescription; who wrote one knew of the others."""
        prescription = RX_CLASSES.index(RxClass.PRESCRIPTION)
        return np.asarray(self.premises.catalogue.rx_class[item] == prescription)

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        return [self.premises.notice(self.rule)]

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        taken = taken_now(requests, self.premises).part(request, request + 1).values
        if not self._handed_over(np.array([item]))[0]:
            prescribed = declared_of(requests).prescribed.part(request, request + 1).values
            taken = np.concatenate([taken, prescribed])
        return self.statements.findings(
            taken,
            item,
            family=self.rule,
            verb="interacts with",
            notice=self.premises.notice(self.rule),
        )
