"""Purchases as spells: the days between two purchases of the same, and the days since the last."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.data.schema import DAY

SHORTEST = 0.5
"""Days: two purchases on two days are at least so far apart, whatever their hours."""


@dataclass(frozen=True, slots=True)
class Supply:
    """How long what was bought should last, as far as that is known of N spells' beginnings."""

    amount: Floats  # (N,) log(amount bought / typical amount of the good); 0 where not known
    days: Floats  # (N,) log(days for one person, by pack and dose); NaN where no dose is known
    people: Floats  # (N,) log(people of the household); 0 where not known

    def log_unit(self, usual: float, elasticity: float, sharing: float) -> Floats:
        """(N,): log of the days that are one unit of a spell.

        They are those of pack and dose; without a dose `usual` times the amount ^ elasticity. All
        of it is used up as many times faster as people ^ sharing.
        """
        guessed = np.log(usual) + elasticity * self.amount
        known = np.where(np.isnan(self.days), guessed, self.days)
        return np.asarray(known - sharing * self.people)

    def take(self, rows: Bools | Ints) -> "Supply":
        """That of some of the spells: where `rows` (N,) is true, or at these places."""
        return Supply(self.amount[rows], self.days[rows], self.people[rows])


@dataclass(frozen=True, slots=True)
class Spells:
    """Each pair of a person and a good, with its closed spells and the one that is still open."""

    person: Ints  # (P,)
    good: Ints  # (P,)
    open: Floats  # (P,) days since the last purchase
    open_supply: Supply  # (P,) of that purchase
    pair: Ints  # (G,) row of the pairs that each closed spell belongs to, ascending
    gap: Floats  # (G,) days
    gap_supply: Supply  # (G,) of the purchase that began the spell

    def __len__(self) -> int:
        return len(self.good)

    @property
    def repeats(self) -> Ints:
        """(P,): how often each pair bought again."""
        return np.bincount(self.pair, minlength=len(self)).astype(np.int64)

    def take(self, pairs: Bools) -> "Spells":
        """The pairs where `pairs` (P,) is true."""
        gaps = pairs[self.pair]
        row = np.cumsum(pairs) - 1
        return Spells(
            self.person[pairs],
            self.good[pairs],
            self.open[pairs],
            self.open_supply.take(pairs),
            row[self.pair[gaps]],
            self.gap[gaps],
            self.gap_supply.take(gaps),
        )


@dataclass(frozen=True, slots=True)
class Purchases:
    """E purchases in any order; those of one UTC day count as one."""

    person: Ints  # (E,) any code, 0 or above
    good: Ints  # (E,) code of what was bought, 0 or above
    at: Ints  # (E,) microseconds since the epoch
    amount: Floats  # (E,) in units of the good's typical purchase; NaN where not known
    days: Floats | None = None  # (E,) that it lasts one person by its dose; NaN where not known
    people: Floats | None = None  # (E,) of the person's household; NaN where not known

    def __len__(self) -> int:
        return len(self.at)


def spells_of(bought: Purchases, now: Ints) -> Spells:
    """Spells of purchases, seen at a moment (E,) that a person's purchases share."""
    day = bought.at // DAY
    order = np.lexsort((bought.at, day, bought.good, bought.person))
    person, good, at, day = (c[order] for c in (bought.person, bought.good, bought.at, day))
    other = (person[1:] != person[:-1]) | (good[1:] != good[:-1])
    first = np.flatnonzero(np.append(True, other | (day[1:] != day[:-1]))[: len(at)])
    supply = _supply(bought, order, first)
    person, good, at, now = (column[first] for column in (person, good, at, now[order]))
    same = (person[1:] == person[:-1]) & (good[1:] == good[:-1])
    last = np.append(~same, True)[: len(at)]
    pair = np.cumsum(np.append(True, ~same)[: len(at)]) - 1
    begins = np.append(same, False)[: len(at)]
    gap = np.maximum(np.diff(at)[same] / DAY, SHORTEST)
    waited = np.maximum((now - at)[last] / DAY, 0.0)
    return Spells(
        person[last], good[last], waited, supply.take(last), pair[begins], gap, supply.take(begins)
    )


def _supply(bought: Purchases, order: Ints, first: Ints) -> Supply:
    """Of each day's purchase, whose events begin at the rows `first` of the order."""
    unknown = np.full(len(bought), np.nan)

    def of_day(values: Floats) -> Floats:
        return np.add.reduceat(values[order], first) if len(first) else np.empty(0)

    amount, days = of_day(bought.amount), of_day(unknown if bought.days is None else bought.days)
    people = (unknown if bought.people is None else bought.people)[order][first]
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN is not above 0
        return Supply(
            np.where(amount > 0, np.log(amount), 0.0),
            np.where(days > 0, np.log(days), np.nan),
            np.where(people > 0, np.log(people), 0.0),
        )
