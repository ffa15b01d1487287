"""Age limits of the law for ingredients, beside those that the shop gives its items."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Floats
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class OldEnoughForIngredients:
    """A person of unknown age is below every limit."""

    premises: Premises
    years: Floats  # (concepts + 1,) 0 where there is no limit
    rule: str = "ingredient_age"
    reason: str = "it is for people of an age that this person is not known to have reached"

    @classmethod
    def of(cls, premises: Premises) -> "OldEnoughForIngredients":
        """The pack's limits, in years; of several that a concept falls under, the highest.

        Raises:
            PackError: a limit names a concept that the graph does not know.
        """
        years = np.zeros(len(premises.graph) + 1)
        for rule in premises.pack.age:
            limited = premises.may_hold(rule.concepts, rule.id)
            years[limited] = np.maximum(years[limited], rule.years)
        return cls(premises, years)

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        limit = self.years[self.premises.items.concept[candidates.item]].max(axis=1)
        old_enough = (limit == 0) | (requests.age[candidates.request] >= limit)
        return np.where(old_enough, NONE, DROP).astype(np.int8)  # NaN is at least nothing

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        age, which = requests.age[request], np.array([item])
        return [
            Finding(rule.id, DROP, f"from {rule.years} years", rule.citation)
            for rule in self.premises.pack.age
            if not age >= rule.years
            and self.premises.having(self.premises.may_hold(rule.concepts, rule.id), which)[0]
        ]
