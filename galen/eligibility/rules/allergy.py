"""What a person is allergic to, in any salt or member of the class, is not shown to them."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from galen.data.arrays import Bools
from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, Premises, Small, action_number, declared_of
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class Allergenic:
    """An allergy to a class is one to each of its members; one to a member is not one to others,
    but where the pack tells that who reacts to one may react to them.

    Of goods whose label names a class, or milk and not what of it, any member may be in them.
    """

    premises: Premises
    bearing: Bearing
    crossing: tuple[Bools, ...]  # by rule of the pack: (concepts,), to which of them together
    rule: str = "allergy"
    reason: str = "it holds something this person said not to tolerate"

    @classmethod
    def of(cls, premises: Premises) -> "Allergenic":
        """What is a kind or salt of what may be declared, or may be one; and the pack's rules.

        Raises:
            PackError: a rule names a concept that the graph does not know.
        """
        narrower = premises.narrower.astype(np.int32)
        either = sparse.csr_matrix(narrower @ narrower.T)  # those of which something is a kind
        either.data[:] = DROP
        rules = premises.pack.cross_reaction
        crossing = tuple(premises.mask(rule.concepts, rule.id)[:-1] for rule in rules)
        for rule, among in zip(rules, crossing, strict=True):
            one = sparse.csr_matrix(among[:, None].astype(np.int32))
            either = either.maximum(one @ one.T * action_number(rule.action))
        return cls(premises, Bearing(sparse.csr_matrix(either.astype(np.int8))), crossing)

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        concept = self.premises.items.concept[candidates.item]
        return self.bearing.actions(declared_of(requests).allergies, candidates, concept)

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        return [self.premises.notice(self.rule)]

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        declared = declared_of(requests).allergies.part(request, request + 1).values
        graph, told = self.premises.graph, self.premises.items.concept[item]
        found = []
        for concept in told[told >= 0].tolist():
            for allergy in declared.tolist():
                if (self.premises.narrower[allergy] @ graph.wider[:, concept]).nnz:
                    verb = "is" if graph.wider[concept, allergy] else "may be or hold what is"
                    words = f"{graph.names[concept]} {verb} not tolerated: {graph.names[allergy]}"
                    found.append(Finding(self.rule, DROP, words, "declared by the person"))
                else:
                    found += self._crossed(allergy, concept)
        return found

    def _crossed(self, allergy: int, concept: int) -> list[Finding]:
        names = self.premises.graph.names
        words = f"who reacts to {names[allergy]} may react to {names[concept]}"
        said = self.premises.notice(self.rule)
        return [
            Finding(rule.id, action_number(rule.action), words, rule.citation, said)
            for rule, among in zip(self.premises.pack.cross_reaction, self.crossing, strict=True)
            if among[allergy] and among[concept]
        ]
