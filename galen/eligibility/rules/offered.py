"""Prescription class by surface, as the pack in force says; a prescription unlocks its molecule."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools
from galen.data.catalogue import RX_CLASSES
from galen.data.schema import RxClass, Surface
from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small, declared_of
from galen.eligibility.rules.duplicate import same_molecule
from galen.pipeline.candidates import Candidates, Requests

UNLOCKED = 1


@dataclass(frozen=True, slots=True)
class OfferedBySurface:
    """Unknown classes and unknown surfaces are never allowed.

    A prescription unlocks medicines every one of whose ingredients it names, on the surfaces of the
    pack's rules, and nothing that may not be sold online.
    """

    premises: Premises
    allowed: Bools  # (classes + 1, surfaces + 1), the last row and column unknown
    unlocked: Bools  # (surfaces + 1,)
    lockable: Bools  # (concepts + 1,): may a prescription unlock it?
    bearing: Bearing  # from a prescribed molecule to its salts
    rule: str = "prescription"
    reason: str = "its prescription class may not be offered here"

    @classmethod
    def of(cls, premises: Premises) -> "OfferedBySurface":
        """The pack's table of classes and surfaces, and which molecules a prescription may unlock.

        Raises:
            PackError: what may be unlocked is not known to the graph.
        """
        allowed = np.zeros((len(RX_CLASSES) + 1, len(Surface) + 1), bool)
        for rule in premises.pack.offered:
            places = [int(Surface[name.upper()]) for name in rule.surfaces]
            allowed[RX_CLASSES.index(rule.rx_class.value), places] = True
        unlocked = np.zeros(len(Surface) + 1, bool)
        lockable = np.zeros(len(premises.graph) + 1, bool)
        for unlock in premises.pack.unlocked:
            unlocked[[int(Surface[name.upper()]) for name in unlock.surfaces]] = True
            named = premises.mask(unlock.concepts, unlock.id)
            lockable |= named if unlock.concepts else premises.ingredient
        bearing = Bearing(same_molecule(premises, UNLOCKED))
        return cls(premises, allowed, unlocked, lockable, bearing)

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        surface = requests.surface[candidates.request]
        known = np.where((surface >= 0) & (surface < len(Surface)), surface, -1)
        rx_class = self.premises.catalogue.rx_class[candidates.item]
        allowed = self.allowed[rx_class, known]
        prescribed = declared_of(requests).prescribed
        if len(prescribed.values):
            wanted = self.unlocked[known] & (rx_class == RX_CLASSES.index(RxClass.PRESCRIPTION))
            rows = np.flatnonzero(wanted & ~allowed)
            if len(rows):
                allowed[rows] = self._unlocked(requests, candidates.take(rows))
        return np.where(allowed, NONE, DROP).astype(np.int8)

    def _unlocked(self, requests: Requests, candidates: Candidates) -> Bools:
        """(N,): is every ingredient one of the molecules that the person was prescribed?"""
        prescribed = declared_of(requests).prescribed
        items = self.premises.items
        concept = items.concept[candidates.item]
        ingredients = self.premises.ingredient[concept]
        width = concept.shape[1]
        apart = Candidates(np.repeat(candidates.request, width), np.repeat(candidates.item, width))
        named = self.bearing.actions(prescribed, apart, concept.reshape(-1, 1))
        named = (named == UNLOCKED).reshape(concept.shape) & self.lockable[concept]
        classes = self.premises.drug_class[concept]  # of which no prescription names the molecule
        every = (named | ~(ingredients | classes)).all(axis=1) & ingredients.any(axis=1)
        return np.asarray(every & items.recognised[candidates.item])

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        one = Candidates(np.array([request]), np.array([item]))
        if self.actions(requests, one)[0] == NONE:
            return []
        place = int(self.premises.catalogue.rx_class[item])
        if place < 0:
            return [Finding(self.rule, DROP, "its prescription class is not known", "closed")]
        return [
            Finding(rule.id, DROP, self.reason, rule.citation)
            for rule in self.premises.pack.offered
            if rule.rx_class.value == RX_CLASSES[place]
        ]
