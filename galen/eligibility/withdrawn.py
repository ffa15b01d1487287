"""The kill switch: what was withdrawn is shown by nothing from the next request on."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small
from galen.pipeline.candidates import Bools, Candidates, Requests

What = Literal["item", "product", "concept"]


@dataclass(slots=True)
class Withdrawals:
    """What is withdrawn now, in words; changed by the service under its lock."""

    items: set[str] = field(default_factory=set)
    products: set[str] = field(default_factory=set)  # spu_id
    concepts: set[str] = field(default_factory=set)
    version: int = 0  # grows with every change

    def put(self, what: What, name: str) -> None:
        self._of(what).add(name)
        self.version += 1

    def lift(self, what: What, name: str) -> None:
        self._of(what).discard(name)
        self.version += 1

    def listed(self) -> list[tuple[What, str]]:
        """All of it, in a fixed order."""
        kinds: tuple[What, ...] = ("item", "product", "concept")
        return [(what, name) for what in kinds for name in sorted(self._of(what))]

    def _of(self, what: What) -> set[str]:
        return {"item": self.items, "product": self.products, "concept": self.concepts}[what]


@dataclass(slots=True)
class NotWithdrawn:
    """By item, by standard product, or by a concept that items hold."""

    premises: Premises
    withdrawals: Withdrawals
    rule: str = "withdrawn"
    reason: str = "it was withdrawn"
    _made: tuple[int, int] = (-1, -1)  # versions of withdrawals and catalogue
    _gone: Bools = field(default_factory=lambda: np.empty(0, bool))

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        return np.where(self._mask()[candidates.item], DROP, NONE).astype(np.int8)

    def _mask(self) -> Bools:
        """(items,): made anew where the catalogue or the list has changed."""
        catalogue, listed = self.premises.catalogue, self.withdrawals
        versions = (listed.version, catalogue.version)
        if versions != self._made:
            gone = np.zeros(len(catalogue), bool)
            rows = [catalogue.row_of.get(item, -1) for item in listed.items]
            gone[[row for row in rows if row >= 0]] = True
            codes = [catalogue.spu_code(product) for product in listed.products]
            gone |= np.isin(catalogue.spu, [code for code in codes if code >= 0])
            known = [name for name in listed.concepts if self.premises.row(name) >= 0]
            if known:
                gone |= self.premises.having(self.premises.mask(known, self.rule))
            self._gone, self._made = gone, versions
        return self._gone

    def notices(self, requests: Requests, request: int, item: int) -> list[str]:
        return []

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        if not self._mask()[item]:
            return []
        return [Finding(self.rule, DROP, self.reason, "the shop's own list of withdrawals")]
