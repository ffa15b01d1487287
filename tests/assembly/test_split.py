"""Protocols hold out what they say, and nothing held out is learned from."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from galen.assembly.split import SplitError, split_by
from galen.data.schema import DAY, TAKEN, Kind
from galen.features.store import FeatureStore


def keys(data):
    return set(zip(data.user.tolist(), data.item.tolist(), data.at.tolist(), strict=True))


def of(data, user):
    return data.item[data.user == user].tolist()


@pytest.fixture(scope="module")
def ordered(world):
    """The same world without a clock."""
    return replace(world.data, clock="order", at=world.data.place)


def test_strict_learns_from_all_but_two_chooses_on_one_and_tests_on_the_last(ordered):
    split = split_by("strict", ordered)
    whole = of(ordered, 3)
    row = int(np.flatnonzero(split.test.users == 3)[0])
    assert of(split.final, 3) == whole[:-2]
    assert of(split.test.past, 3) == whole[:-1]
    assert split.test.truth_item[split.test.truth_request == row].tolist() == whole[-1:]
    assert of(split.valid.past, 3) == whole[:-2]
    assert of(split.valid.fit, 3) == whole[:-2]
    assert split.valid.truth_item[split.valid.users == 3].tolist() == [whole[-2]]
    assert of(split.train[0].fit, 3) == whole[:-3]


def known_when_asked(moment):
    """What the store tells of each person's history at the moment of the test."""
    store = FeatureStore.replay(moment.past, history_length=1_000)
    return store.requests(moment.users, moment.at).history


@pytest.mark.parametrize("protocol", ["strict", "refit"])
@pytest.mark.parametrize("told", ["order", "days", "order with other kinds"])
def test_whoever_is_asked_all_that_they_took_before_is_known(world, protocol, told):
    data = world.data
    if told == "days":  # a source that knows the day of an event has many events at one moment
        data = replace(data, at=data.at // (30 * DAY) * (30 * DAY))
    else:
        data = replace(data, clock="order", at=data.step)
    if told == "order with other kinds":
        looked = np.random.default_rng(5).random(len(data)) < 0.3
        data = replace(data, kind=np.where(looked, Kind.CLICK, data.kind).astype(np.int8))
    split = split_by(protocol, data)
    for moment in (*split.train, split.valid, split.test):
        assert (
            known_when_asked(moment).item.tolist()
            == np.concatenate(
                [moment.past.item[moment.past.user == user] for user in moment.users]
            ).tolist()
        )
    before = data.of(*TAKEN).without_last(1)
    assert keys(split.test.past) == keys(before)


def test_refit_differs_only_in_what_the_last_channels_learn_from(ordered):
    strict, refit = split_by("strict", ordered), split_by("refit", ordered)
    assert of(refit.final, 3) == of(ordered, 3)[:-1]
    assert keys(strict.valid.fit) == keys(refit.valid.fit)
    assert strict.test.truth_item.tolist() == refit.test.truth_item.tolist()


def test_full_holds_nothing_out_and_chooses_on_the_last(ordered):
    split = split_by("full", ordered)
    assert split.test is None
    assert keys(split.final) == keys(ordered)
    assert split.valid.truth_item[split.valid.users == 3].tolist() == of(ordered, 3)[-1:]


def test_a_split_by_time_learns_only_from_before_what_it_predicts(world):
    split = split_by("global-time", world.data)
    assert split.train[0].after < split.valid.after < split.test.after
    for moment in (*split.train, split.valid, split.test):
        assert moment.fit.at.max() < moment.after
        assert moment.past.at.max() < moment.after
        assert (moment.at == moment.after).all()
    assert keys(split.final) == keys(world.data.before(split.test.after))


def truth(moment):
    """Who took what, of what a moment asks to be predicted."""
    return {
        (int(moment.users[row]), int(item))
        for row, item in zip(moment.truth_request, moment.truth_item, strict=True)
    }


@pytest.mark.parametrize("protocol", ["global-time", "full"])
def test_windows_do_not_overlap_and_the_last_ends_with_the_shop(world, protocol):
    split = split_by(protocol, world.data, moments=3)
    moments = [m for m in (split.test, split.valid, *split.train) if m is not None]
    ends = [None, *(moment.after for moment in moments)]
    for moment, end in zip(moments, ends, strict=False):
        window = world.data.since(moment.after).of(*TAKEN)
        window = window if end is None else window.before(end)
        assert truth(moment) == {(user, item) for user, item, _ in keys(window)}


@pytest.mark.parametrize("protocol", ["strict", "refit", "global-time", "full"])
def test_each_older_moment_knows_less_and_asks_for_what_came_next(world, protocol):
    one, three = (split_by(protocol, world.data, moments=count) for count in (1, 3))
    assert len(three.train) == 3
    assert truth(three.train[0]) == truth(one.train[0])
    for newer, older in pairwise((three.valid, *three.train)):
        assert len(older.fit) < len(newer.fit)
        assert keys(older.fit) < keys(newer.fit)
        assert truth(older) != truth(newer)


def test_by_place_each_older_moment_asks_for_the_step_before(ordered):
    whole = of(ordered, 3)
    for protocol, newest in (("strict", 3), ("full", 2)):
        for older, moment in enumerate(split_by(protocol, ordered, moments=3).train):
            last = newest + older
            assert of(moment.fit, 3) == of(moment.past, 3) == whole[:-last]
            assert [item for user, item in truth(moment) if user == 3] == whole[-last:][:1]


def test_users_are_sampled_by_seed_for_learning_and_never_for_the_test(ordered):
    one, two = (split_by("strict", ordered, users=10, seed=s) for s in (0, 0))
    other = split_by("strict", ordered, users=10, seed=1)
    assert one.train[0].users.tolist() == two.train[0].users.tolist()
    assert one.train[0].users.tolist() != other.train[0].users.tolist()
    assert len(one.valid.users) == 10
    assert len(one.test.users) == len(split_by("strict", ordered).test.users)
    whole = of(ordered, int(one.valid.users[0]))
    assert one.valid.truth_item[one.valid.truth_request == 0].tolist() == [whole[-2]]


def test_a_split_by_time_needs_a_clock(ordered):
    with pytest.raises(SplitError, match="needs timestamps"):
        split_by("global-time", ordered)


def test_a_shop_with_too_little_is_told_so(ordered):
    with pytest.raises(SplitError, match="at least 4"):
        split_by("strict", ordered.take(ordered.place < 2))
    with pytest.raises(SplitError, match="no events"):
        split_by("global-time", replace(ordered, clock="time").take(ordered.place < 0))
