"""Whose history may be read, and for what: consent by purpose, and how far back it reaches."""

from collections.abc import Mapping
from typing import Any, Final

from galen.data.schema import DAY, Kind
from galen.pipeline.candidates import Histories
from galen.serve.messages import RecommendRequest

REFILL_WINDOW: Final = 90 * DAY
"""45 CFR 164.501 lets pharmacies remind of prescriptions that lapsed within 90 days."""


def may_profile(asked: RecommendRequest, record: Mapping[str, Any]) -> bool:
    """Whether a person's history may be read for this request.

    A record that lists consents allows what it lists; one without leaves it to the shop.
    """
    if asked.mode != "personalised":
        return False
    consents = record.get("consents")
    return consents is None or asked.purpose in consents


def may_use_age(asked: RecommendRequest, record: Mapping[str, Any], known: float) -> bool:
    """Whether taste may be guessed from an age: a person's if profiled, or one that was sent.

    Where a younger one is `known` of the person, it is that which counts, and not the sent one.

    Rules of safety read the age in any case.
    """
    if asked.mode == "non_personalised":
        return False
    sent = asked.age is not None and not known < asked.age
    return sent or may_profile(asked, record)


def refillable(history: Histories, now: int) -> Histories:
    """What a refill may look at: purchases of the last 90 days."""
    recent = (history.kind == int(Kind.PURCHASE)) & (history.at >= now - REFILL_WINDOW)
    return history.take(recent)
