"""A medicine of which too little is known is never taken to be safe."""

from dataclasses import dataclass

import numpy as np

from galen.eligibility.finding import Finding
from galen.eligibility.premises import (
    NONE,
    WARN,
    Premises,
    Small,
    action_number,
    declared_of,
)
from galen.eligibility.states import states_of
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class KnownEnough:
    """A medicine whose ingredients are not recognised warns, and more where something is declared,
    or known of the age. For people who declared, or put into the cart, what is not recognised so
    does every medicine, and what else holds something that is not recognised."""

    premises: Premises
    rule: str = "unknown"
    reason: str = "too little is known to say that it suits this person"

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        items, unknown = self.premises.items, self.premises.pack.unknown
        declared = declared_of(requests)
        states = states_of(requests, self.premises)  # with those of an age: a child is one
        told = (states.count + declared.medicines.count + declared.allergies.count) > 0
        medicine, unread = items.medicine[candidates.item], ~items.recognised[candidates.item]
        strange = unread & medicine
        told = (told | declared.unrecognised)[candidates.request]
        found = np.where(strange, WARN, NONE).astype(np.int8)
        found[strange & told] = action_number(unknown.ingredients)
        vague = declared.unrecognised[candidates.request] & (medicine | unread)
        return np.maximum(found, np.where(vague, action_number(unknown.medicines), NONE)).astype(
            np.int8
        )

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        return [self._notice(item)]

    def _notice(self, item: int) -> str:
        """Of what the item holds where that is not known, else of what was declared."""
        return self.premises.notice(
            "unrecognised" if self.premises.items.recognised[item] else self.rule
        )

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        one = Candidates(np.array([request]), np.array([item]))
        action = int(self.actions(requests, one)[0])
        if action == NONE:
            return []
        strange = not self.premises.items.recognised[item]
        words = "an ingredient of it" if strange else "something that was declared, or of the cart,"
        return [
            Finding(
                self.rule,
                action,
                f"{words} is not recognised",
                f"pack {self.premises.pack.version}",
                self._notice(item),
            )
        ]
