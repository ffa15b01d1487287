"""Learn a renewal process top down: the shop, then categories, then goods, each shrunk to the one
above by as much as the goods of the shop differ (empirical Bayes). Open spells count as open.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, logit

from galen.pipeline.candidates import Floats, Ints
from galen.recall.renewal.model import Renewal
from galen.recall.renewal.spells import Spells

SAMPLE: Final = 10_000
"""Pairs from which what is common to the whole shop is learned."""

STEPS: Final = 10
ROUNDS: Final = 3
SHAPES: Final = np.exp(np.linspace(-0.9, 0.9, 7))
"""What a category's shape may be, times that of the shop."""

LIKENESS: Final = 0.3
"""Deviation of the log shapes of categories from that of the shop."""

_PRIOR: Final = np.array(  # mean, deviation of: log shape, log spread, log rate, logit again,
    [[0.3, 0.5], [0.0, 1.0], [0.0, 2.0], [0.0, 1.5], [1.0, 1.0], [0.7, 0.35]]
)  # log steadiness, elasticity


@dataclass(frozen=True, slots=True)
class _Shop:
    """What is common to all goods of a shop; rates and chances of goods are relative to it."""

    shape: float
    spread: float
    rate: float  # log
    again: float  # logit
    steadiness: float
    elasticity: float
    unit: float

    @classmethod
    def at(cls, place: Floats, unit: float) -> "_Shop":
        shape, spread, steadiness = np.exp(place[[0, 1, 4]])
        return cls(
            float(shape),
            float(spread),
            float(place[2]),
            float(place[3]),
            float(steadiness),
            float(place[5]),
            unit,
        )

    @property
    def place(self) -> Floats:
        """What `at` takes."""
        logs = np.log([self.shape, self.spread, self.steadiness])
        return np.array([*logs[:2], self.rate, self.again, logs[2], self.elasticity])


@dataclass(frozen=True, slots=True)
class _Spent:
    """Spells to the power of their shapes, summed by pair."""

    repeats: Ints  # (P,)
    closed: Floats  # (P,)
    open: Floats  # (P,)

    @classmethod
    def of(cls, spells: Spells, shop: _Shop, shape: Floats) -> "_Spent":
        """`shape` is (P,)."""
        closed = _power(spells.gap, spells.gap_supply, shop, shape[spells.pair])
        summed = np.bincount(spells.pair, closed, minlength=len(spells))
        waited = _power(spells.open, spells.open_supply, shop, shape)
        return cls(spells.repeats, summed, waited)


def _power(days: Floats, supply: Floats, shop: _Shop, shape: Floats) -> Floats:
    return np.asarray((days / (shop.unit * np.exp(shop.elasticity * supply))) ** shape)


def fit_renewal(spells: Spells, above: Ints) -> Renewal:
    """Learn from pairs of goods 0 … len(above) - 1; `above` (goods,) is their category, or -1.

    A shop without purchases learns what is believed beforehand: half of the people come back, after
    a month or so.
    """
    unit = float(np.exp(np.log(spells.gap).mean())) if len(spells.gap) else 30.0
    categories = int(above.max(initial=-1)) + 2  # the last one is of goods without
    above = np.where(above < 0, categories - 1, above)
    every = max(len(spells) // SAMPLE, 1)
    sample = spells.take(np.arange(len(spells)) % every == 0)
    alike = np.zeros(len(sample))
    shop = _fit_shop(sample, _Shop.at(_PRIOR[:, 0], unit), alike, alike)
    shape = np.full(categories, shop.shape)
    for _ in range(ROUNDS):  # the more goods differ, the more alike are the spells of one
        level = _fit_down(spells, above, shop, shape)
        pace = (level.rate - shop.rate)[sample.good] / shape[above[sample.good]]
        shop = _fit_shop(sample, shop, pace, (level.again - shop.again)[sample.good])
        shape = np.full(categories, shop.shape)
    shape = _fit_shapes(spells, above, shop, level)
    level = _fit_down(spells, above, shop, shape)
    return Renewal(
        shape=shape[above],
        scale=shop.spread * np.exp(-level.rate),
        again=np.asarray(expit(level.again)),
        spread=shop.spread,
        steadiness=shop.steadiness,
        elasticity=shop.elasticity,
        unit=unit,
    )


@dataclass(frozen=True, slots=True)
class _Level:
    rate: Floats  # (codes,) log
    again: Floats  # (codes,) logit

    @classmethod
    def alike(cls, shop: _Shop, codes: int) -> "_Level":
        return cls(np.full(codes, shop.rate), np.full(codes, shop.again))


def _fit_down(spells: Spells, above: Ints, shop: _Shop, shape: Floats) -> _Level:
    """Categories shrunk to the shop, then goods shrunk to their categories."""
    category = above[spells.good]
    spent = _Spent.of(spells, shop, shape[category])
    of_category = _fit_level(spent, shop, category, _Level.alike(shop, len(shape)), STEPS)
    parent = _Level(of_category.rate[above], of_category.again[above])
    return _fit_level(spent, shop, spells.good, parent, STEPS)


def _fit_level(spent: _Spent, shop: _Shop, code: Ints, parent: _Level, steps: int) -> _Level:
    """Newton steps in the log rates and a count in the chances, with variances learned beside.

    The step of the rates is that of the expected log-likelihood, given how probably each open
    spell will still be closed; it is concave in them.
    """
    codes = len(parent.rate)
    rate, again = parent.rate.copy(), parent.again.copy()
    variance = 0.25
    tries = shop.spread + spent.repeats
    weight = 1 / (shop.steadiness + spent.repeats + 1)
    bought = np.bincount(code, weight * (spent.repeats + 1), minlength=codes)
    some = bought > 0
    pseudo = 2.0 / (shop.steadiness + 1)  # purchases behind the parent's chance
    for _ in range(steps if some.any() else 0):
        scale = shop.spread * np.exp(-rate[code])
        closed, whole = scale + spent.closed, scale + spent.closed + spent.open
        still = _still(tries, closed, whole, shop, again[code], spent.repeats)
        slope = -shop.spread + tries * scale * (still / whole + (1 - still) / closed)
        bend = still * (whole - scale) / whole**2 + (1 - still) * spent.closed / closed**2
        pull = 1 / variance
        total = np.bincount(code, slope, minlength=codes) - (rate - parent.rate) * pull
        sharp = np.bincount(code, tries * scale * bend, minlength=codes) + pull
        rate += np.clip(total / sharp, -1, 1)
        variance = float(np.clip(((rate - parent.rate) ** 2 + 1 / sharp)[some].mean(), 0.01, 4.0))
        goes_on = np.bincount(code, weight * (spent.repeats + still), minlength=codes)
        again = logit((goes_on + pseudo * expit(parent.again)) / (bought + pseudo))
    return _Level(rate, again)


def _still(
    tries: Floats, closed: Floats, whole: Floats, shop: _Shop, again: Floats, repeats: Ints
) -> Floats:
    """(P,): probability that the open spell will be closed."""
    first = shop.steadiness * expit(again)
    goes_on = (first + repeats) / (shop.steadiness + repeats)
    staying = goes_on * np.exp(-tries * np.log(whole / closed))
    return np.asarray(staying / (1 - goes_on + staying))


def _fit_shop(spells: Spells, start: _Shop, pace: Floats, more_again: Floats) -> _Shop:
    """What is most probable for a shop from whose goods' each pair (P,) differs by this much.

    `pace` is the log of how much faster a pair's spells pass, `more_again` a logit.
    """
    mean, deviation = _PRIOR.T

    def loss(place: Floats) -> float:
        shop = _Shop.at(place, start.unit)
        shape = np.full(len(spells), shop.shape)
        level = _Level(shop.rate + shop.shape * pace, shop.again + more_again)
        told = _log_likelihood(spells, shop, shape, level)
        belief = 0.5 * (((place - mean) / deviation) ** 2).sum()
        return float((belief - told.sum()) / (1 + len(spells)))

    bounds = [(-1.5, 3.0), (-3.0, 5.0), (-8.0, 8.0), (-8.0, 8.0), (-3.0, 6.0), (0.0, 1.2)]
    found = minimize(loss, start.place, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-7})
    return _Shop.at(found.x, start.unit)


def _log_likelihood(spells: Spells, shop: _Shop, shape: Floats, level: _Level) -> Floats:
    """(P,) for a shape, a log rate and a logit of each pair."""
    spent, repeats = _Spent.of(spells, shop, shape), spells.repeats
    scale, tries = shop.spread * np.exp(-level.rate), shop.spread + repeats
    closed, whole = scale + spent.closed, scale + spent.closed + spent.open
    again = expit(level.again)
    first, never = shop.steadiness * again, shop.steadiness * (1 - again)
    went_on = betaln(first + repeats, never) - betaln(first, never)
    goes_on = (first + repeats) / (shop.steadiness + repeats)
    waits = np.log1p(goes_on * np.expm1(-tries * np.log(whole / closed)))
    density = gammaln(tries) - gammaln(shop.spread) + shop.spread * np.log(scale)
    density -= tries * np.log(closed)
    of_gap = shape[spells.pair]
    relative = np.log(spells.gap / shop.unit) - shop.elasticity * spells.gap_supply
    each = np.log(of_gap) + (of_gap - 1) * relative - shop.elasticity * spells.gap_supply
    return np.asarray(went_on + waits + density + np.bincount(spells.pair, each, len(spells)))


def _fit_shapes(spells: Spells, above: Ints, shop: _Shop, level: _Level) -> Floats:
    """(categories,): the best of a few shapes, each with the rates that suit it."""
    categories = int(above.max(initial=0)) + 1
    category = above[spells.good]
    told = np.empty((len(SHAPES), categories))
    for row, times in enumerate(SHAPES):
        shape = np.full(len(spells), shop.shape * times)
        spent = _Spent.of(spells, shop, shape)
        parent = _Level(shop.rate + (level.rate - shop.rate) * times, level.again)
        suited = _fit_level(spent, shop, spells.good, parent, 3)
        pairs = _Level(suited.rate[spells.good], suited.again[spells.good])
        each = _log_likelihood(spells, shop, shape, pairs)
        told[row] = np.bincount(category, each, minlength=categories)
        told[row] -= 0.5 * (np.log(times) / LIKENESS) ** 2
    return np.asarray(shop.shape * SHAPES[told.argmax(axis=0)])
