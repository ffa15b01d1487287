"""Epochs of enough steps: several passes where one is short, one where it is not."""

import itertools

import numpy as np
import pytest

from galen.nn.learning.passes import LEAST, EnoughSteps
from galen.nn.sequences.histories import Columns, NextItemSource


def source_of(people, batch=4):
    columns = Columns(
        np.arange(people + 1) * 3,
        np.arange(people * 3) % 50,
        np.zeros(people * 3, np.int64),
        np.zeros(people * 3),
    )
    return NextItemSource(columns, 50, batch, 10, 5, 0.0, 2.0, seed=1)


def firsts(lessons):
    """The wanted items of each step, by which people are told apart."""
    return [tuple(lesson.inputs.wanted.tolist()) for lesson in lessons]


@pytest.mark.parametrize("people", [1, 9, 40, 100])
def test_an_epoch_of_few_people_is_as_many_passes_as_make_enough_steps(people):
    source = source_of(people)
    whole = EnoughSteps(source)
    steps = list(whole.lessons(0, 0))
    a_pass = -(-people // 4)
    assert LEAST <= len(steps) < LEAST + a_pass
    assert len(steps) == whole.passes * a_pass
    assert whole.rows == whole.passes * people
    told = sorted(itertools.chain.from_iterable(firsts(steps)))
    once = sorted(itertools.chain.from_iterable(firsts(source.lessons(0, 0))))
    assert told == sorted(once * whole.passes)


def passes_of(whole, epoch):
    steps = firsts(whole.lessons(epoch, 0))
    return [tuple(steps[start : start + 4]) for start in range(0, len(steps), 4)]


def test_every_pass_has_an_order_of_its_own_that_the_seed_decides():
    whole = EnoughSteps(source_of(16))
    passes = passes_of(whole, 3)
    assert len(set(passes)) == whole.passes
    assert passes == passes_of(EnoughSteps(source_of(16)), 3)
    assert set(passes).isdisjoint(passes_of(whole, 4))


@pytest.mark.parametrize("skip", [0, 1, 3, 4, 5, 17, 31, 32])
def test_training_that_was_broken_off_goes_on_at_the_exact_step(skip):
    whole = EnoughSteps(source_of(16))
    assert firsts(whole.lessons(2, skip)) == firsts(whole.lessons(2, 0))[skip:]


def test_where_one_pass_is_enough_nothing_is_changed():
    source = source_of(4 * LEAST)
    whole = EnoughSteps(source)
    assert whole.passes == 1
    assert whole.rows == source.rows
    assert firsts(whole.lessons(5, 7)) == firsts(source.lessons(5, 7))


def test_of_nobody_there_is_nothing_to_learn():
    assert list(EnoughSteps(source_of(0)).lessons(0, 0)) == []
