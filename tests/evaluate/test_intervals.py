"""Intervals hold the truth about as often as they say."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from galen.evaluate.intervals import mean_interval, mean_intervals, paired_interval, ratio_interval
from galen.rank import resampling


def test_a_95_percent_interval_holds_the_mean_about_95_times_in_100():
    random = np.random.default_rng(0)
    held = 0
    for seed in range(100):
        interval = mean_interval(random.exponential(2.0, 200), seed=seed, resamples=300)
        held += interval.low <= 2.0 <= interval.high
    assert 85 <= held <= 100


def test_a_paired_interval_is_narrower_than_the_two_apart():
    random = np.random.default_rng(0)
    worse = random.normal(size=500)
    better = worse + 0.1 + 0.05 * random.normal(size=500)
    paired = paired_interval(better, worse, seed=0)
    assert paired.low > 0
    assert paired.high - paired.low < 0.1


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).normal(size=50)
    assert mean_interval(values, seed=3) == mean_interval(values, seed=3)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0]])
def test_too_little_to_tell_is_told_without_failing(values):
    interval = mean_interval(np.array(values), seed=0)
    assert np.isnan(interval.low) if len(values) < 2 else interval.low == 2.0


def test_an_interval_is_that_of_an_independent_library():
    values = np.random.default_rng(0).exponential(2.0, 300)
    theirs = bootstrap(
        (values,), np.mean, n_resamples=400, method="percentile", rng=np.random.default_rng(7)
    ).confidence_interval
    mine = mean_interval(values, seed=7, resamples=400)
    assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_columns_have_the_intervals_that_each_has_alone_in_whatever_blocks(monkeypatch):
    values = np.random.default_rng(0).normal(size=(60, 3))
    values[:, 2] = 0.1
    alone = [mean_interval(values[:, place], seed=3) for place in range(3)]
    monkeypatch.setattr(resampling, "DRAWN_AT_ONCE", 60 * 7)
    for one, other in zip(mean_intervals(values, seed=3), alone, strict=True):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    assert alone[2].low == alone[2].value == alone[2].high == 0.1


def test_a_ratio_is_drawn_above_and_below_together_and_no_draw_of_nothing_counts(monkeypatch):
    draw = np.random.default_rng(1)
    above, below = draw.random(5), np.array([0.0, 0.0, 0.0, 0.0, 2.0])  # a third of draws has none
    random, found = np.random.default_rng(3), []
    for _ in range(200):
        rows = random.integers(0, 5, 5)
        if below[rows].any():
            found.append(above[rows].sum() / below[rows].sum())
    assert len(found) < 180
    low, high = np.quantile(found, [0.025, 0.975])
    for at_once in (1_000_000, 35):
        monkeypatch.setattr(resampling, "DRAWN_AT_ONCE", at_once)
        told = ratio_interval(above, below, seed=3, resamples=200)
        assert (told.low, told.high) == pytest.approx((low, high))
