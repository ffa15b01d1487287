"""What people are shown and what they do: slates by a logging policy, then clicks to purchases."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Bools, Floats, Ints
from galen.data.schema import DAY, Surface
from galen.data.synthetic.items import Stock
from galen.data.synthetic.people import People, needs_at
from galen.data.synthetic.words import NEEDS

NOTHING: Final = -1
SECOND: Final = 1_000_000  # microseconds

SURFACES: Final = {  # surface -> (share of visits, slots of its slate)
    Surface.HOME: (0.38, 12),
    Surface.SEARCH: (0.32, 10),
    Surface.DETAIL: (0.14, 8),
    Surface.CART: (0.08, 6),
    Surface.PUSH: (0.05, 3),
    Surface.POST_PRESCRIPTION: (0.03, 6),
}
SLOTS: Final = np.zeros(len(Surface), np.int64)
SLOTS[list(SURFACES)] = [slots for _, slots in SURFACES.values()]
MOST_SLOTS: Final = int(SLOTS.max())
SHOWS_PRESCRIPTION: Final = (Surface.SEARCH, Surface.POST_PRESCRIPTION)
POPULAR, NEEDED, ANY = 0.4, 0.45, 0.15  # what the logging policy draws a slot from
EXAMINED: Final = -0.7  # power of the place at which a slot is looked at
HOURS: Final = np.array(
    [1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 8, 9, 8, 7, 7, 8, 9, 11, 13, 14, 12, 7, 3]
)


@dataclass(frozen=True, slots=True)
class Visits:
    """Each visit sees one slate. `again` is the item that a person comes back for, or NOTHING."""

    user: Ints  # (V,) row of the block
    at: Ints  # (V,) microseconds
    need: Ints  # (V,)
    surface: Ints  # (V,)
    again: Ints  # (V,)

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True, slots=True)
class DrawnImpressions:
    """Impressions with what is true of them."""

    visit: Ints  # (I,)
    item: Ints  # (I,)
    position: Ints  # (I,)
    propensity: Floats  # (I,)
    click_probability: Floats  # (I,)
    due: Bools  # (I,) is it what the person comes back for?


class LoggingPolicy:
    """Draws slots alone from a mixture of popular, needed and any items; a repeat is left out.

    So an item is in a slate of n slots with probability 1 - (1 - share)^n, if it may be shown; what
    a person comes back for takes one of the n from it.
    """

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        by_need = np.bincount(stock.need, stock.popularity, len(NEEDS))
        self._by_need = by_need
        self._any = stock.showable / stock.showable.sum()
        self._popular_up_to = np.cumsum(stock.popularity)
        self._any_up_to = np.cumsum(self._any)
        self._order = np.argsort(stock.need, kind="stable")
        ordered = stock.popularity[self._order]
        self._needed_up_to = np.cumsum(ordered)
        self._need_start = np.cumsum(by_need) - by_need

    def draw(self, need: Ints, random: np.random.Generator) -> Ints:
        """(V, MOST_SLOTS) items, not yet checked for what may be shown."""
        shape = len(need), MOST_SLOTS
        source, place = random.random(shape), random.random(shape)
        known = self._by_need[need] > 0
        popular = source < np.where(known, POPULAR, POPULAR + NEEDED)[:, None]
        needed = ~popular & (source < POPULAR + NEEDED)
        items = np.empty(shape, np.int64)
        items[popular] = _find(self._popular_up_to, place[popular])
        rest = ~popular & ~needed
        items[rest] = _find(self._any_up_to, place[rest])
        which = np.broadcast_to(need[:, None], shape)[needed]
        mass = self._need_start[which] + place[needed] * self._by_need[which]
        items[needed] = self._order[np.searchsorted(self._needed_up_to, mass, side="right")]
        return items

    def share(self, item: Ints, need: Ints) -> Floats:
        """The probability with which one slot is this item."""
        popularity, mass = self._stock.popularity[item], self._by_need[need]
        matching = (self._stock.need[item] == need) & (mass > 0)
        needed = np.divide(popularity, mass, out=np.zeros(len(item)), where=matching)
        popular = np.where(mass > 0, POPULAR, POPULAR + NEEDED)
        return np.asarray(popular * popularity + NEEDED * needed + ANY * self._any[item])


def _find(up_to: Floats, place: Floats) -> Ints:
    return np.asarray(np.searchsorted(up_to, place * up_to[-1], side="right"))


def first_visits(people: People, start: int, days: int, random: np.random.Generator) -> Visits:
    """The visits that people make of their own, at moments after they became known."""
    user = np.repeat(np.arange(len(people)), people.visits)
    end = start + days * DAY
    opened = np.maximum(people.created[user], start)
    midnight = opened + (random.random(len(user)) * (end - opened)).astype(np.int64)
    midnight -= midnight % DAY
    hour = np.searchsorted(np.cumsum(HOURS) / HOURS.sum(), random.random(len(user)))
    at = midnight + hour * (DAY // 24) + random.integers(0, DAY // 24, len(user))
    surface = random.choice(list(SURFACES), len(user), p=[share for share, _ in SURFACES.values()])
    unasked = (surface == Surface.POST_PRESCRIPTION) & ~people.chronic[user]
    surface[unasked] = Surface.SEARCH
    need = needs_at(people.need[user], at, random)
    return Visits(user, at, need, surface, np.full(len(user), NOTHING))


def slates(
    visits: Visits, people: People, stock: Stock, policy: LoggingPolicy, random: np.random.Generator
) -> DrawnImpressions:
    """What each visit is shown, with the probability of being shown and of being clicked."""
    items = policy.draw(visits.need, random)
    slots = SLOTS[visits.surface]
    planted = np.flatnonzero(visits.again != NOTHING)
    items[planted, (random.random(len(planted)) * slots[planted]).astype(np.int64)] = visits.again[
        planted
    ]
    allowed = np.isin(visits.surface, SHOWS_PRESCRIPTION)[:, None] | ~stock.prescription[items]
    shown = allowed & (stock.created[items] <= visits.at[:, None])
    shown &= np.arange(MOST_SLOTS) < slots[:, None]
    shown &= _first(items, shown)
    visit, slot = np.nonzero(shown)
    item = items[visit, slot]
    position = (np.cumsum(shown, axis=1) - 1)[visit, slot]
    due = item == visits.again[visit]
    share = policy.share(item, visits.need[visit])
    drawn = slots - (visits.again != NOTHING)
    propensity = np.where(due, 1.0, 1 - (1 - share) ** drawn[visit])
    chance = (1.0 + position) ** EXAMINED * _wanted(visits, visit, item, due, people, stock)
    return DrawnImpressions(visit, item, position, propensity, chance, due)


def _wanted(
    visits: Visits, visit: Ints, item: Ints, due: Bools, people: People, stock: Stock
) -> Floats:
    """The probability that an item that is looked at is clicked."""
    user = visits.user[visit]
    taste = (people.taste[user] * stock.taste[item]).sum(axis=1)
    score = (
        -2.9
        + 1.8 * (stock.need[item] == visits.need[visit])
        + 0.5 * stock.quality[item]
        + 0.4 * taste
        - people.thrift[user] * stock.dearness[item]
        + 2.2 * due
    )
    return sigmoid(score)


def _first(items: Ints, shown: Bools) -> Bools:
    """Is a slot the first of its row with its item, among those shown?"""
    marked = np.where(shown, items, -1 - np.arange(items.shape[1]))
    order = np.argsort(marked, axis=1, kind="stable")
    ordered = np.take_along_axis(marked, order, axis=1)
    first = np.ones(items.shape, bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    found = np.empty(items.shape, bool)
    np.put_along_axis(found, order, first, axis=1)
    return found


def sigmoid(score: npt.NDArray[Any]) -> Floats:
    """The logistic function, of each number."""
    return np.asarray(1 / (1 + np.exp(-score)))
