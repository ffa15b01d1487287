"""The states that people are in: those declared, and the groups that their age puts them in."""

from typing import Final

import numpy as np

from galen.eligibility.premises import Premises, declared_of
from galen.pipeline.candidates import Requests
from galen.pipeline.circumstances import Packed

AGE_GROUPS: Final = (
    ("population:infants", 0, 1),
    ("population:children under 2", 0, 2),
    ("population:children under 6", 0, 6),
    ("population:children under 12", 0, 12),
    ("population:children under 16", 0, 16),
    ("population:children under 18", 0, 18),
    ("population:elderly", 65, 200),
)
"""Concept, from and below which years. Of people whose age is unknown age limits take care."""


def states_of(requests: Requests, premises: Premises) -> Packed:
    """Concepts of what is declared of people and of the groups of their age."""
    declared = declared_of(requests).states
    request, value = [declared.request], [declared.values]
    for concept, low, high in AGE_GROUPS:
        within = np.flatnonzero((requests.age >= low) & (requests.age < high))
        row = premises.row(concept) if len(within) else -1
        if row >= 0:
            request.append(within)
            value.append(np.full(len(within), row))
    if len(request) == 1:
        return declared
    return Packed.grouped(np.concatenate(request), np.concatenate(value), len(requests))
