"""Estimators of a policy's value: right in a world whose value is known, and plain about errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galen.evaluate.bandit_log import (
    BanditLog,
    OffPolicyError,
    OverlapError,
    Policy,
    unseen_mass,
)
from galen.evaluate.intervals import mean_interval, ratio_interval
from galen.evaluate.off_policy import dm, dr, estimates, ips, weights

ACTIONS, ROWS, WORLDS = 6, 800, 300
MEANS = np.random.default_rng(7).uniform(0.1, 0.9, (2, ACTIONS))  # by context
LOGGING = np.random.default_rng(8).dirichlet(np.full(ACTIONS, 3.0), 2)
TARGET = np.random.default_rng(9).dirichlet(np.full(ACTIONS, 2.0), 2)
TRUTH = float((TARGET * MEANS).sum(axis=1).mean())  # contexts are equally likely


def drawn(seed: int, rows: int = ROWS) -> tuple[BanditLog, Policy, np.ndarray]:
    """A log of the world, the evaluated policy on it, and its contexts."""
    random = np.random.default_rng(seed)
    context = random.integers(0, 2, rows)
    edges = LOGGING.cumsum(axis=1)[context]
    action = np.minimum((random.random((rows, 1)) > edges).sum(axis=1), ACTIONS - 1)
    reward = (random.random(rows) < MEANS[context, action]).astype(float)
    log = BanditLog(action, random.integers(0, 3, rows), reward, LOGGING[context, action])
    return log, Policy.of(TARGET[context], log), context


def values(estimator) -> np.ndarray:
    return np.array([estimator(*drawn(seed)).mean() for seed in range(WORLDS)])


def misses(found: np.ndarray) -> float:
    """How many standard errors the mean is from the truth."""
    return abs(found.mean() - TRUTH) / (found.std(ddof=1) / np.sqrt(len(found)))


def wrong_propensities(log: BanditLog) -> BanditLog:
    return BanditLog(log.action, log.position, log.reward, np.full(len(log), 1 / ACTIONS))


def self_normalised(log: BanditLog, policy: Policy) -> np.float64:
    return np.float64(estimates(log, policy, seed=0, resamples=2)["snips"].interval.value)


UNBIASED = {
    "ips": lambda log, policy, _: ips(log, policy),
    "snips": lambda log, policy, _: self_normalised(log, policy),
    "dm": lambda _, policy, context: dm(policy, MEANS[context]),
    "dr": lambda log, policy, context: dr(log, policy, MEANS[context]),
    "dr, wrong model": lambda log, policy, context: dr(log, policy, 1 - MEANS[context]),
    "dr, wrong propensities": lambda log, policy, context: dr(
        wrong_propensities(log), policy, MEANS[context]
    ),
}


@pytest.mark.parametrize("name", UNBIASED)
def test_the_mean_over_many_logs_is_the_known_value(name):
    assert misses(values(UNBIASED[name])) < 3


def test_without_a_right_model_or_right_propensities_the_value_is_wrong():
    assert misses(values(lambda _, policy, context: dm(policy, 1 - MEANS[context]))) > 10
    assert misses(values(lambda log, policy, _: ips(wrong_propensities(log), policy))) > 10


def test_a_good_model_makes_the_doubly_robust_value_vary_less():
    assert values(UNBIASED["dr"]).var() < 0.6 * values(UNBIASED["ips"]).var()


def test_a_clip_lowers_the_value_and_its_variance():
    clipped = values(lambda log, policy, _: ips(log, policy, clip=1.0))
    assert clipped.mean() < TRUTH
    assert clipped.var() < values(UNBIASED["ips"]).var()


def test_intervals_hold_the_known_value_about_as_often_as_they_say():
    held = dict.fromkeys(("ips", "snips", "dr"), 0)
    for seed in range(60):
        log, policy, context = drawn(seed, 300)
        found = estimates(log, policy, predicted=MEANS[context], seed=seed, resamples=150)
        for name in held:
            held[name] += found[name].interval.low <= TRUTH <= found[name].interval.high
    assert min(held.values()) >= 51


def test_the_logging_policy_itself_has_the_mean_reward_and_every_row_counts():
    log, _, context = drawn(0)
    found = estimates(log, Policy.of(LOGGING[context], log), seed=0, resamples=50)
    for name in ("ips", "clipped_ips", "snips"):
        assert found[name].interval.value == pytest.approx(log.reward.mean())
        assert found[name].effective == pytest.approx(len(log))
        assert found[name].largest == pytest.approx(1)
    assert "dr" not in found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(-100, 100), st.integers(1, 60))
def test_a_constant_added_to_rewards_is_added_to_the_self_normalised_value(seed, constant, rows):
    log, policy, _ = drawn(seed, rows)
    more = BanditLog(log.action, log.position, log.reward + constant, log.propensity)
    gain = self_normalised(more, policy) - self_normalised(log, policy)
    assert gain == pytest.approx(constant, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.floats(0.01, 5))
def test_estimates_stay_within_what_rewards_allow(seed, rows, clip):
    log, policy, context = drawn(seed, rows)
    found = estimates(log, policy, predicted=MEANS[context], clip=clip, seed=0, resamples=5)
    assert -1e-9 <= found["snips"].interval.value <= 1 + 1e-9
    assert 0 <= found["clipped_ips"].interval.value <= found["ips"].interval.value + 1e-12
    assert found["clipped_ips"].largest <= clip
    assert 1 - 1e-9 <= found["ips"].effective <= rows + 1e-9
    assert weights(log, policy).max() == pytest.approx(found["ips"].largest)


def test_unless_told_otherwise_no_row_counts_more_than_ten_times():
    log = BanditLog(**columns(propensity=[0.01, 1.0], reward=[1.0, 1.0]))
    found = estimates(log, Policy.of(np.full((2, 2), 0.5), log), seed=0, resamples=5)
    assert found["clipped_ips"].largest == 10
    assert found["clipped_ips"].interval.value == pytest.approx((10 + 0.5) / 2)
    assert found["ips"].largest == pytest.approx(50)


def columns(**changed) -> dict:
    found = {"action": [0, 1], "position": [1, 2], "reward": [0.0, 1.0], "propensity": [0.5, 1.0]}
    return {name: np.array(value) for name, value in (found | changed).items()}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"propensity": [0.5, 0.0]}, "propensity is 0 in row 1; it must be above 0 and at most 1"),
        ({"propensity": [1.5, 0.5]}, "propensity is 1.5 in row 0"),
        ({"propensity": [0.5, np.nan]}, "propensity is nan in row 1"),
        ({"reward": [np.nan, 1.0]}, "reward is nan in row 0"),
        ({"action": [0, -1]}, "action is -1 in row 1"),
        ({"reward": [1.0]}, r"reward has shape \(1,\), the actions \(2,\)"),
        ({key: [] for key in ("action", "position", "reward", "propensity")}, "no rows"),
    ],
)
def test_a_log_that_cannot_be_right_is_refused(changed, words):
    with pytest.raises(OffPolicyError, match=words):
        BanditLog(**columns(**changed))


@pytest.mark.parametrize(
    ("every", "words"),
    [
        ([[0.5, 0.4], [0.5, 0.5]], "sum of the policy is 0.9 in row 0; a row sums to 1"),
        ([[0.5, 0.5], [1.5, -0.5]], "policy is -0.5 in row 1"),
        ([[np.nan, 1.0], [0.5, 0.5]], "policy is nan in row 0"),
        ([[1.0], [1.0]], r"shape \(2, 1\), the log 2 rows of actions up to 1"),
    ],
)
def test_a_policy_that_cannot_be_right_is_refused(every, words):
    with pytest.raises(ValueError, match=words):
        Policy.of(np.array(every), BanditLog(**columns()))


def test_predictions_that_do_not_fit_are_refused():
    log = BanditLog(**columns())
    policy = Policy.of(np.full((2, 2), 0.5), log)
    with pytest.raises(OffPolicyError, match=r"shape \(2, 3\), the policy \(2, 2\)"):
        dm(policy, np.ones((2, 3)))
    with pytest.raises(OffPolicyError, match="prediction is nan in row 1, action 0"):
        dr(log, policy, np.array([[0.0, 1.0], [np.nan, 1.0]]))
    with pytest.raises(OffPolicyError, match="every action"):
        dm(Policy(np.ones(2)), np.ones((2, 2)))
    with pytest.raises(OffPolicyError, match="clip is 0"):
        estimates(log, policy, clip=0, seed=0)


def test_a_policy_that_takes_what_is_never_logged_is_refused():
    log = BanditLog(**columns())
    apart = Policy.of(np.array([[0.0, 1.0], [1.0, 0.0]]), log)
    with pytest.raises(OverlapError, match="none of the logged actions"):
        estimates(log, apart, seed=0)
    assert unseen_mass(log, apart) == 1
    assert unseen_mass(log, Policy.of(np.full((2, 2), 0.5), log)) == 0.5


def test_a_ratio_of_equal_parts_has_the_interval_of_a_mean_and_too_little_has_none():
    above = np.random.default_rng(0).exponential(1.0, 400)
    ratio, mean = ratio_interval(above, np.ones(400), seed=0), mean_interval(above, seed=0)
    assert ratio.value == pytest.approx(mean.value)
    assert ratio.high - ratio.low == pytest.approx(mean.high - mean.low, rel=0.15)
    assert np.isnan(ratio_interval(np.ones(1), np.ones(1), seed=0).low)
    assert np.isnan(ratio_interval(np.ones(3), np.zeros(3), seed=0).value)


@pytest.mark.parametrize("name", ["men", "women"])
def test_the_random_policys_clicks_are_foretold_by_a_real_log_of_another(real_data, name):
    from benchmarks.open_bandit import campaign  # reads torch, which nothing else here needs

    random, sampled = (campaign(real_data / "open_bandit", name, log) for log in ("random", "bts"))
    items = int(sampled.log.action.max()) + 1
    uniform = Policy.of(np.full((len(sampled.log), items), 1 / items), sampled.log)
    told = estimates(sampled.log, uniform, seed=0)["snips"].interval
    truth = mean_interval(random.log.reward, seed=0)
    assert told.low <= truth.high
    assert truth.low <= told.high
