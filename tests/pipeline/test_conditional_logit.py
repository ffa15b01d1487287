"""Weights of a conditional logit: found where choices tell them, held where they do not."""

import numpy as np
import pytest

from galen.pipeline.conditional_logit import best_strength, chosen_by

STRENGTHS = (1.0, 10.0, 100.0, 1000.0)


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


def with_noise(requests, columns, seed):
    """Choices by the first of many columns; the others say nothing."""
    features, request, taken = choices(requests, seed=seed)
    noise = np.random.default_rng(seed + 1).normal(size=(len(features), columns))
    return np.concatenate([features[:, :1], noise], axis=1), request, taken


def test_many_columns_that_say_nothing_are_held_firmly_and_ones_that_decide_are_not():
    firm = best_strength(*with_noise(100, 150, 0), STRENGTHS, requests=1000, seed=0)
    assert firm > best_strength(*choices(100), STRENGTHS, requests=1000, seed=0) == 1.0
    features, _, taken = with_noise(2000, 150, 7)

    def hits(strength):
        weights = chosen_by(*with_noise(100, 150, 0), None, strength)
        best = (features @ weights).reshape(-1, 10).argmax(1)
        return taken.reshape(-1, 10)[np.arange(len(best)), best].mean()

    assert hits(firm) > hits(1.0)


def test_a_strength_is_found_alike_whatever_the_order_of_rows():
    features, request, taken = with_noise(90, 10, 0)
    order = np.random.default_rng(1).permutation(len(taken))
    found = {
        best_strength(features[o], request[o], taken[o], STRENGTHS, requests=1000, seed=0)
        for o in (order, np.arange(len(taken)))
    }
    assert len(found) == 1


def test_too_few_choices_to_tell_are_held_the_firmest():
    features, request, taken = with_noise(2, 3, 0)
    assert best_strength(features, request, taken, STRENGTHS, requests=1000, seed=0) == 1000.0
