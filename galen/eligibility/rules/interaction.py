"""Ingredients that act on each other: with a medicine that is taken, with what is in the cart."""

from dataclasses import dataclass

from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import Premises, Small, graded
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
    reason: str = "it may act on something this person takes or has in the cart"

    @classmethod
    def of(cls, premises: Premises) -> "Interacting":
        """The graph's interactions that the pack's grades make worth an action."""
        edges = premises.graph.edges(Relation.INTERACTS_WITH)
        action = graded(edges.severity, premises.pack.interactions)
        statements = Statements.of(premises, edges.tail, edges.head, action, edges.row)
        return cls(premises, statements, statements.bearing())

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        concept = self.premises.items.concept[candidates.item]
        return self.bearing.actions(taken_now(requests, self.premises), candidates, concept)

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        return [self.premises.notice(self.rule)]

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        taken = taken_now(requests, self.premises).part(request, request + 1).values
        return self.statements.findings(
            taken,
            item,
            family=self.rule,
            verb="interacts with",
            notice=self.premises.notice(self.rule),
        )
