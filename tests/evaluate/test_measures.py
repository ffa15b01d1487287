"""Values by person have the figure as their mean, and spread as the figure does."""

import numpy as np
import pytest

from galen.evaluate.intervals import mean_interval, ratio_interval
from galen.evaluate.measures import Coverage, PersonMean, SumRatio

ALL = np.ones(3, bool)


def test_a_mean_is_of_those_inside():
    assert PersonMean(np.array([1.0, 2.0, 6.0])).within(np.array([True, False, True])).tolist() == [
        1,
        6,
    ]


def test_a_ratio_is_of_the_sums_and_each_person_pulls_it_by_hand():
    ratio = SumRatio(np.array([[1.0], [2.0], [0.0]]), np.array([[1.0], [4.0], [0.0]]))
    # 3 / 5; 5 / 3 below on average: (1 - .6) / (5 / 3) = .24 up, (2 - 2.4) / (5 / 3) down
    assert ratio.within(ALL) == pytest.approx([0.84, 0.36, 0.6])
    assert ratio.within(ALL).mean() == pytest.approx(0.6)
    assert ratio.within(np.array([True, False, False])) == pytest.approx([1.0])


def test_columns_of_a_ratio_count_alike_and_one_without_rows_does_not():
    above, below = np.array([[1.0, 0.0, 0.0], [1.0, 3.0, 0.0]]), np.array([[1.0, 1, 0], [3, 3, 0]])
    both = np.ones(2, bool)
    assert SumRatio(above, below).within(both).mean() == pytest.approx((2 / 4 + 3 / 4) / 2)
    assert SumRatio(above[:, 2:], below[:, 2:]).within(both).tolist() == [0, 0]


def test_a_ratio_s_interval_is_about_that_of_drawing_both_sums_together():
    random = np.random.default_rng(0)
    below = random.integers(1, 20, 400).astype(float)
    above = below * random.beta(3, 2, 400)
    theirs = ratio_interval(above, below, seed=0)
    values = SumRatio(above[:, None], below[:, None]).within(np.ones(400, bool))
    mine = mean_interval(values, seed=0)
    assert mine.value == pytest.approx(theirs.value)
    assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=2e-3)


def test_coverage_is_the_share_shown_and_what_one_is_shown_alone_pulls_it():
    shown = Coverage(np.array([[0, 1], [0, 2], [0, -1]]), items=10)
    # items 0, 1, 2 of ten; two people show one item alone each: two thirds on average
    assert shown.within(ALL).mean() == pytest.approx(0.3)
    assert shown.within(ALL) == pytest.approx([0.3 + 2 / 30, 0.3 + 2 / 30, 0.3 - 4 / 30])
    assert shown.within(np.array([False, True, False])) == pytest.approx([0.2])


def test_slates_of_nobody_or_of_nothing_cover_nothing():
    assert Coverage(np.full((3, 2), -1), items=10).within(ALL).tolist() == [0, 0, 0]
    assert Coverage(np.zeros((3, 2), int), items=10).within(~ALL).tolist() == []


def slates_of(people, random):
    """(people, 10) of 300 items, of which few are shown often."""
    liking = random.gumbel(size=(people, 300)) - np.log(np.arange(1, 301))
    return np.argsort(-liking, axis=1)[:, :10]


def test_drawing_people_again_covers_less_than_they_do():
    random = np.random.default_rng(0)
    first = slates_of(100, random)
    drawn = [len(np.unique(first[random.integers(0, 100, 100)])) for _ in range(300)]
    assert np.quantile(drawn, 0.975) < len(np.unique(first))


def test_an_interval_of_coverage_holds_the_truth_at_least_as_often_as_it_says():
    random = np.random.default_rng(0)
    people, found = 100, []
    for _ in range(60):
        first = slates_of(people, random)
        found.append(mean_interval(Coverage(first, 300).within(np.ones(people, bool)), seed=0))
    truth = float(np.mean([one.value for one in found]))
    held = sum(one.low <= truth <= one.high for one in found)
    assert held >= 56
    wide = float(np.mean([one.high - one.low for one in found])) / 3.92
    assert wide < 2 * float(np.std([one.value for one in found]))
