"""Intervals against a bootstrap written out in rows, and on worlds where the truth is known."""

import time

import numpy as np
import pytest

from galen.rank.score_intervals import bootstrap, paired_gain
from galen.rank.score_metrics import auc, grouped_auc, log_loss


def rows(seed, users=200, each=10):
    """Users differ in how much they click; the score knows part of the reason of a click."""
    random = np.random.default_rng(seed)
    group = np.repeat(np.arange(users) * 3 + 5, each)
    push = np.repeat(random.normal(size=users), each) + random.normal(size=users * each)
    label = (random.random(users * each) < 1 / (1 + np.exp(-push))).astype(np.float32)
    probability = 1 / (1 + np.exp(-np.round(push + random.normal(size=users * each), 1)))
    order = random.permutation(users * each)
    return label[order], probability[order].astype(np.float32), group[order]


def test_every_draw_is_that_of_the_rows_written_out():
    label, probability, group = rows(0, users=15, each=6)
    users = np.unique(group)
    random, draws = np.random.default_rng(3), []
    for _ in range(40):
        drawn = users[random.integers(0, len(users), len(users))]
        taken = [np.flatnonzero(group == user) for user in drawn]
        copies = np.repeat(np.arange(len(users)), [len(part) for part in taken])
        again = np.concatenate(taken)
        y, p = label[again], probability[again]
        draws.append((auc(y, p), grouped_auc(y, p, copies), log_loss(y, p)))
    found = bootstrap(label, probability, group, draws=40, seed=3)
    assert list(found) == ["auc", "gauc", "logloss"]
    low, high = np.quantile(np.array(draws), [0.025, 0.975], axis=0)
    assert [i.low for i in found.values()] == pytest.approx(low)
    assert [i.high for i in found.values()] == pytest.approx(high)


def test_a_gain_is_told_of_the_same_users_drawn_for_both():
    label, better, group = rows(0, users=15, each=6)
    base = np.round(better, 1)[::-1].copy()
    users, random, gains = np.unique(group), np.random.default_rng(3), []
    for _ in range(40):
        drawn = users[random.integers(0, len(users), len(users))]
        again = np.concatenate([np.flatnonzero(group == user) for user in drawn])
        gains.append(auc(label[again], better[again]) - auc(label[again], base[again]))
    found = paired_gain(label, base, better, group, draws=40, seed=3)
    assert found == pytest.approx(tuple(np.quantile(gains, [0.025, 0.975])))
    assert paired_gain(label, better, better, group) == (0, 0)
    assert np.isnan(paired_gain(np.ones(6), np.ones(6), np.ones(6), np.arange(6))).all()


def test_weights_count_in_the_interval_of_the_loss_and_ones_change_no_bit():
    label, probability, group = rows(0)
    weight = np.where(label > 0, 1.0, 10.0)
    plain, found = bootstrap(label, probability, group), bootstrap(*rows(0), weight)
    assert found["logloss"].low < log_loss(label, probability, weight) < found["logloss"].high
    assert found["logloss"] != pytest.approx(plain["logloss"], rel=0.01)
    assert found["auc"] == plain["auc"]
    assert bootstrap(label, probability, group, np.ones(len(label))) == plain


def test_an_interval_holds_the_value_of_the_rows_and_a_longer_log_narrows_it():
    few, many = rows(1, users=100), rows(1, users=2000)
    for case in (few, many):
        found, (label, probability, _) = bootstrap(*case), case
        assert found["auc"].low < auc(label, probability) < found["auc"].high
        assert found["gauc"].low < grouped_auc(*case) < found["gauc"].high
        assert found["logloss"].low < log_loss(label, probability) < found["logloss"].high
    for name in ("auc", "gauc", "logloss"):
        short, long = bootstrap(*few)[name], bootstrap(*many)[name]
        assert long.high - long.low < 0.4 * (short.high - short.low)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    truth = auc(*rows(99, users=50_000)[:2])
    held = [
        found.low < truth < found.high
        for found in (bootstrap(*rows(seed))["auc"] for seed in range(100))
    ]
    assert 0.87 <= np.mean(held) <= 1


def test_rows_of_one_user_are_no_evidence_of_their_own():
    label, probability, group = rows(2, users=100)
    once = bootstrap(label, probability, group)["auc"]
    copied = (np.tile(column, 9) for column in (label, probability, group))
    assert bootstrap(*copied)["auc"] == pytest.approx(once)


def test_the_same_seed_draws_the_same():
    assert bootstrap(*rows(0), seed=4) == bootstrap(*rows(0), seed=4)
    assert bootstrap(*rows(0), seed=4) != bootstrap(*rows(0), seed=5)


def test_one_class_has_a_loss_but_no_order():
    found = bootstrap(np.ones(6), np.full(6, 0.5), np.arange(6))
    assert np.isnan(found["auc"]).all()
    assert np.isnan(found["gauc"]).all()
    assert found["logloss"] == pytest.approx((np.log(2), np.log(2)))


def test_no_rows_have_no_intervals():
    found = bootstrap(np.empty(0), np.empty(0), np.empty(0, np.int64))
    assert all(np.isnan(interval).all() for interval in found.values())


def test_a_million_rows_take_seconds():
    random = np.random.default_rng(0)
    label = (random.random(1_000_000) < 0.1).astype(np.float32)
    probability, group = random.random(1_000_000), random.integers(0, 50_000, 1_000_000)
    start = time.process_time()
    found = bootstrap(label, probability, group)
    assert time.process_time() - start < 15
    assert found["auc"].low < 0.5 < found["auc"].high
