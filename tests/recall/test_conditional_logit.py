"""Weights of a conditional logit: found where choices tell them, held where they do not."""

import numpy as np
import pytest

from galen.recall.conditional_logit import chosen_by


def choices(requests, each=10, seed=0):
    """Of each request the row that is best by 1.5 · first - second, with Gumbel noise."""
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(requests * each, 2))
    value = 1.5 * features[:, 0] - features[:, 1] + draw.gumbel(size=len(features))
    best = value.reshape(requests, each).argmax(1) + each * np.arange(requests)
    taken = np.zeros(len(features), bool)
    taken[best] = True
    return features, np.repeat(np.arange(requests), each), taken


def test_the_weights_that_decided_are_found():
    assert chosen_by(*choices(4000), None, 1.0) == pytest.approx([1.5, -1], abs=0.1)


def test_a_weight_that_may_not_fall_below_nothing_stays_there():
    held = chosen_by(*choices(1000), None, 1.0, positive=np.array([True, True]))
    assert held[0] > 1
    assert held[1] == 0.0


def test_few_choices_hardly_move_weights_from_their_centre():
    centre = np.array([0.2, 0.4])
    few, many = (chosen_by(*choices(count), centre, 30.0) for count in (3, 3000))
    assert np.abs(few - centre).max() < 0.2
    assert many == pytest.approx([1.5, -1], abs=0.15)


def test_without_a_choice_the_centre_stays():
    features, request, taken = choices(5)
    centre = np.array([0.2, 0.4])
    assert chosen_by(features, request, np.zeros_like(taken), centre, 1.0).tolist() == [0.2, 0.4]


def test_rows_of_a_request_may_stand_apart():
    features, request, taken = choices(200)
    order = np.random.default_rng(1).permutation(len(taken))
    mixed = chosen_by(features[order], request[order], taken[order], None, 1.0)
    assert mixed == pytest.approx(chosen_by(features, request, taken, None, 1.0), abs=1e-4)


def test_columns_that_say_nearly_the_same_are_weighed_to_the_end():
    features, request, taken = choices(2000)
    noise = np.random.default_rng(1).normal(scale=1e-3, size=(2, len(features), 2))
    alike = np.concatenate([features + noise[0], features + noise[1]], axis=1)

    held = chosen_by(alike, request, taken, None, 1.0)

    assert held[:2] + held[2:] == pytest.approx([1.5, -1], abs=0.1)
    assert held[:2] == pytest.approx(held[2:], abs=0.2)
