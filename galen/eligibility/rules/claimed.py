"""Goods whose title or description claims what is banned, where the pack would rather hide them."""

from dataclasses import dataclass

import numpy as np

from galen.eligibility.finding import Finding
from galen.eligibility.premises import DROP, NONE, Small
from galen.features.item_claims import BAN, ItemClaims
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class Overclaiming:
    """By the claims of the item's own copy; the same for everybody."""

    claims: ItemClaims
    rule: str = "claims"
    reason: str = "its description claims what may not be said of it"

    def actions(self, requests: Requests, candidates: Candidates) -> Small:
        return np.where(self.claims.banned[candidates.item], DROP, NONE).astype(np.int8)

    def findings(self, requests: Requests, request: int, item: int) -> list[Finding]:
        return [
            Finding(f"claims:{found.rule}", DROP, f"{found.field}: {found.text!r}", found.citation)
            for found in self.claims.breaches_of(item)
            if found.severity == BAN
        ]
