"""Goods that are wrong for people in a state: a condition, pregnancy, an age of life."""

from dataclasses import dataclass

import numpy as np

from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import WARN, Premises, Small, action_number, graded
from galen.eligibility.some_kind import for_some_kind
from galen.eligibility.statements import Statements
from galen.eligibility.states import states_of
from galen.knowledge.schema import Relation
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class Contraindicated:
    """By the graph's severities, and by the pack's own precautions."""

    premises: Premises
    statements: Statements
    bearing: Bearing
    rule: str = "contraindication"
    reason: str = "it may not suit this person"

    @classmethod
    def of(cls, premises: Premises) -> "Contraindicated":
        """The graph's statements, graded by the pack, and the pack's precautions as more of them.

        Raises:
            PackError: a precaution names a concept that the graph does not know.
        """
        edges = premises.graph.edges(Relation.CONTRAINDICATED_FOR)
        rules = premises.pack.precaution
        states = [premises.rows(rule.states, rule.id) for rule in rules]
        goods = [premises.rows(rule.concepts, rule.id) for rule in rules]
        pairs = np.array(
            [
                (state, good, action_number(rule.action), -1 - place)
                for place, rule in enumerate(rules)
                for state in states[place]
                for good in goods[place]
            ],
            np.int64,
        ).reshape(-1, 4)
        statements = Statements.of(
            premises,
            np.concatenate([edges.tail, pairs[:, 0]]),
            np.concatenate([edges.head, pairs[:, 1]]),
            np.concatenate(
                [graded(edges.severity, premises.pack.contraindications), pairs[:, 2]]
            ).astype(np.int8),
            np.concatenate([edges.row, pairs[:, 3]]),
            rules,
        )
        return cls(premises, statements, for_some_kind(premises, statements.bearing()))

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        states = states_of(requests, self.premises)
        concept = self.premises.items.concept[candidates.item]
        return self.bearing.actions(states, candidates, concept)

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        states = states_of(requests, self.premises).part(request, request + 1).values
        return self.statements.notices(states, item, WARN, self.premises.notice(self.rule))

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        states = states_of(requests, self.premises).part(request, request + 1).values
        return self.statements.findings(
            states,
            item,
            family=self.rule,
            verb="is not for people with",
            notice=self.premises.notice(self.rule),
        )
