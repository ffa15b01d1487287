"""How much of an ingredient a household may buy within some days: strength × units × packs."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.data.schema import DAY
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small, declared_of
from galen.knowledge.pack import QuantityLimit
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class WithinQuantity:
    """Where an amount is not known it counts as much as may be bought, so that one pack may be."""

    premises: Premises
    limited: tuple[Bools, ...]  # by limit: (concepts + 1,)
    rule: str = "quantity"
    reason: str = "with it this household would have more of it than may be sold"

    @classmethod
    def of(cls, premises: Premises) -> "WithinQuantity":
        """The concepts that count towards each of the pack's limits.

        Raises:
            PackError: a limit is on a concept that the graph does not know.
        """
        limits = premises.pack.quantity
        return cls(premises, tuple(premises.may_hold((r.concept,), r.id) for r in limits))

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        found = np.zeros(len(candidates), bool)
        for place, limit in enumerate(self.premises.pack.quantity):
            amount = self.amounts(place, candidates.item)
            if amount.any():
                had = self.had(place, requests)
                found |= (amount > 0) & (had[candidates.request] + amount > limit.milligrams)
        return np.where(found, DROP, NONE).astype(np.int8)

    def amounts(self, place: int, item: Ints) -> Floats:
        """(N,) milligrams of the limit's ingredient in a pack of each item."""
        items, limit = self.premises.items, self.premises.pack.quantity[place]
        held = self.limited[place][items.concept[item]]
        if not held.any():
            return np.zeros(len(item))
        amount = np.where(held, items.milligrams[item].astype(np.float64), 0.0)
        known = np.nansum(amount, axis=1)
        vague = np.isnan(amount).any(axis=1)
        return np.asarray(np.where(vague, np.maximum(limit.milligrams, known), known))

    def had(self, place: int, requests: Requests) -> Floats:
        """(R,) milligrams that the household bought within the days, and that the cart holds."""
        limit, declared = self.premises.pack.quantity[place], declared_of(requests)
        bought = declared.bought
        amount = self.amounts(place, bought.item.values) * bought.quantity
        recent = bought.ago < limit.days * DAY
        request = np.concatenate([bought.item.request, declared.cart.request])
        in_cart = self.amounts(place, declared.cart.values)
        amounts = np.concatenate([amount * recent, in_cart])
        return np.bincount(request, amounts, minlength=len(requests)).astype(np.float64)

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        found = []
        for place, limit in enumerate(self.premises.pack.quantity):
            amount = float(self.amounts(place, np.array([item]))[0])
            had = float(self.had(place, requests)[request])
            if amount > 0 and had + amount > limit.milligrams:
                found.append(Finding(limit.id, DROP, _words(limit, had, amount), limit.citation))
        return found


def _words(limit: QuantityLimit, had: float, amount: float) -> str:
    return (
        f"{had:g} mg within {limit.days} days and {amount:g} mg more are over {limit.milligrams:g}"
    )
