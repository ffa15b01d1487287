"""EASE is the closed form of its paper, with bounded memory."""

import numpy as np
import pytest
from scipy import sparse

from galen.recall.ease import Ease, EaseError, ease_weights, kept


@pytest.fixture(scope="module")
def matrix():
    random = np.random.default_rng(0)
    return (random.random((200, 30)) < 0.2).astype(np.float32)


def test_weights_are_the_closed_form_of_the_paper(matrix):
    exact = matrix.astype(np.float64)
    inverse = np.linalg.inv(exact.T @ exact + 5.0 * np.eye(30))
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0.0)
    assert np.allclose(ease_weights(sparse.csr_array(matrix), 5.0), wanted, atol=1e-5)


def test_weights_of_more_items_than_a_block_are_the_closed_form_too():
    random = np.random.default_rng(1)
    matrix = (random.random((1200, 1100)) < 0.01).astype(np.float32)
    exact = matrix.astype(np.float64)
    inverse = np.linalg.inv(exact.T @ exact + 5.0 * np.eye(1100))
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0.0)
    assert np.allclose(ease_weights(sparse.csr_array(matrix), 5.0), wanted, atol=1e-4)


def test_a_column_solves_its_own_least_squares_with_the_item_itself_left_out(matrix):
    weights = ease_weights(sparse.csr_array(matrix), 5.0)
    others = np.arange(30) != 7
    inputs = matrix[:, others]
    wanted = np.linalg.solve(inputs.T @ inputs + 5.0 * np.eye(29), inputs.T @ matrix[:, 7])
    assert np.allclose(weights[others, 7], wanted, atol=1e-4)


def test_an_inverse_that_does_not_exist_says_what_to_change():
    same = sparse.csr_array(np.ones((3, 4), np.float32))
    with pytest.raises(EaseError, match="make l2 larger"):
        ease_weights(same, 0.0)


def test_each_row_keeps_its_weights_of_largest_size():
    weights = np.array([[0.0, -3.0, 1.0], [2.0, 0.0, 0.5], [0.1, 0.2, 0.0]], np.float32)
    found = kept(weights, np.array([1, 2, 4]), 6, 1).toarray()
    assert found[1, 2] == -3.0
    assert found[2, 1] == 2.0
    assert found[4, 2] == pytest.approx(0.2)
    assert np.count_nonzero(found) == 3


def test_only_the_most_popular_items_learn_where_there_are_too_many(world):
    popular = np.argsort(-np.bincount(world.data.item), kind="stable")[:5]
    weights = Ease(most_items=5).fit(world.data).weights
    assert set(np.flatnonzero(np.diff(weights.indptr))) <= set(popular.tolist())
    assert set(weights.indices.tolist()) <= set(popular.tolist())


def test_weights_are_kept_in_single_precision(world):
    assert Ease().fit(world.data).weights.dtype == np.float32
