"""The states that people are in: those declared, and the groups that their age puts them in."""

from collections.abc import Sequence
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

FROM: Final = np.array([low for _, low, _ in AGE_GROUPS], np.float64)
BELOW: Final = np.array([high for _, _, high in AGE_GROUPS], np.float64)


def youngest(*ages: float) -> tuple[float, Sequence[str]]:
    """The least age of those known, and the groups of the others: each may be who it is for."""
    least, *others = sorted(age for age in ages if age >= 0) or [float("nan")]
    groups = [
        concept for concept, low, high in AGE_GROUPS if any(low <= age < high for age in others)
    ]
    return least, groups


def states_of(requests: Requests, premises: Premises) -> Packed:
    """Concepts of what is declared of people and of the groups of their age."""
    declared = declared_of(requests).states
    group, request = np.nonzero((requests.age >= FROM[:, None]) & (requests.age < BELOW[:, None]))
    if not len(group):
        return declared
    value = np.array([premises.row(concept) for concept, _, _ in AGE_GROUPS])[group]
    known = value >= 0
    return Packed.grouped(
        np.concatenate([declared.request, request[known]]),
        np.concatenate([declared.values, value[known]]),
        len(requests),
    )
