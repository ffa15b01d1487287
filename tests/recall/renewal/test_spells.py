import numpy as np
import pytest

from galen.data.schema import DAY
from galen.recall.renewal.spells import Purchases, spells_of

NOON = DAY // 2


def made(rows: list[tuple[int, int, float, float]], now: float, **known: list[float]):
    """Spells of (person, good, day, amount), each bought at noon."""
    person, good, day, amount = (np.array(column) for column in zip(*rows, strict=True))
    at = (day * DAY).astype(np.int64) + NOON
    moment = np.full(len(rows), int(now * DAY) + NOON)
    told = {name: np.array(values, dtype=float) for name, values in known.items()}
    return spells_of(Purchases(person, good, at, amount.astype(float), **told), moment)


def test_spells_are_the_days_between_purchases_and_the_last_one_is_open():
    spells = made([(0, 3, 40, 1), (0, 3, 10, 1), (0, 3, 20, 1)], now=45)
    assert spells.gap.tolist() == [10, 20]
    assert spells.open.tolist() == [5]
    assert spells.repeats.tolist() == [2]


def test_people_and_goods_are_kept_apart():
    spells = made([(1, 0, 10, 1), (0, 1, 20, 1), (0, 0, 30, 1), (1, 0, 31, 1)], now=40)
    assert list(zip(spells.person.tolist(), spells.good.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 0),
    ]
    assert spells.pair.tolist() == [2]
    assert spells.gap.tolist() == [21]


def test_purchases_of_one_day_are_one_with_the_amount_of_both():
    spells = made([(0, 0, 10, 1), (0, 0, 10, 2), (0, 0, 20, 1)], now=20)
    assert spells.repeats.tolist() == [1]
    assert spells.gap_supply.amount == pytest.approx([np.log(3)])
    assert spells.open_supply.amount.tolist() == [0]


def test_an_amount_that_is_not_known_is_a_typical_one():
    spells = made([(0, 0, 10, np.nan), (1, 0, 10, 0)], now=20)
    assert spells.open_supply.amount.tolist() == [0, 0]


def test_days_of_supply_add_up_within_a_day_and_are_unknown_where_one_is():
    rows = [(0, 0, 10, 1), (0, 0, 10, 1), (0, 0, 50, 1), (0, 0, 50, 1), (0, 0, 90, 1)]
    spells = made(rows, now=95, days=[30, 10, 30, np.nan, 20])
    assert spells.gap_supply.days == pytest.approx([np.log(40), np.nan], nan_ok=True)
    assert np.exp(spells.open_supply.days) == pytest.approx([20])


def test_a_known_supply_lasts_its_days_and_another_one_a_typical_time():
    rows = [(0, 0, 10, 2), (1, 0, 10, 2)]
    supply = made(rows, now=20, days=[24, np.nan], people=[4, np.nan]).open_supply
    assert np.exp(supply.log_unit(30, 1.0, 0.5)) == pytest.approx([24 / 2, 30 * 2])


def test_no_purchases_have_no_spells():
    nothing = np.empty(0, np.int64)
    spells = spells_of(Purchases(nothing, nothing, nothing, np.empty(0)), nothing)
    assert len(spells) == 0
    assert len(spells.gap) == 0


def test_taking_pairs_takes_their_closed_spells():
    spells = made([(0, 0, 1, 1), (0, 0, 5, 1), (1, 0, 2, 1), (1, 0, 9, 1)], now=10)
    second = spells.take(spells.person == 1)
    assert second.gap.tolist() == [7]
    assert second.pair.tolist() == [0]
