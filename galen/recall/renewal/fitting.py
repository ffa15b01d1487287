"""Learn a renewal process top down: the shop, then categories, then goods, each shrunk to the one
above by as much as the goods of the shop differ (empirical Bayes). Open spells count as open.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln

from galen.data.arrays import Floats, Ints
from galen.recall.renewal.model import Renewal
from galen.recall.renewal.spells import Spells, Supply

SAMPLE: Final = 10_000
"""Pairs from which what is common to the whole shop is learned."""

STEPS: Final = 15
SHAPES: Final = np.exp(np.linspace(-0.9, 0.9, 7))
"""What a category's shape may be, times that of the shop."""

LIKENESS: Final = 0.3
"""Deviation of the log shapes of categories from that of the shop."""

_PRIOR: Final = np.array(  # mean, deviation of: log shape, log spread, pace, logit again,
    [[0.3, 0.5], [0.0, 1.0], [0.0, 1.0], [0.0, 1.5], [1.0, 1.0], [0.7, 0.35], [0.3, 0.3]]
)  # log steadiness, elasticity, sharing
_BOUNDS: Final = [
    *[(-1.5, 3.0), (-3.0, 5.0), (-5.0, 5.0), (-8.0, 8.0), (-3.0, 6.0), (0.0, 1.2), (0.0, 1.0)]
]


@dataclass(frozen=True, slots=True)
class _Shop:
    """What is common to all goods of a shop; rates and chances of goods are relative to it."""

    shape: float
    spread: float
    pace: float  # log of how fast spells pass; the log rate is shape · pace
    again: float  # logit
    steadiness: float
    elasticity: float
    sharing: float
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
            float(place[6]),
            unit,
        )

    @property
    def place(self) -> Floats:
        """What `at` takes."""
        logs = np.log([self.shape, self.spread, self.steadiness])
        return np.array([*logs[:2], self.pace, self.again, logs[2], self.elasticity, self.sharing])

    def log_unit(self, supply: Supply) -> Floats:
        """(N,): log of the days that are one unit of a spell."""
        return supply.log_unit(self.unit, self.elasticity, self.sharing)


@dataclass(frozen=True, slots=True)
class _Spent:
    """Spells to the power of their shapes, summed by pair."""

    shape: Floats  # (P,)
    repeats: Ints  # (P,)
    closed: Floats  # (P,)
    open: Floats  # (P,)

    @classmethod
    def of(cls, spells: Spells, shop: _Shop, shape: Floats) -> "_Spent":
        """`shape` is (P,)."""
        closed = _power(spells.gap, spells.gap_supply, shop, shape[spells.pair])
        summed = _summed(spells.pair, closed, len(spells))
        waited = _power(spells.open, spells.open_supply, shop, shape)
        return cls(shape, spells.repeats, summed, waited)


def _power(days: Floats, supply: Supply, shop: _Shop, shape: Floats) -> Floats:
    return np.asarray((days / np.exp(shop.log_unit(supply))) ** shape)


def fit_renewal(spells: Spells, above: Ints) -> Renewal:
    """Learn from pairs of goods 0 … len(above) - 1; `above` (goods,) is their category, or -1.

    A shop without purchases learns what is believed beforehand: half of the people come back, after
    a month or so.
    """
    guessed = spells.gap[np.isnan(spells.gap_supply.days)]
    unit = float(np.exp(np.log(guessed).mean())) if len(guessed) else 30.0
    categories = int(above.max(initial=-1)) + 2  # the last one is of goods without
    above = np.where(above < 0, categories - 1, above)
    every = max(len(spells) // SAMPLE, 1)
    sample = spells.take(np.arange(len(spells)) % every == 0)
    alike = np.zeros(len(sample))
    shop = _fit_shop(sample, _Shop.at(_PRIOR[:, 0], unit), alike, alike)
    level = _fit_down(spells, above, shop, np.full(categories, shop.shape))
    pace = (level.pace - shop.pace)[sample.good]  # the more goods differ, the more alike are people
    shop = _fit_shop(sample, shop, pace, (level.again - shop.again)[sample.good])
    shape = _fit_shapes(spells, above, shop, level)
    level = _fit_down(spells, above, shop, shape)
    return Renewal(
        shape=shape[above],
        scale=shop.spread * np.exp(-shape[above] * level.pace),
        again=np.asarray(expit(level.again)),
        spread=shop.spread,
        steadiness=shop.steadiness,
        elasticity=shop.elasticity,
        sharing=shop.sharing,
        unit=unit,
    )


@dataclass(frozen=True, slots=True)
class _Level:
    pace: Floats  # (codes,) as of the shop
    again: Floats  # (codes,) logit
    belief: Floats  # (codes,) log evidence of the paces, beside the likelihood

    @classmethod
    def alike(cls, shop: _Shop, codes: int) -> "_Level":
        return cls.just(np.full(codes, shop.pace), np.full(codes, shop.again))

    @classmethod
    def just(cls, pace: Floats, again: Floats) -> "_Level":
        return cls(pace, again, np.zeros(len(pace)))


def _fit_down(spells: Spells, above: Ints, shop: _Shop, shape: Floats) -> _Level:
    """Categories shrunk to the shop, then goods shrunk to their categories."""
    category = above[spells.good]
    spent = _Spent.of(spells, shop, shape[category])
    of_category = _fit_level(spent, shop, category, _Level.alike(shop, len(shape)), STEPS)
    parent = _Level.just(of_category.pace[above], of_category.again[above])
    return _fit_level(spent, shop, spells.good, parent, STEPS)


def _fit_level(spent: _Spent, shop: _Shop, code: Ints, parent: _Level, steps: int) -> _Level:
    """Paces and logits, each shrunk to its parent's, by steps that never make them less probable.

    A step is that of the expected log-likelihood, given how probably each open spell will be
    closed.
    """
    codes = len(parent.pace)
    pace, again = _Shrunk(parent.pace), _Shrunk(parent.again)
    shape, times = spent.shape, spent.repeats.astype(np.float64)
    tries = shop.spread + times
    weight = (shop.steadiness + 1) / (shop.steadiness + times + 1)  # of an alike person
    bought = _summed(code, weight * (times + 1), codes)
    for _ in range(steps if len(code) else 0):
        scale = shop.spread * np.exp(-shape * pace.value[code])
        closed, whole = scale + spent.closed, scale + spent.closed + spent.open
        still = _still(tries, closed, whole, shop, again.value[code], spent.repeats)
        slope = -shop.spread + tries * scale * (still / whole + (1 - still) / closed)
        bend, bound = np.zeros(len(code)), np.zeros(len(code))
        for share, total in ((still, whole), (1 - still, closed)):
            bend = bend + share * tries * scale * (total - scale) / total**2
            bound = bound + share * tries * _curvature(scale, total - scale)
        pace.step(
            _summed(code, shape * slope, codes),
            _summed(code, shape**2 * bend, codes),
            _summed(code, shape**2 * bound, codes),
        )
        chance = expit(again.value)
        goes_on = _summed(code, weight * (times + still), codes)
        spread = bought * chance * (1 - chance)
        again.step(goes_on - bought * chance, spread, bought * _curvature(chance, 1 - chance))
    return _Level(pace.value, again.value, pace.belief)


def _summed(code: Ints, values: Floats, codes: int) -> Floats:
    """(codes,): the sum of the values of each code."""
    return np.asarray(np.bincount(code, values, minlength=codes), dtype=np.float64)


def _curvature(one: Floats, other: Floats) -> Floats:
    """The least curvature of a parabola below -log(one + other) in log(one / other).

    Jaakkola, Jordan, "Bayesian parameter estimation via variational methods", 2000.
    """
    with np.errstate(divide="ignore"):
        apart = np.abs(np.log(one) - np.log(other))
    near = apart < 1e-3
    return np.asarray(np.where(near, 0.25, np.tanh(apart / 2) / (2 * np.where(near, 1, apart))))


class _Shrunk:
    """Values around those of their parents, and how far they lie apart, learned side by side.

    The variance is MacKay's fixed point, "Bayesian Interpolation", Neural Computation 1992.
    """

    def __init__(self, parent: Floats) -> None:
        self.value = parent.copy()
        self._parent = parent
        self._variance = 0.25
        self.belief = np.zeros(len(parent))

    def step(self, slope: Floats, bend: Floats, bound: Floats) -> None:
        """One step of all, given the derivatives of their log-likelihoods and their curvature."""
        pull = 1 / self._variance
        self.value += (slope - (self.value - self._parent) * pull) / (bound + pull)
        decided = float((bend / (bend + pull)).sum())  # values that the data decide
        apart = (self.value - self._parent) ** 2
        self.belief = -0.5 * (apart * pull + np.log1p(bend / pull))  # Laplace
        self._variance = float(np.clip((apart.sum() + 0.1) / (decided + 1.0), 0.001, 4.0))


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
        level = _Level.just(shop.pace + pace, shop.again + more_again)
        likelihood = _log_likelihood(spells, shop, shape, level)
        belief = 0.5 * (((place - mean) / deviation) ** 2).sum()
        return float((belief - likelihood.sum()) / (1 + len(spells)))

    found = minimize(loss, start.place, method="L-BFGS-B", bounds=_BOUNDS, options={"ftol": 1e-7})
    return _Shop.at(found.x, start.unit)


def _log_likelihood(spells: Spells, shop: _Shop, shape: Floats, level: _Level) -> Floats:
    """(P,) for a shape, a pace and a logit of each pair."""
    spent, repeats = _Spent.of(spells, shop, shape), spells.repeats
    scale, tries = shop.spread * np.exp(-shape * level.pace), shop.spread + repeats
    closed, whole = scale + spent.closed, scale + spent.closed + spent.open
    again = expit(level.again)
    first, never = shop.steadiness * again, shop.steadiness * (1 - again)
    went_on = betaln(first + repeats, never) - betaln(first, never)
    goes_on = (first + repeats) / (shop.steadiness + repeats)
    waits = np.log1p(goes_on * np.expm1(-tries * np.log(whole / closed)))
    density = gammaln(tries) - gammaln(shop.spread) + shop.spread * np.log(scale)
    density -= tries * np.log(closed)
    of_gap = shape[spells.pair]
    log_unit = shop.log_unit(spells.gap_supply)
    each = np.log(of_gap) + (of_gap - 1) * (np.log(spells.gap) - log_unit) - log_unit
    return np.asarray(went_on + waits + density + np.bincount(spells.pair, each, len(spells)))


def _fit_shapes(spells: Spells, above: Ints, shop: _Shop, level: _Level) -> Floats:
    """(categories,): the best of a few shapes, each with the paces that suit it."""
    categories = int(above.max(initial=0)) + 1
    category = above[spells.good]
    likelihood = np.empty((len(SHAPES), categories))
    for row, times in enumerate(SHAPES):
        shape = np.full(len(spells), shop.shape * times)
        spent = _Spent.of(spells, shop, shape)
        suited = _fit_level(spent, shop, spells.good, level, 5)
        pairs = _Level.just(suited.pace[spells.good], suited.again[spells.good])
        each = _log_likelihood(spells, shop, shape, pairs)
        likelihood[row] = _summed(category, each, categories)
        likelihood[row] += _summed(above, suited.belief, categories)
        likelihood[row] -= 0.5 * (np.log(times) / LIKENESS) ** 2
    return np.asarray(shop.shape * SHAPES[likelihood.argmax(axis=0)])
