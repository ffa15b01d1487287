"""The kill switch: what was withdrawn is shown by nothing from the next request on."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from galen.data.arrays import Bools
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small
from galen.knowledge.pack import PackError
from galen.pipeline.candidates import Candidates, Requests

What = Literal["item", "product", "concept", "batch"]
"""What may be withdrawn."""


@dataclass(slots=True)
class Withdrawals:
    """What is withdrawn now, in words; changed by the service under its lock, read without it."""

    entries: frozenset[tuple[What, str, str]] = frozenset()  # what, name, batch or ""
    version: int = 0  # grows with every change

    def put(self, what: What, name: str, batch: str = "") -> None:
        """Withdraw; with a batch, only what is of it, or of no known batch."""
        self.entries |= {(what, name, batch)}
        self.version += 1

    def lift(self, what: What, name: str, batch: str = "") -> None:
        """Undo what `put` did with the same words; what another entry withdraws stays withdrawn."""
        self.entries -= {(what, name, batch)}
        self.version += 1

    def check(self, premises: Premises) -> None:
        """See that each concept is one of the graph, or all that holds it would be shown again.

        Raises:
            PackError: one is not.
        """
        named = sorted(name for what, name, _ in self.entries if what == "concept")
        unknown = [name for name in named if premises.row(name) < 0]
        if unknown:
            raise PackError(
                f"{', '.join(unknown)} was withdrawn, and this knowledge has no such concept, so "
                "what holds it would be shown again. Serve with the knowledge of before, withdraw "
                "the items by their ids, and lift it there."
            )

    def listed(self) -> list[tuple[What, str, str]]:
        """(what, name, batch) of all of it, in a fixed order."""
        kinds = get_args(What)
        return sorted(self.entries, key=lambda entry: (kinds.index(entry[0]), *entry[1:]))


_Made = tuple[tuple[int, int], Bools]  # versions of withdrawals and catalogue; (items,)


@dataclass(slots=True)
class NotWithdrawn:
    """By item, by standard product, by a concept that items hold, or by the batch that is sold."""

    premises: Premises
    withdrawals: Withdrawals
    rule: str = "withdrawn"
    reason: str = "it was withdrawn"
    _made: _Made = field(default_factory=lambda: ((-1, -1), np.empty(0, bool)))

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        return np.where(self._mask()[candidates.item], DROP, NONE).astype(np.int8)

    def _mask(self) -> Bools:
        """(items,): made anew where the catalogue or the list has changed."""
        catalogue, listed = self.premises.catalogue, self.withdrawals
        versions = (listed.version, catalogue.version)
        made, gone = self._made
        if versions != made:
            gone = np.zeros(len(catalogue), bool)
            for what, name, batch in listed.entries:
                named = self._named(what, name)
                if batch:
                    named &= (catalogue.batch < 0) | self._named("batch", batch)
                gone |= named
            self._made = versions, gone  # in one: channels that are late read and write it too
        return gone

    def _named(self, what: What, name: str) -> Bools:
        """(items,): which a withdrawal names; none where the shop does not know the name."""
        catalogue = self.premises.catalogue
        if what == "batch":
            code = catalogue.batch_code(name)
            return np.asarray((catalogue.batch == code) & (code >= 0))
        if what == "product":
            code = catalogue.spu_code(name)
            return np.asarray((catalogue.spu == code) & (code >= 0))
        named = np.zeros(len(catalogue), bool)
        if what == "item":
            row = catalogue.row_of.get(name, -1)
            named[[row] if row >= 0 else []] = True
        elif self.premises.row(name) >= 0:
            named |= self.premises.having(self.premises.may_hold([name], self.rule))
        return named

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        if not self._mask()[item]:
            return []
        return [Finding(self.rule, DROP, self.reason, "the shop's own list of withdrawals")]
