"""Verdicts on made-up people whose right answer is known."""

import numpy as np
import pytest

from galen.compare.verdicts import holm, p_of, verdicts
from galen.evaluate.intervals import mean_interval, paired_interval
from galen.evaluate.measures import PersonMean
from galen.evaluate.slices import Slice

PEOPLE = 2000


@pytest.fixture(scope="module")
def made_up():
    """Better by .1 for the first half, no different for the second but by chance."""
    random = np.random.default_rng(0)
    base = random.random(PEOPLE)
    half = np.arange(PEOPLE) < PEOPLE // 2
    new = base + np.where(half, 0.1, 0.0) + random.normal(0, 0.2, PEOPLE)
    slices = [
        Slice("all", np.ones(PEOPLE, bool)),
        Slice("first half", half),
        Slice("second half", ~half),
        Slice("a few", np.arange(PEOPLE) < 10),
    ]
    return verdicts({"old": PersonMean(base), "new": PersonMean(new)}, slices, seed=0)


def test_a_true_difference_is_sure_and_chance_is_not(made_up):
    found = {one.slice: one for one in made_up[0]}
    first, second = found["first half"], found["second half"]
    assert first.best == "new"
    assert first.over_best["old"].surely
    assert first.over_first["new"].better
    assert first.over_first["new"].change.value == pytest.approx(0.1, abs=0.03)
    loser = next(iter(second.over_best))
    assert not second.over_best[loser].surely


def test_ten_people_are_too_few_to_tell(made_up):
    few = made_up[0][-1]
    assert few.people == 10
    assert not any(pair.surely for pair in few.over_best.values())


def test_every_pair_is_counted_once_whichever_way_it_is_looked_at(made_up):
    assert made_up[1] == len(made_up[0])
    for verdict in made_up[0]:
        if verdict.best == "new":
            gain, loss = verdict.over_first["new"], verdict.over_best["old"]
            assert gain.p == loss.p
            assert gain.change.low == -loss.change.high


def test_of_three_recipes_each_is_compared_with_the_best_and_with_the_first():
    random = np.random.default_rng(0)
    metric = {name: PersonMean(random.random(100) + place) for place, name in enumerate("abc")}
    everybody = [Slice("all", np.ones(100, bool))]
    (verdict,), compared = verdicts(metric, everybody, seed=0)
    assert verdict.best == "c"
    assert set(verdict.over_best) == {"a", "b"}
    assert set(verdict.over_first) == {"b", "c"}
    assert compared == 3


def test_intervals_are_those_of_each_recipe_and_of_each_pair_alone():
    random = np.random.default_rng(0)
    one, other = random.random(50), random.random(50) + 1
    inside = np.arange(50) < 40
    (verdict,), _ = verdicts(
        {"one": PersonMean(one), "other": PersonMean(other)}, [Slice("some", inside)], seed=4
    )
    same = {
        "one": mean_interval(one[inside], seed=4),
        "other": mean_interval(other[inside], seed=4),
    }
    change = paired_interval(other[inside], one[inside], seed=4)
    for mine, theirs in (
        *zip(verdict.intervals.values(), same.values(), strict=True),
        (verdict.over_first["other"].change, change),
    ):
        assert (mine.value, mine.low, mine.high) == pytest.approx(
            (theirs.value, theirs.low, theirs.high)
        )


def test_holm_s_correction_is_that_of_his_paper():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([])).tolist() == []


def test_no_difference_at_all_is_not_sure_and_the_same_for_all_is():
    assert p_of(np.zeros(100)) == 1.0
    assert p_of(np.ones(100)) == 0.0
    assert p_of(np.ones(3)) == 1.0
