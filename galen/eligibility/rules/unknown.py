"""Goods of which too little is known are never taken to be safe."""

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
    or known of the age. What else holds something that is not recognised warns whoever declared
    anything, and what nobody told anything of whoever does not tolerate something. For people who
    declared, or put into the cart, what is not recognised so does every medicine.
    """

    premises: Premises
    rule: str = "unknown"
    reason: str = "too little is known to say that it suits this person"

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        items, unknown = self.premises.items, self.premises.pack.unknown
        declared = declared_of(requests)
        states = states_of(requests, self.premises)  # with those of an age: a child is one
        anything = declared.unrecognised | (
            declared.states.count
            + declared.medicines.count
            + declared.prescribed.count
            + declared.allergies.count
            > 0
        )
        # Where others look on a notice on half of the goods would tell of an allergy.
        intolerant = declared.intolerant & ~declared.shared
        asked, item = candidates.request, candidates.item
        medicine, unread = items.medicine[item], ~items.recognised[item]
        strange = unread & medicine
        unsure = strange | (unread & anything[asked]) | (items.untold[item] & intolerant[asked])
        found = np.where(unsure, WARN, NONE).astype(np.int8)
        told = (anything | (states.count > 0))[asked]
        found[strange & told] = action_number(unknown.ingredients)
        vague = declared.unrecognised[asked] & (medicine | unread)
        return np.maximum(found, np.where(vague, action_number(unknown.medicines), NONE)).astype(
            np.int8
        )

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        return [self._notice(item)]

    def _notice(self, item: int) -> str:
        """Of what the item holds where that is not known, else of what was declared."""
        return self.premises.notice(self.rule if self._strange(item) else "unrecognised")

    def _strange(self, item: int) -> bool:
        items = self.premises.items
        return bool(items.untold[item] or not items.recognised[item])

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        one = Candidates(np.array([request]), np.array([item]))
        action = int(self.actions(requests, one)[0])
        if action == NONE:
            return []
        words = (
            "an ingredient of it"
            if self._strange(item)
            else "something that was declared, or of the cart,"
        )
        return [
            Finding(
                self.rule,
                action,
                f"{words} is not recognised",
                f"pack {self.premises.pack.version}",
                self._notice(item),
            )
        ]
