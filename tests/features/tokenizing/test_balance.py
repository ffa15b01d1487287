"""Who shares a code, and who has to move to another."""

import numpy as np

from galen.features.tokenizing.balance import spread_apart


def on_circle(*degrees):
    """Vectors of length 1 at these angles."""
    turn = np.radians(np.array(degrees, float))
    return np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)


CENTRES = on_circle(0, 90)


def codes(rest, before):
    return spread_apart(np.array(before)[:, None], on_circle(*rest), CENTRES).tolist()


def test_the_nearest_keep_a_crowded_code_and_the_farthest_move():
    assert codes([30, 0, 20, 10], [0, 0, 0, 0]) == [1, 0, 1, 0]
    assert codes([60, 70, 80, 90], [0, 0, 0, 0]) == [0, 0, 1, 1]


def test_a_vector_far_out_does_not_take_the_code_of_one_that_lies_on_it():
    rest = np.array([[3, 0], [1, 0], [3, 0.1], [1, 0.1]], np.float32)
    alike = np.zeros((4, 1), np.int64)
    assert spread_apart(alike, rest, CENTRES).tolist() == [1, 0, 1, 0]


def test_who_shares_no_code_before_has_the_nearest_however_many_have_it():
    assert codes([30, 0, 20, 10], [0, 1, 2, 3]) == [0, 0, 0, 0]
    assert codes([30, 0, 10, 20], [0, 0, 1, 1]) == [1, 0, 0, 1]
