"""Purchases are drawn from the process itself, so what must be learned is known."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from galen.data.schema import DAY
from galen.recall.renewal.fitting import fit_renewal
from galen.recall.renewal.spells import Purchases, Spells, Supply, spells_of

GOODS, YEAR = 12, 365
AGAIN = np.where(np.arange(GOODS) < GOODS // 2, 0.85, 0.3)  # the second half is rarely rebought
MEAN = np.where(np.arange(GOODS) % 2, 20.0, 45.0)  # days
CATEGORY = (np.arange(GOODS) >= GOODS // 2).astype(np.int64)
SHAPE = np.where(CATEGORY == 0, 4.0, 2.0)  # the second half is rebought as it happens


@dataclass(frozen=True)
class Drawn:
    person: np.ndarray
    good: np.ndarray
    day: np.ndarray
    amount: np.ndarray
    days: np.ndarray | None = None
    people: np.ndarray | None = None

    def spells(self, now: float) -> Spells:
        before = self.day < now
        moment = np.full(int(before.sum()), int(now * DAY))
        at = (self.day * DAY).astype(np.int64)
        known = {
            name: None if values is None else values[before]
            for name, values in (("days", self.days), ("people", self.people))
        }
        columns = (self.person, self.good, at, self.amount)
        return spells_of(Purchases(*(column[before] for column in columns), **known), moment)


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    """Weibull spells, twice as long after a double pack; people differ a little."""
    random = np.random.default_rng(0)
    rows = []
    for person in range(700):
        for good in random.choice(GOODS, 3, replace=False):
            pace = random.gamma(8, 1 / 8)
            day = random.uniform(0, YEAR)
            while day < 2 * YEAR:
                amount = random.choice([1.0, 2.0])
                rows.append((person, good, day, amount))
                if random.random() > AGAIN[good]:
                    break
                day += (random.exponential() / pace) ** (1 / SHAPE[good]) * MEAN[good] * amount
    return Drawn(*(np.array(column) for column in zip(*rows, strict=True)))


@pytest.fixture(scope="module")
def learned(drawn):
    return fit_renewal(drawn.spells(YEAR), CATEGORY)


def test_finds_the_shape_the_supply_and_the_chance_to_buy_again(learned):
    assert learned.shape == pytest.approx(SHAPE, rel=0.2)
    assert learned.elasticity == pytest.approx(1.0, abs=0.1)
    assert learned.again == pytest.approx(AGAIN, abs=0.1)


def test_intervals_hold_as_many_purchases_as_they_say(drawn, learned):
    spells = drawn.spells(YEAR)
    outlook = learned.outlook(spells)
    later = drawn.day >= YEAR
    key = drawn.person * GOODS + drawn.good
    first = {}
    for pair, day in zip(key[later].tolist(), drawn.day[later].tolist(), strict=True):
        first[pair] = min(day, first.get(pair, np.inf))
    pairs = (spells.person * GOODS + spells.good).tolist()
    days = np.array([first.get(pair, np.inf) for pair in pairs]) - YEAR
    came = np.isfinite(days)
    inside = (days >= outlook.due(0.1)) & (days <= outlook.due(0.9))
    assert came.sum() > 200
    assert inside[came].mean() == pytest.approx(0.8, abs=0.07)
    assert (days < 14).mean() == pytest.approx(outlook.within(14).mean(), abs=0.03)


@pytest.fixture(scope="module")
def dosed() -> Drawn:
    """Packs that last 20 or 60 days by their dose; a household of four needs half as long."""
    random = np.random.default_rng(1)
    rows = []
    for person in range(500):
        people = random.choice([1, 4])
        for good in random.choice(GOODS, 3, replace=False):
            pace, day = random.gamma(8, 1 / 8), random.uniform(0, 90)
            while day < 2 * YEAR:
                days = random.choice([20.0, 60.0])
                rows.append((person, good, day, np.nan, days, people))
                if random.random() > 0.8:
                    break
                spell = (random.exponential() / pace) ** (1 / 3)
                day += 1 + spell * days / np.sqrt(people)
    return Drawn(*(np.array(column) for column in zip(*rows, strict=True)))


def test_a_pack_of_a_known_dose_is_due_when_it_is_used_up(dosed):
    learned = fit_renewal(dosed.spells(YEAR), np.append(CATEGORY, 0))
    fresh = _fresh(np.arange(GOODS + 1) == GOODS)  # a good that nobody bought
    due = {
        days: learned.outlook(replace(fresh, open_supply=_supply(np.array([days])))).due(0.5)[0]
        for days in (10.0, 20.0, 60.0)
    }
    assert due[20.0] == pytest.approx(20 * np.log(2) ** (1 / 3), rel=0.15)
    assert due[60.0] == pytest.approx(3 * due[20.0])
    assert due[10.0] == pytest.approx(due[20.0] / 2)


def test_how_far_a_household_shares_is_learned(dosed):
    assert fit_renewal(dosed.spells(YEAR), CATEGORY).sharing == pytest.approx(0.5, abs=0.1)
    alone = replace(dosed, people=np.random.default_rng(0).permutation(dosed.people))
    assert fit_renewal(alone.spells(YEAR), CATEGORY).sharing < 0.1


def test_open_spells_are_not_taken_for_closed_ones(drawn):
    """Seen for three months only, long spells are mostly open; their median would be too short."""
    early = drawn.spells(90)
    slow = CATEGORY == 0
    seen = fit_renewal(early, CATEGORY).outlook(_fresh(slow & (MEAN > 30)))
    observed = np.median(early.gap[MEAN[early.good[early.pair]] > 30])
    true = 45 * np.log(2) ** (1 / SHAPE[0])
    assert observed < true
    assert seen.due(0.5).mean() > observed


def test_a_good_without_purchases_is_as_its_category(drawn):
    more = np.append(CATEGORY, [0, 1])
    learned = fit_renewal(drawn.spells(YEAR), more)
    assert learned.again[GOODS] > learned.again[GOODS + 1] + 0.3
    assert np.isfinite(learned.scale).all()


def test_a_shop_without_purchases_still_has_an_outlook():
    nothing = np.empty(0, np.int64)
    spells = spells_of(Purchases(nothing, nothing, nothing, np.empty(0)), nothing)
    learned = fit_renewal(spells, np.array([0, -1]))
    chance = learned.outlook(_fresh(np.array([True, True]))).within(30)
    assert ((chance > 0.05) & (chance < 0.6)).all()


def test_the_same_purchases_teach_the_same(drawn, learned):
    again = fit_renewal(drawn.spells(YEAR), CATEGORY)
    assert again.scale.tolist() == learned.scale.tolist()


def _fresh(goods: np.ndarray) -> Spells:
    """Someone who bought each of these goods (goods,) just now, for the first time."""
    good = np.flatnonzero(goods)
    none, zero = np.empty(0, np.int64), np.zeros(len(good))
    people = np.zeros(len(good), np.int64)
    return Spells(people, good, zero, _supply(zero), none, np.empty(0), _supply(np.empty(0)))


def _supply(days: np.ndarray, people: float = 1.0) -> Supply:
    """Of one typical pack, where 0 days are not known."""
    told = np.where(days > 0, np.log(np.maximum(days, 1)), np.nan)
    return Supply(np.zeros(len(days)), told, np.full(len(days), np.log(people)))
