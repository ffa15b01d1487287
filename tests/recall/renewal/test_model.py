import numpy as np
import pytest

from galen.recall.renewal.model import Renewal
from galen.recall.renewal.spells import Spells, Supply


def renewal(**changes) -> Renewal:
    """One good that everybody buys again after 30 days, more or less."""
    settings = {
        "shape": np.array([4.0]),
        "scale": np.array([50.0]),
        "again": np.array([0.9]),
        "spread": 50.0,
        "steadiness": 10.0,
        "elasticity": 1.0,
        "sharing": 0.0,
        "unit": 30.0,
    }
    return Renewal(**(settings | changes))


def one(waited: float, gaps: tuple[float, ...] = (), supply: float = 0.0) -> Spells:
    zero = np.zeros(1, np.int64)
    return Spells(
        zero,
        zero,
        np.array([waited]),
        of(np.array([supply])),
        np.zeros(len(gaps), np.int64),
        np.array(gaps),
        of(np.zeros(len(gaps))),
    )


def of(amount: np.ndarray) -> Supply:
    """Of people of whose household and dose nothing is known."""
    return Supply(amount, np.full(len(amount), np.nan), np.zeros(len(amount)))


def test_the_chance_of_a_purchase_this_week_rises_until_the_pack_is_used_up():
    chances = [renewal().outlook(one(waited)).within(7)[0] for waited in (0, 10, 20, 27)]
    assert chances == sorted(chances)
    assert chances[0] < 0.01
    assert chances[-1] > 0.3


def test_who_has_not_come_for_long_is_believed_to_be_gone():
    soon, late = (renewal().outlook(one(waited)).still()[0] for waited in (20, 120))
    assert soon > 0.85
    assert late < 0.1


def test_half_have_bought_by_the_due_date_and_the_interval_lies_around_it():
    outlook = renewal().outlook(one(12))
    low, due, high = (outlook.due(share)[0] for share in (0.1, 0.5, 0.9))
    assert 0 < low < due < high
    assert outlook.within_if_ever(due)[0] == pytest.approx(0.5)
    assert outlook.within_if_ever(high)[0] == pytest.approx(0.9)


def test_a_person_who_comes_sooner_than_others_is_expected_sooner():
    usual = renewal(spread=5.0, scale=np.array([5.0]))
    often = usual.outlook(one(0, gaps=(10, 10, 10, 10))).due(0.5)[0]
    alone = usual.outlook(one(0)).due(0.5)[0]
    assert 10 < often < alone


def test_one_early_purchase_moves_a_person_less_than_four():
    usual = renewal(spread=5.0, scale=np.array([5.0]))
    due = [usual.outlook(one(0, gaps=(10,) * times)).due(0.5)[0] for times in (0, 1, 4)]
    assert due[0] - due[1] < due[1] - due[2] + (due[0] - due[1])
    assert due == sorted(due, reverse=True)


def test_a_pack_twice_as_large_lasts_twice_as_long():
    one_pack = renewal().outlook(one(0)).due(0.5)[0]
    two_packs = renewal().outlook(one(0, supply=np.log(2))).due(0.5)[0]
    assert two_packs == pytest.approx(2 * one_pack)


def test_who_bought_again_often_goes_on_more_surely():
    doubtful = renewal(again=np.array([0.3]))
    assert doubtful.outlook(one(5)).goes_on[0] == pytest.approx(0.3)
    assert doubtful.outlook(one(5, gaps=(30,) * 10)).goes_on[0] == pytest.approx(0.65)


def test_little_of_a_spell_has_passed_on_its_first_days():
    assert renewal().outlook(one(2)).passed()[0] < 0.01
    assert renewal().outlook(one(60)).passed()[0] > 0.95
