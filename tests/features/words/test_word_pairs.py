from dataclasses import replace

import numpy as np

from galen.features.words.word_pairs import PRIOR, Window, WordPairs, values_at


def pairs_of(world, window=None):
    data = world.data
    return WordPairs.of(data, world.group_of_item, 4, window or Window(days=1000.0))


def test_words_that_people_never_mix_have_a_lift_below_one(world):
    pairs = pairs_of(world)
    within, across = pairs.lift(np.array([1, 0]), np.array([1, 1]))
    assert within > 1 > across


def test_a_lift_of_what_nobody_took_is_one(world):
    nothing = replace(world, data=world.data.take(np.zeros(len(world.data), bool)))
    assert pairs_of(nothing).lift(np.array([0]), np.array([1])).tolist() == [1.0]


def test_a_person_counts_once_for_a_pair_however_often_they_took_it(world):
    pairs = pairs_of(world)
    people = np.bincount(world.group_of_user)
    assert pairs.people.tolist() == people.tolist()
    assert values_at(pairs.count, np.arange(4), np.arange(4)).tolist() == people.tolist()


def test_an_item_beside_itself_is_no_pair(world):
    one = world.data.take((world.data.item == 0) | (world.data.item == 6))
    same = WordPairs.of(one, world.group_of_item, 4, Window(days=1000.0))
    assert same.count.nnz == 0


def test_events_that_lie_too_far_apart_are_not_together(world):
    assert pairs_of(world, Window(events=5, days=1.0)).count.nnz == 0
    assert pairs_of(world, Window(events=0, days=1000.0)).count.nnz == 0


def test_the_order_of_two_words_is_drawn_to_a_half(world):
    pairs = pairs_of(world)
    assert pairs.first_share(np.array([0]), np.array([1])).tolist() == [0.5]
    ahead = values_at(pairs.count, np.array([0]), np.array([0]))[0]
    share = pairs.first_share(np.array([0]), np.array([0]))[0]
    assert share == (ahead + PRIOR) / (2 * ahead + 2 * PRIOR)
