"""Why an item is on the slate, in words for a person: one sentence a recall channel.

The words say what the channel knows (what was looked at, bought, is popular) and never what one
might infer from it about a person's health.
"""

from collections.abc import Callable, Iterable
from typing import Final

SENTENCES: Final = {
    "item_graph": "Often chosen together with what you looked at",
    "i2i": "Goes with what you chose before",
    "als": "Chosen by people with a history like yours",
    "bpr": "Chosen by people with a history like yours",
    "repurchase": "You bought this before and it may be running out",
    "siblings": "Another pack of what you chose before",
    "substitutes": "The same ingredients as what you chose before, which is not available",
    "seasonal": "Popular at this time of the year",
    "popular": "Popular in this shop",
    "popular_in_category": "Popular in a category you visit",
}
"""Channel -> sentence."""

OTHERWISE: Final = "Chosen for you"
SIMILAR: Final = "Often chosen together with {title}"


def reason_for(channels: list[str]) -> str:
    """The sentence of the channel that proposed an item first; `channels` are best first."""
    for channel in channels:
        if channel in SENTENCES:
            return SENTENCES[channel]
    return OTHERWISE


def first_allowed(reasons: Iterable[str | None], allowed: Callable[[str], bool]) -> tuple[str, int]:
    """The first reason that may be said, and how many before it may not; at the last, no reason."""
    unsaid = 0
    for reason in reasons:
        if reason and allowed(reason):
            return reason, unsaid
        unsaid += bool(reason)
    return OTHERWISE, unsaid
