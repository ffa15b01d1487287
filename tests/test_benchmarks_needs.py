"""The benchmark of needs counts people, however often each is asked."""

import numpy as np
import pytest

from benchmarks.needs import by_person
from galen.evaluate.intervals import ratio_interval


def test_who_is_asked_in_several_windows_is_one_person_and_the_mean_is_that_of_all_questions():
    users = [np.array([3, 7]), np.array([7, 9]), np.array([1, 7])]
    found = [np.array([0.5, 1.0]), np.array([0.0, 0.25]), np.array([1.0, 0.5])]
    people, asked = by_person(users, found)
    assert people.tolist() == [1.0, 0.5, 1.5, 0.25]  # of 1, 3, 7 and 9
    assert people.sum() / asked == pytest.approx(np.concatenate(found).mean())


def test_copies_of_a_person_s_answers_make_no_gain_surer():
    draw = np.random.default_rng(0)
    users, found, other = np.arange(80), draw.random(80), draw.random(80)

    def gain(times):
        one, _ = by_person([users] * times, [found] * times)
        return ratio_interval(one, by_person([users] * times, [other] * times)[0], seed=0)

    once, thrice = gain(1), gain(3)
    assert (once.low, once.high) == pytest.approx((thrice.low, thrice.high))
