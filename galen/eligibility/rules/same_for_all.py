"""Where others may look on, what is missing must tell as little as what is shown.

An item that is left out for one person and not for another says something about them. So in a
discreet slate nothing stands that a rule about people's health could take out of anybody's.
"""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools
from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small, declared_of
from galen.knowledge.schema import ConceptKind
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class SameForAll:
    """Drops, for everybody, medicines, goods with ingredients, known or not, and goods that rules
    speak of, those that must not come together with what somebody bought among them."""

    premises: Premises
    telling: Bools  # (concepts + 1,) could what somebody declares bear on it?
    rule: str = "same_for_all"
    reason: str = "whether it is shown could tell others what a person has or takes"

    @classmethod
    def of(cls, premises: Premises, hazards: Bools, *bearings: Bearing) -> "SameForAll":
        """`bearings` are those of the rules that ask what people declare or bought; `hazards`
        (concepts + 1,) are the concepts that a rule of hazards counts.
        """
        telling = premises.ingredient.copy()  # anybody may be allergic to it, or to its class
        telling[premises.graph.of_kind(ConceptKind.DRUG_CLASS)] = True
        telling |= hazards
        for bearing in bearings:
            telling[bearing.matrix.indices] = True
        return cls(premises, telling)

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        shared = declared_of(requests).shared[candidates.request]
        if not shared.any():
            return np.full(len(candidates), NONE, np.int8)
        items, item = self.premises.items, candidates.item
        told = items.medicine[item] | ~items.recognised[item]
        told |= self.premises.having(self.telling, item)
        return np.where(shared & told, DROP, NONE).astype(np.int8)

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        one = Candidates(np.array([request]), np.array([item]))
        if self.actions(requests, one)[0] == NONE:
            return []
        return [Finding(self.rule, DROP, self.reason, "asked for by the request: discreet")]
