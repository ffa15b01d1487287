"""Latency counts from when a request was due, so that waiting in a queue is seen."""

import numpy as np
import pytest

from galen.compare.latency import at_rate, requests_of
from galen.data.shop import Shop


class Clock:
    """A clock that stands still but for what is done."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def pass_by(self, seconds):
        self.now += seconds


def timed(seconds, count, rate):
    clock = Clock()

    def ask(one):
        clock.pass_by(seconds)
        return one % 2 == 0

    return at_rate(ask, range(count), rate, clock=clock, sleep=clock.pass_by)


def test_a_server_that_keeps_up_shows_its_own_seconds():
    found = timed(0.01, 10, rate=50)
    assert found.seconds == pytest.approx(np.full(10, 0.01))
    assert found.degraded == 5


def test_a_server_that_does_not_keep_up_shows_a_queue_that_grows():
    found = timed(0.03, 10, rate=50)
    assert found.seconds == pytest.approx(0.03 + 0.01 * np.arange(10))


def test_a_server_that_is_far_too_slow_is_not_waited_for():
    found = timed(1.0, 100, rate=50)
    assert len(found.seconds) == 6  # three times the two seconds that were planned


def test_one_in_ten_requests_is_by_a_person_who_is_not_known(compared_shop):
    asked = requests_of(Shop.open(compared_shop), 2000, seed=0)
    new = [one for one in asked if one.user.startswith("never seen")]
    assert 150 < len(new) < 250
    assert [one.user for one in requests_of(Shop.open(compared_shop), 2000, seed=0)] == [
        one.user for one in asked
    ]
