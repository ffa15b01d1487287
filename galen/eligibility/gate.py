"""All rules of health in their fixed order: the gate that every slate passes, in one object."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import structlog

from galen.data.catalogue import Catalogue
from galen.eligibility.finding import (
    NOT_ASKED,
    FamilyFilter,
    Finding,
    RuleFamily,
    WarningFamily,
)
from galen.eligibility.premises import DROP, WARN, Premises, declared_of
from galen.eligibility.rules.age import OldEnough
from galen.eligibility.rules.allergy import Allergenic
from galen.eligibility.rules.claimed import Overclaiming
from galen.eligibility.rules.contraindication import Contraindicated
from galen.eligibility.rules.duplicate import Duplicate
from galen.eligibility.rules.hazard import Hazardous
from galen.eligibility.rules.hidden import NotHidden
from galen.eligibility.rules.ingredient_age import OldEnoughForIngredients
from galen.eligibility.rules.interaction import Interacting
from galen.eligibility.rules.not_online import NotOnlineGoods
from galen.eligibility.rules.offered import OfferedBySurface
from galen.eligibility.rules.quantity import WithinQuantity
from galen.eligibility.rules.region import SoldInRegion
from galen.eligibility.rules.same_for_all import SameForAll
from galen.eligibility.rules.sensitive import Discreet
from galen.eligibility.rules.together import GoTogether
from galen.eligibility.rules.unknown import KnownEnough
from galen.eligibility.rules.withdrawn import NotWithdrawn, Withdrawals
from galen.eligibility.safe_pool import SafePool
from galen.features.item_claims import ItemClaims
from galen.features.item_facts import ItemFacts
from galen.knowledge.graph import Graph
from galen.knowledge.pack import Pack
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.circumstances import Packed
from galen.pipeline.pipeline import Pipeline
from galen.pipeline.stages import Filter

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Gate:
    """Made from one graph and one pack; another pack is another gate."""

    premises: Premises
    families: tuple[RuleFamily, ...]
    warning: tuple[WarningFamily, ...]  # those of the families that may warn
    together: GoTogether
    hazardous: Hazardous
    withdrawals: Withdrawals = field(default_factory=Withdrawals)
    pool: SafePool | None = None  # shown where a rule cannot be asked

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        facts: ItemFacts,
        graph: Graph,
        pack: Pack,
        withdrawals: Withdrawals | None = None,
        claims: ItemClaims | None = None,
    ) -> "Gate":
        """Compile a pack against a graph.

        Raises:
            PackError: a rule, or a withdrawal, names a concept that the graph does not know.
        """
        premises = Premises(catalogue, graph, pack, facts)
        listed = Withdrawals() if withdrawals is None else withdrawals
        listed.check(premises)
        interacting, duplicate = Interacting.of(premises), Duplicate.of(premises)
        allergenic, contraindicated = Allergenic.of(premises), Contraindicated.of(premises)
        quantity, hazardous = WithinQuantity.of(premises), Hazardous.of(premises)
        unknown = KnownEnough(premises)
        families: tuple[RuleFamily, ...] = (
            NotWithdrawn(premises, listed),
            OfferedBySurface.of(premises),
            NotOnlineGoods.of(premises),
            OldEnoughForIngredients.of(premises),
            Discreet.of(premises),
            SameForAll.of(
                premises,
                hazardous.bits != 0,
                contraindicated.bearing,
                interacting.bearing,
                hazardous.bearing,
            ),
            allergenic,
            contraindicated,
            interacting,
            duplicate,
            quantity,
            hazardous,
            unknown,
        )
        warning = (allergenic, contraindicated, interacting, duplicate, unknown)
        if pack.claims == "hide":
            claims = claims or ItemClaims(catalogue, facts, graph)
            families = (*families, Overclaiming(claims))
        together = GoTogether.of(premises, interacting, duplicate, hazardous, quantity)
        pool = SafePool.of(premises, (families[0].rule,))
        return cls(premises, families, warning, together, hazardous, listed, pool)

    @property
    def version(self) -> str:
        """Of the pack and of the graph: what a reply says it was decided by."""
        return f"{self.premises.pack.version}+{self.premises.graph.version}"

    @cached_property
    def filters(self) -> tuple[FamilyFilter, ...]:
        """The families as stages, in the order in which they are asked."""
        return tuple(FamilyFilter(family) for family in self.families)

    def guarding(self, filters: Sequence[Filter]) -> tuple[Filter, ...]:
        """Filters with the gate's after them; one of the same rule gives way to the gate's.

        What the shop has hidden, what a region may not buy and what an age may not are asked even
        where a recipe leaves that out.
        """
        own = {family.rule for family in self.families}
        told = {one.rule for one in filters}
        catalogue = self.premises.catalogue
        always = (NotHidden(catalogue), SoldInRegion(catalogue), OldEnough(catalogue))
        lacking = [one for one in always if one.rule not in told]
        return (*(f for f in filters if f.rule not in own), *lacking, *self.filters)

    def guard(self, pipeline: Pipeline) -> Pipeline:
        """A pipeline that lets nothing by the gate, whatever its recipe says."""
        filters = self.guarding(pipeline.filters)
        return replace(pipeline, filters=filters, together=(self.together,))

    def notices(
        self, requests: Requests, slate: Candidates, without: Collection[str] = ()
    ) -> list[list[str]]:
        """For each row of a slate what is to be shown with it; rules `without` are not asked."""
        told: list[list[str]] = [[] for _ in range(len(slate))]
        for family in (f for f in self.warning if f.rule not in without):
            for row in np.flatnonzero(family.actions(requests, slate) == WARN).tolist():
                said = family.notices(requests, int(slate.request[row]), int(slate.item[row]))
                told[row] += [notice for notice in said if notice not in told[row]]
        return told

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        """All that the rules have against showing an item; for an operator's eyes only.

        A family that cannot be asked closes, so that is what is told of it.
        """
        found = []
        for family in self.families:
            try:
                found += family.findings(requests, request, item)
            except Exception:
                log.exception("a rule could not be asked", rule=family.rule)
                found.append(Finding(family.rule, DROP, NOT_ASKED, "none"))
        return found

    def cards(self, requests: Requests) -> list[list[str]]:
        """Help lines to show with each request's slate."""
        language = self.premises.pack.language
        return [
            [rule.card_in(language) for rule in rules] for rules in self.hazardous.cards(requests)
        ]


def with_placed(requests: Requests, placed: Candidates) -> Requests:
    """The same requests, with items that a slate holds already counted to their carts."""
    if not len(placed):
        return requests
    known = declared_of(requests)
    request = np.concatenate([known.cart.request, placed.request])
    item = np.concatenate([known.cart.values, placed.item])
    cart = Packed.grouped(request, item, len(requests))
    return replace(requests, circumstances=replace(known, cart=cart))
