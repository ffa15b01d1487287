"""Purchases as spells: the days between two purchases of the same, and the days since the last."""

from dataclasses import dataclass

import numpy as np

from galen.data.schema import DAY
from galen.pipeline.candidates import Bools, Floats, Ints

SHORTEST = 0.5
"""Days: two purchases on two days are at least so far apart, whatever their hours."""


@dataclass(frozen=True, slots=True)
class Spells:
    """Each pair of a person and a good, with its closed spells and the one that is still open.

    Supply is log(amount bought / typical amount of the good); 0 where it is not known.
    """

    person: Ints  # (P,)
    good: Ints  # (P,)
    open: Floats  # (P,) days since the last purchase
    open_supply: Floats  # (P,) of that purchase
    pair: Ints  # (G,) row of the pairs that each closed spell belongs to, ascending
    gap: Floats  # (G,) days
    gap_supply: Floats  # (G,) of the purchase that began the spell

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
            self.open_supply[pairs],
            row[self.pair[gaps]],
            self.gap[gaps],
            self.gap_supply[gaps],
        )


def spells_of(person: Ints, good: Ints, at: Ints, amount: Floats, now: Ints) -> Spells:
    """Spells of E purchases in any order; those of one UTC day count as one.

    Args:
        person: (E,) any code, 0 or above.
        good: (E,) code of what was bought, 0 or above.
        at: (E,) microseconds since the epoch.
        amount: (E,) how much, in units of the good's typical purchase; NaN where not known.
        now: (E,) the moment at which the person's open spells are looked at.
    """
    day = at // DAY
    order = np.lexsort((at, day, good, person))
    person, good, at, day = person[order], good[order], at[order], day[order]
    amount, now = amount[order], now[order]
    other = (person[1:] != person[:-1]) | (good[1:] != good[:-1])
    first = np.flatnonzero(np.append(True, other | (day[1:] != day[:-1]))[: len(at)])
    bought = np.add.reduceat(amount, first) if len(first) else np.empty(0)
    with np.errstate(divide="ignore"):
        supply = np.where(bought > 0, np.log(bought), 0.0)  # NaN is not above 0
    person, good, at, now = person[first], good[first], at[first], now[first]
    same = (person[1:] == person[:-1]) & (good[1:] == good[:-1])
    last = np.append(~same, True)[: len(at)]
    pair = np.cumsum(np.append(True, ~same)[: len(at)]) - 1
    gap = np.maximum(np.diff(at)[same] / DAY, SHORTEST)
    begun = supply[:-1][same] if len(at) else supply
    waited = np.maximum((now - at)[last] / DAY, 0.0)
    return Spells(person[last], good[last], waited, supply[last], pair[:-1][same], gap, begun)
