"""What the replenishment benchmark counts, on weeks whose answer is known."""

import numpy as np
import pytest

from benchmarks.replenishment import Bought, _hits, _only, _reliability, _week
from galen.data.schema import DAY

NOW = 100 * DAY


def purchases(*rows: tuple[int, int, float]) -> Bought:
    """(person, good, day) of three goods, the last of which is not health."""
    person, good, day = (np.array(column) for column in zip(*rows, strict=True))
    at = (day * DAY).astype(np.int64)
    return Bought(
        person,
        good,
        at,
        np.full(len(at), np.nan),
        np.array([True, True, False]),
        np.zeros(3, np.int64),
    )


@pytest.fixture
def week():
    bought = purchases(
        (0, 0, 50), (0, 1, 60), (0, 2, 70), (1, 0, 80), (0, 1, 103), (0, 0, 120), (1, 2, 101)
    )
    return _week(bought, NOW, NOW + 28 * DAY)


def test_a_week_knows_what_was_bought_again_and_when(week):
    assert week.soon.tolist() == [False, True, False, False]
    assert week.days.tolist() == [20, 3, np.inf, np.inf]
    assert week.followed


def test_what_comes_after_the_end_is_not_looked_at():
    assert not _week(purchases((0, 0, 50), (0, 0, 103)), NOW, NOW + 7 * DAY).followed


def test_a_hit_is_counted_for_households_that_bought_again(week):
    best, worst = (_hits(week, score) for score in (week.soon * 1.0, -1.0 * week.soon))
    assert best[0].tolist() == worst[0].tolist() == [0]
    assert best[1].tolist() == [[True, True, True, True]]
    assert worst[1].tolist() == [[False, True, True, True]]


def test_a_part_of_a_week_has_its_pairs_alone(week):
    health = _only(week, week.health)
    assert health.pairs.spells.good.tolist() == [0, 1, 0]
    assert health.soon.tolist() == [False, True, False]


def test_chances_that_come_true_have_no_calibration_error():
    said = np.repeat(np.arange(10) / 10, 100)
    true = np.concatenate([np.arange(100) < 10 * tenth for tenth in range(10)]).astype(float)
    assert _reliability("7d", said, true)["calibration_error_7d"] == pytest.approx(0)
    assert _reliability("7d", said + 0.2, true)["calibration_error_7d"] == pytest.approx(0.2)
