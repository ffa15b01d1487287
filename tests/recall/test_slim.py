"""SLIM's weights are the non-negative elastic net of each item."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import ElasticNet

from galen.recall.slim import Slim, slim_weights


@pytest.fixture(scope="module")
def matrix():
    random = np.random.default_rng(0)
    taste = random.random((300, 3)) @ random.random((3, 25))
    return (random.random((300, 25)) < 0.25 * taste).astype(np.float32)


def weights_of(matrix, **changes):
    settings = {"l1": 1.0, "l2": 10.0, "candidates": 100, "sweeps": 500} | changes
    return slim_weights(sparse.csr_array(matrix), **settings).toarray()


@pytest.mark.parametrize(("l1", "l2"), [(1.0, 10.0), (5.0, 1.0), (0.1, 50.0)])
def test_weights_are_those_of_an_elastic_net_for_each_item(matrix, l1, l2):
    weights = weights_of(matrix, l1=l1, l2=l2)
    people = len(matrix)
    for item in range(matrix.shape[1]):
        others = np.arange(matrix.shape[1]) != item
        net = ElasticNet(
            alpha=(l1 + l2) / people,
            l1_ratio=l1 / (l1 + l2),
            positive=True,
            fit_intercept=False,
            tol=1e-8,
            max_iter=10_000,
        ).fit(matrix[:, others].astype(float), matrix[:, item].astype(float))
        assert np.allclose(weights[others, item], net.coef_, atol=1e-3)


def test_weights_are_not_negative_and_no_item_predicts_itself(matrix):
    weights = weights_of(matrix)
    assert (weights >= 0).all()
    assert not weights.diagonal().any()


def test_an_item_is_predicted_by_no_more_than_its_candidates(matrix):
    assert np.count_nonzero(weights_of(matrix, candidates=3), axis=0).max() == 3


def test_a_larger_l1_leaves_fewer_weights(matrix):
    assert np.count_nonzero(weights_of(matrix, l1=10.0)) < np.count_nonzero(weights_of(matrix))


def test_of_two_items_that_tell_the_same_the_one_taken_with_the_target_is_enough():
    """Item 2 is taken just where item 0 is; item 1 goes with both only by chance."""
    random = np.random.default_rng(0)
    one, other = random.random((2, 400)) < 0.5
    matrix = np.stack([one, other, one], axis=1).astype(np.float32)
    weights = weights_of(matrix, l1=20.0, l2=0.1)
    assert weights[0, 2] == pytest.approx(0.9, abs=0.05)  # 1, less what l1 takes off
    assert weights[1, 2] == 0.0


def test_items_of_other_groups_have_no_weight(world):
    source, target = Slim().fit(world.data).weights.nonzero()
    assert len(source)
    assert (world.group_of_item[source] == world.group_of_item[target]).all()


def test_items_that_nobody_took_have_no_weights():
    matrix = np.zeros((5, 4), np.float32)
    assert not weights_of(matrix).any()
