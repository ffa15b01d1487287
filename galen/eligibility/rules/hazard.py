"""Goods that must not come together: the last one of a hazardous pair or triple is not shown."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Bools, Ints
from galen.data.schema import DAY
from galen.eligibility.bearing import Bearing
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, Premises, Small, declared_of
from galen.eligibility.some_kind import for_some_kind
from galen.eligibility.statements import Statements
from galen.knowledge.pack import Hazard, PackError
from galen.knowledge.schema import Relation
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.circumstances import Packed

Bits = npt.NDArray[np.uint64]

MOST_SETS: Final = 64
"""Sets of all hazards of a pack: each is a bit of a word."""

RECENT_DAYS: Final = 30
"""How long a purchase is recent for the pairs of the graph, which do not say."""


@dataclass(frozen=True, slots=True)
class Hazardous:
    """By the pack's deny sets, and by pairs of the graph; over the cart and recent purchases."""

    premises: Premises
    bits: Bits  # (concepts + 1,): the sets that each concept is in
    masks: Bits  # (rules,): the sets of each rule of the pack
    statements: Statements  # the graph's pairs
    bearing: Bearing
    rule: str = "hazard"
    reason: str = "it must not come together with what is in the cart or was bought lately"

    @classmethod
    def of(cls, premises: Premises) -> "Hazardous":
        """The graph's hazardous pairs, and the pack's pairs and triples as bits.

        Raises:
            PackError: hazards have more than `MOST_SETS` sets, or name an unknown concept.
        """
        bits = np.zeros(len(premises.graph) + 1, np.uint64)
        masks, place = [], 0
        for rule in premises.pack.hazard:
            mask = 0
            for words in rule.sets:
                if place == MOST_SETS:
                    raise PackError(
                        f"pack {premises.pack.name}: its hazards have more than {MOST_SETS} sets; "
                        "put pairs into the knowledge as hazardous_with."
                    )
                bits[premises.may_hold(words, rule.id)] |= np.uint64(1 << place)
                mask |= 1 << place
                place += 1
            masks.append(mask)
        edges = premises.graph.edges(Relation.HAZARDOUS_WITH)
        action = np.full(len(edges), DROP, np.int8)
        statements = Statements.of(premises, edges.tail, edges.head, action, edges.row)
        bearing = for_some_kind(premises, statements.bearing())
        return cls(premises, bits, np.array(masks, np.uint64), statements, bearing)

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        concept = self.premises.items.concept[candidates.item]
        found = self.bearing.actions(self._near(requests), candidates, concept)
        bits = self.bits_of(candidates.item)
        if bits.any():
            met = self.met(requests)
            if met.any():
                found[self.closed(bits, met[candidates.request]).any(axis=1)] = DROP
        return found

    def bits_of(self, item: Ints) -> Bits:
        """(N,): the sets that each item is in."""
        told = self.bits[self.premises.items.concept[item]]
        return np.asarray(np.bitwise_or.reduce(told, axis=1), np.uint64)

    def closed(self, bits: Bits, met: Bits) -> Bools:
        """(N, rules): is an item of sets `bits` (N,) the last one, beside sets `met` (N, rules)?"""
        mine = bits[:, None] & self.masks
        return np.asarray((mine != 0) & (met != 0) & ((self.masks & ~met & ~mine) == 0))

    def met(self, requests: Requests) -> Bits:
        """(R, rules): of which sets the cart or recent purchases hold something."""
        declared, rules = declared_of(requests), self.premises.pack.hazard
        met = np.zeros((len(requests), len(rules)), np.uint64)
        bought, cart = declared.bought, declared.cart
        in_cart, before = self.bits_of(cart.values), self.bits_of(bought.item.values)
        carts = np.zeros(len(requests), np.uint64)
        np.bitwise_or.at(carts, cart.request, in_cart)
        windows = np.array([rule.days for rule in rules], np.int64)
        for days in np.unique(windows).tolist():
            column, recent = carts.copy(), bought.ago < days * DAY
            np.bitwise_or.at(column, bought.item.request[recent], before[recent])
            same = windows == days
            met[:, same] = column[:, None] & self.masks[same]
        return met

    def _near(self, requests: Requests) -> Packed:
        """Concepts of what is in the cart or was bought lately."""
        declared = declared_of(requests)
        bought, cart = declared.bought, declared.cart
        if not len(cart.values) and not len(bought.ago):
            return cart
        recent = bought.ago < RECENT_DAYS * DAY
        request = np.concatenate([cart.request, bought.item.request[recent]])
        item = np.concatenate([cart.values, bought.item.values[recent]])
        concept = self.premises.items.concept[item]
        known = concept >= 0
        request = np.repeat(request, known.sum(axis=1))
        return Packed.grouped(request, concept[known].astype(np.int64), len(requests))

    def cards(self, requests: Requests) -> list[list[Hazard]]:
        """For each request the rules all but one of whose sets are met, that have a card."""
        rules = self.premises.pack.hazard
        if not rules:
            return [[] for _ in range(len(requests))]
        met = self.met(requests)
        missing = self.masks & ~met
        near = (met != 0) & ((missing & (missing - np.uint64(1))) == 0)
        return [
            [rule for rule, shown in zip(rules, row, strict=True) if shown and rule.card]
            for row in near.tolist()
        ]

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        one = requests.part(request, request + 1)
        which = np.array([item])
        closed = self.closed(self.bits_of(which), self.met(one))[0]
        language = self.premises.pack.language
        by_pack = [
            Finding(rule.id, DROP, self.reason, rule.citation, rule.card_in(language))
            for rule, shut in zip(self.premises.pack.hazard, closed.tolist(), strict=True)
            if shut
        ]
        near = self._near(one).values
        return by_pack + self.statements.findings(
            near, item, family=self.rule, verb="must not meet", notice=""
        )
