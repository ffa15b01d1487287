"""Goods that must not come together: the last one of a hazardous pair or triple is not shown."""

from dataclasses import dataclass

import numpy as np

from galen.data.schema import DAY
from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Premises, Small, declared_of
from galen.knowledge.pack import Hazard
from galen.knowledge.schema import Relation
from galen.pipeline.candidates import Bools, Candidates, Ints, Requests


@dataclass(frozen=True, slots=True)
class Hazardous:
    """By the pack's deny sets, and by pairs of the graph; over the cart and recent purchases."""

    premises: Premises
    rules: tuple[Hazard, ...]
    sets: tuple[tuple[Bools, ...], ...]  # by rule, by set: (concepts + 1,)
    rule: str = "hazard"
    reason: str = "it must not come together with what is in the cart or was bought lately"

    @classmethod
    def of(cls, premises: Premises) -> "Hazardous":
        rules = (*premises.pack.hazard, *_pairs_of(premises))
        sets = tuple(tuple(premises.mask(words, r.id) for words in r.sets) for r in rules)
        return cls(premises, rules, sets)

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        found = np.zeros(len(candidates), bool)
        for place in range(len(self.rules)):
            member = self.members(place, candidates.item)
            if member.any():
                others = others_met(self.met(place, requests))
                found |= (member & others[candidates.request]).any(axis=1)
        return np.where(found, DROP, NONE).astype(np.int8)

    def members(self, place: int, item: Ints) -> Bools:
        """(N, sets): in which sets of a rule each item is."""
        concept = self.premises.items.concept[item]
        return np.stack([held[concept].any(axis=1) for held in self.sets[place]], axis=1)

    def met(self, place: int, requests: Requests) -> Bools:
        """(R, sets): of which sets the cart or recent purchases hold something."""
        declared, rule = declared_of(requests), self.rules[place]
        bought = declared.bought
        recent = bought.at > requests.at[bought.item.request] - rule.days * DAY
        request = np.concatenate([bought.item.request[recent], declared.cart.request])
        item = np.concatenate([bought.item.values[recent], declared.cart.values])
        met = np.zeros((len(requests), len(rule.sets)), bool)
        if len(item):
            np.logical_or.at(met, request, self.members(place, item))
        return met

    def cards(self, requests: Requests) -> list[list[Hazard]]:
        """For each request the rules all but one of whose sets are met, that have a card."""
        told: list[list[Hazard]] = [[] for _ in range(len(requests))]
        for place, rule in enumerate(self.rules):
            if rule.card:
                near = others_met(self.met(place, requests)).any(axis=1)
                for request in np.flatnonzero(near).tolist():
                    told[request].append(rule)
        return told

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        return [
            Finding(rule.id, DROP, self.reason, rule.citation, rule.card)
            for place, rule in enumerate(self.rules)
            if (
                self.members(place, np.array([item]))
                & others_met(self.met(place, requests))[[request]]
            ).any()
        ]


def others_met(met: Bools) -> Bools:
    """(R, sets): are all sets but this one met?"""
    missing = (~met).sum(axis=1)[:, None]
    return np.asarray((missing == 0) | ((missing == 1) & ~met))


def _pairs_of(premises: Premises) -> list[Hazard]:
    """The pairs that the graph calls hazardous, each as a rule without a card."""
    edges, graph = premises.graph.edges(Relation.HAZARDOUS_WITH), premises.graph
    rules = []
    for row in np.unique(edges.row).tolist():
        said = graph.told(row)
        sets = ((str(said["head"]),), (str(said["tail"]),))
        citation = str(said["citation"] or said["source"])
        rules.append(
            Hazard(id=f"hazard-{row}", sets=sets, citation=citation, date=premises.pack.date)
        )
    return rules
