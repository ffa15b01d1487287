"""What may not be sold at a distance at all, whoever asks and wherever."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class NotOnlineGoods:
    """Medicines and other goods that hold an ingredient, or are of a product word, of the rules."""

    premises: Premises
    barred: Bools  # (concepts + 1,)
    rule: str = "not_online"
    reason: str = "it may not be sold online here"

    @classmethod
    def of(cls, premises: Premises) -> "NotOnlineGoods":
        """Whatever the pack's rules keep from being sold online, with its kinds and salts.

        Raises:
            PackError: a rule names a concept that the graph does not know.
        """
        barred = np.zeros(len(premises.graph) + 1, bool)
        for rule in premises.pack.not_online:
            barred |= premises.may_hold(rule.concepts, rule.id)
        return cls(premises, barred)

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        held = self.premises.having(self.barred, candidates.item)
        return np.where(held, DROP, NONE).astype(np.int8)

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        which = np.array([item])
        return [
            Finding(rule.id, DROP, self.reason, rule.citation)
            for rule in self.premises.pack.not_online
            if self.premises.having(self.premises.may_hold(rule.concepts, rule.id), which)[0]
        ]
