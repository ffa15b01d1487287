"""A fitted renewal process: when each pair of a person and a good buys again, if ever.

A spell t, in units of the days that what was bought should last (`Supply.log_unit`), is Weibull:
t ^ shape is exponential with a rate of the pair, which is Gamma(spread, scale) over the people of a
good.
After each purchase the pair goes on with a probability that is Beta over people, as in BG/NBD
(Fader, Hardie, Lee, "Counting your customers the easy way", Marketing Science 2005). Gamma and
Beta are conjugate, so what a person did, the open spell included, enters in closed form.
"""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Floats
from galen.recall.renewal.spells import Spells, Supply


@dataclass(frozen=True, slots=True)
class Renewal:
    """What was learned of each good (goods,) and of the shop."""

    shape: Floats  # (goods,) Weibull: 1 is without memory, above it people come when it is used up
    scale: Floats  # (goods,) of the Gamma over people; the mean rate is spread / scale
    again: Floats  # (goods,) probability that a first purchase is followed by another one
    spread: float  # shape of the Gamma: the higher, the more alike people are
    steadiness: float  # of the Beta: pseudo-purchases behind `again`
    elasticity: float  # how a spell grows with the amount: 0 not at all, 1 in proportion
    sharing: float  # how it shrinks with the household: 0 not at all, 1 in proportion
    unit: float  # days of a typical amount where no dose is known

    def outlook(self, spells: Spells) -> "Outlook":
        """What may be expected of each pair from now on."""
        shape = self.shape[spells.good]
        spent = (spells.gap / self._unit_of(spells.gap_supply)) ** shape[spells.pair]
        repeats = spells.repeats.astype(np.float64)
        return Outlook(
            shape=shape,
            tries=self.spread + repeats,
            spent=self.scale[spells.good] + np.bincount(spells.pair, spent, minlength=len(spells)),
            goes_on=(self.steadiness * self.again[spells.good] + repeats)
            / (self.steadiness + repeats),
            waited=spells.open,
            stretch=self._unit_of(spells.open_supply),
        )

    def _unit_of(self, supply: Supply) -> Floats:
        return np.asarray(np.exp(supply.log_unit(self.unit, self.elasticity, self.sharing)))


@dataclass(frozen=True, slots=True)
class Outlook:
    """The next purchase of P pairs. Survival of a spell: (spent / (spent + t^shape)) ^ tries."""

    shape: Floats  # (P,)
    tries: Floats  # (P,) of the Gamma, after what the person did
    spent: Floats  # (P,) the same
    goes_on: Floats  # (P,) probability, at the last purchase, that another one follows
    waited: Floats  # (P,) days since then
    stretch: Floats  # (P,) days that are one unit of a spell

    def still(self) -> Floats:
        """(P,): probability that another purchase follows, now that none has come yet."""
        staying = self.goes_on * np.exp(self._log_survival(self.waited))
        return np.asarray(staying / (1 - self.goes_on + staying))

    def within(self, days: float) -> Floats:
        """(P,): probability of a purchase in the next days."""
        return self.still() * self.within_if_ever(days)

    def within_if_ever(self, days: float | Floats) -> Floats:
        """(P,): the same, given that another purchase follows at all."""
        gone = self._log_survival(self.waited + days) - self._log_survival(self.waited)
        return np.asarray(-np.expm1(gone))

    def passed(self) -> Floats:
        """(P,): share of spells like this one that are over by now; small is too early."""
        return np.asarray(-np.expm1(self._log_survival(self.waited)))

    def due(self, share: float | Floats) -> Floats:
        """(P,): days from now by which this share has bought, given that they do at all.

        `due(0.5)` is the due date, `due(0.1)` and `due(0.9)` are its interval.
        """
        reached = self.spent + (self.waited / self.stretch) ** self.shape
        needed = reached * (1 - share) ** (-1 / self.tries) - self.spent
        days = self.stretch * np.maximum(needed, 0.0) ** (1 / self.shape)
        return np.asarray(np.maximum(days - self.waited, 0.0))

    def _log_survival(self, days: Floats) -> Floats:
        spent = (days / self.stretch) ** self.shape
        return np.asarray(-self.tries * np.log1p(spent / self.spent))
