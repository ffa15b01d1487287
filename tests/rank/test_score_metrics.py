"""Score metrics against scikit-learn, and on cases worked by hand."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score

from galen.rank.score_metrics import (
    auc,
    calibration_error,
    grouped_auc,
    log_loss,
    normalised_entropy,
)

rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9]), st.integers(0, 4)),
    min_size=2,
    max_size=60,
)


def columns(cases):
    label, score, group = (np.array(column) for column in zip(*cases, strict=True))
    return label.astype(float), score, group


@given(rows)
def test_auc_and_log_loss_equal_those_of_scikit_learn(cases):
    label, score, _ = columns(cases)
    if len(set(label)) == 2:
        assert auc(label, score) == pytest.approx(roc_auc_score(label, score))
    assert log_loss(label, score) == pytest.approx(sklearn_log_loss(label, score, labels=[0, 1]))


@given(rows)
def test_grouped_auc_is_the_mean_of_the_groups_own(cases):
    label, score, group = columns(cases)
    values, weights = [], []
    for g in set(group.tolist()):
        inside = group == g
        if len(set(label[inside])) == 2:
            values.append(roc_auc_score(label[inside], score[inside]))
            weights.append(inside.sum())
    if values:
        expected = np.average(values, weights=weights)
        assert grouped_auc(label, score, group) == pytest.approx(expected)
    else:
        assert np.isnan(grouped_auc(label, score, group))


def test_one_class_has_no_auc():
    assert np.isnan(auc(np.ones(3), np.arange(3.0)))


def test_saying_the_mean_has_a_normalised_entropy_of_one():
    label = np.array([1.0, 0, 0, 0])
    assert normalised_entropy(label, np.full(4, 0.25)) == pytest.approx(1)


def test_true_probabilities_are_calibrated_and_doubled_ones_are_not():
    random = np.random.default_rng(0)
    probability = random.uniform(0, 0.5, 200_000)
    label = (random.random(200_000) < probability).astype(float)
    assert calibration_error(label, probability) < 0.01
    assert calibration_error(label, 2 * probability) > 0.2


def test_grouped_auc_of_a_million_rows_takes_less_than_a_second():
    random = np.random.default_rng(0)
    label = (random.random(1_000_000) < 0.1).astype(float)
    score, group = random.random(1_000_000), random.integers(0, 50_000, 1_000_000)
    start = time.process_time()
    value = grouped_auc(label, score, group)
    assert time.process_time() - start < 1
    assert value == pytest.approx(0.5, abs=0.01)
