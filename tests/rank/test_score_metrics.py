"""Score metrics against scikit-learn, and on cases worked by hand."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from galen.rank.score_metrics import (
    all_of,
    auc,
    calibration_error,
    field_calibration,
    grouped_auc,
    grouped_auc_by_person,
    log_loss,
    normalised_entropy,
    pr_auc,
    reliability,
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
def test_the_area_under_precision_and_recall_equals_that_of_scikit_learn(cases):
    label, score, _ = columns(cases)
    if label.any():
        assert pr_auc(label, score) == pytest.approx(average_precision_score(label, score))
    else:
        assert np.isnan(pr_auc(label, score))


@given(rows)
def test_single_precision_gives_the_same_metrics(cases):
    label, score, group = columns(cases)
    single = all_of(label.astype(np.float32), score.astype(np.float32), group)
    double = all_of(label, score.astype(np.float32).astype(float), group)
    assert single == pytest.approx(double, rel=1e-9, nan_ok=True)


def test_single_precision_that_is_sure_and_wrong_has_a_finite_loss():
    for label in (0, 1):
        wrong = np.full(2, 1 - label, np.float32)
        assert 20 < log_loss(np.full(2, label, np.float32), wrong) < 40


def test_grouped_auc_by_person_counts_the_rows_of_each_one_s_requests():
    # Person 5: a request in the right order, one half right by a tie. Person 3: one class only.
    label = np.array([1, 0, 1, 0, 0, 1, 1])
    score = np.array([0.9, 0.1, 0.4, 0.4, 0.2, 0.5, 0.6])
    group = np.array([0, 0, 1, 1, 1, 2, 2])
    person = np.array([5, 5, 5, 5, 5, 3, 3])
    people, right, rows = grouped_auc_by_person(label, score, group, person)
    assert people.tolist() == [3, 5]
    assert right == pytest.approx([0, 1 * 2 + 0.75 * 3])
    assert rows.tolist() == [0, 5]


@given(rows)
def test_persons_together_have_the_grouped_auc(cases):
    label, score, group = columns(cases)
    _, right, weighed = grouped_auc_by_person(label, score, group, group % 2)
    whole = grouped_auc(label, score, group)
    assert right.sum() == pytest.approx(weighed.sum() * whole if weighed.sum() else 0)


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


def test_a_field_is_calibrated_where_each_of_its_values_is():
    label = np.array([1.0, 0, 1, 1, 0, 0])
    field = np.array([7, 7, 7, 7, 9, 9])
    on_the_whole = np.full(6, 0.5)
    # 0.75 against 0.5 over four rows, 0 against 0.5 over two.
    assert field_calibration(label, on_the_whole, field) == pytest.approx((4 * 0.25 + 2 * 0.5) / 6)
    by_value = np.where(field == 7, 0.75, 0.0)
    assert field_calibration(label, by_value, field) == pytest.approx(0)
    assert field_calibration(label, on_the_whole, np.zeros(6, int)) == pytest.approx(0)
    assert np.isnan(field_calibration(label[:0], on_the_whole[:0], field[:0]))


def repeated(seed=0, rows=400):
    """Rows with whole weights, some of them 0, and the same rows written out as often."""
    random = np.random.default_rng(seed)
    label = (random.random(rows) < 0.3).astype(float)
    probability, field = random.uniform(0.05, 0.95, rows), random.integers(0, 6, rows)
    weight = random.integers(0, 4, rows)
    once = label, probability, field, weight.astype(float)
    return once, tuple(np.repeat(column, weight) for column in (label, probability, field))


def test_a_row_that_weighs_three_says_of_probabilities_what_three_rows_say():
    (label, probability, field, weight), (y, p, f) = repeated()
    weighed, written = all_of(label, probability, field, weight), all_of(y, p, f)
    for name in ("logloss", "ne", "predicted_over_observed"):
        assert weighed[name] == pytest.approx(written[name])
    assert field_calibration(label, probability, field, weight) == pytest.approx(
        field_calibration(y, p, f)
    )
    # A bin takes a row whole, so its ends are off by parts of a row.
    assert weighed["ece"] == pytest.approx(written["ece"], abs=0.02)


def test_bins_share_the_weight_and_each_tells_the_mean_of_its_rows():
    label, probability = np.array([0.0, 1, 0, 1]), np.array([0.1, 0.2, 0.6, 0.8])
    weight = np.array([3.0, 1, 4, 0])
    said, seen, size = reliability(label, probability, 2, weight)
    assert said == pytest.approx([(3 * 0.1 + 0.2) / 4, 0.6])
    assert seen == pytest.approx([0.25, 0])
    assert size.tolist() == [4, 4]
    _, _, heavy = reliability(label, probability, 3, np.array([100.0, 1, 1, 1]))
    assert heavy.tolist() == [100, 3]


def test_a_log_thinned_of_negatives_is_as_calibrated_by_weight_as_the_whole_one():
    random = np.random.default_rng(0)
    truth = random.uniform(0.01, 0.1, 200_000)
    label = (random.random(200_000) < truth).astype(float)
    kept = (label > 0) | (random.random(200_000) < 0.1)
    weight = np.where(label > 0, 1.0, 10.0)[kept]
    found = all_of(label[kept], truth[kept], np.zeros(kept.sum(), int), weight)
    assert found["predicted_over_observed"] == pytest.approx(1, abs=0.03)
    assert found["ece"] < 0.005
    assert found["ne"] < 1
    assert all_of(label[kept], truth[kept], np.zeros(kept.sum(), int))["ece"] > 0.2


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_weights_that_are_all_one_change_no_bit(kind):
    random = np.random.default_rng(0)
    label = (random.random(20_011) < 0.3).astype(kind)
    probability, group = random.random(20_011).astype(kind), random.integers(0, 90, 20_011)
    ones = np.ones(20_011)
    assert all_of(label, probability, group, ones) == all_of(label, probability, group)
    plain, weighed = reliability(label, probability), reliability(label, probability, 15, ones)
    assert all((a == b).all() for a, b in zip(plain, weighed, strict=True))
    assert field_calibration(label, probability, group, ones) == field_calibration(
        label, probability, group
    )
