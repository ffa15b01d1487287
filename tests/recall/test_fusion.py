"""Fusion learns which channel to believe."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galen.pipeline.candidates import Candidates
from galen.pipeline.channels import Recalled
from galen.recall.fusion import Fusion, said, standardised, voice_of


def spoken(**said):
    """Rows of requests (requests, rows) with what channels say of them, and their places."""
    requests, rows = next(iter(said.values())).shape
    columns = {}
    for name, score in said.items():
        columns[f"{name}_score"] = score.ravel()
        place = np.argsort(np.argsort(-score, axis=1), axis=1)
        columns[f"{name}_rank"] = place.ravel().astype(float)
    request, item = np.repeat(np.arange(requests), rows), np.tile(np.arange(rows), requests)
    return Candidates(request, item, columns)


@pytest.fixture(scope="module")
def told(world):
    """600 requests; `good` and `fair` rank the taken item high, `noise` says anything."""
    random = np.random.default_rng(0)
    requests, rows = 600, 10
    taken = np.zeros((requests, rows), bool)
    taken[np.arange(requests), random.integers(0, rows, requests)] = True
    good, fair, noise = random.normal(size=(3, requests, rows)) + 2 * taken
    candidates = spoken(good=good, fair=fair, noise=noise - 2 * taken)
    histories = [[0] * (n % 15) for n in range(requests)]
    return world.requests(histories), candidates, taken.ravel()


CHANNELS = ["good", "fair", "noise"]


def first_of(requests, candidates):
    top = candidates.top(1, by="recall_score")
    return top.item[np.argsort(top.request)]


def right(requests, candidates, taken):
    """Of which requests the taken item stands first."""
    return first_of(requests, candidates) == candidates.item[taken]


def test_the_fused_score_is_better_than_its_best_channel(told):
    requests, candidates, taken = told
    model = Fusion().fit(requests, candidates, taken, CHANNELS)
    fused = right(requests, model.fuse(requests, candidates), taken).mean()
    for name in CHANNELS:
        alone = candidates.with_columns({"recall_score": candidates.columns[f"{name}_score"]})
        assert fused > right(requests, alone, taken).mean() + 0.1


def test_people_of_short_and_of_long_histories_are_told_by_channels_of_their_own(world):
    random = np.random.default_rng(2)
    requests, rows = 800, 10
    short = np.arange(requests) % 2 == 0
    early, late = random.normal(size=(2, requests, rows))
    taken = np.arange(rows) == np.where(short[:, None], early, late).argmax(axis=1)[:, None]
    asked = world.requests([[0] * (2 if one else 12) for one in short])
    candidates, taken = spoken(early=early, late=late), taken.ravel()
    model = Fusion().fit(asked, candidates, taken, ["early", "late"])
    found = right(asked, model.fuse(asked, candidates), taken)
    assert found[short].mean() > 0.9
    assert found[~short].mean() > 0.9


def test_it_learns_from_as_many_choices_as_it_may_drawn_by_seed(told):
    def weights(**settings):
        return Fusion(penalty=10.0, **settings).fit(*told, CHANNELS).weights.tolist()

    assert weights(seed=0) == weights(seed=1)  # there are no more choices than it may use
    assert weights(requests=50, seed=0) == weights(requests=50, seed=0)
    assert weights(requests=50, seed=0) != weights(requests=50, seed=1)


def test_the_penalty_is_high_where_channels_say_nothing_and_low_where_they_tell(told, world):
    random = np.random.default_rng(3)
    names = [f"noise{n}" for n in range(6)]
    noise = spoken(**{name: random.normal(size=(600, 10)) for name in names})
    requests, candidates, taken = told
    for some, channels, chosen in ((noise, names, 1000.0), (candidates, CHANNELS, 1.0)):
        weights = [
            Fusion(penalty=penalty).fit(requests, some, taken, channels).weights
            for penalty in (None, 1.0, 1000.0)
        ]
        np.testing.assert_array_equal(weights[0], weights[1 if chosen == 1.0 else 2])
        assert np.abs(weights[1] - weights[2]).max() > 0.01


def test_a_channel_says_how_an_item_stands_its_place_and_whether_it_was_found():
    """Positive scores stand as logarithms; what was not found stands behind the last."""
    nothing = np.nan
    columns = {
        "counts_score": np.array([100.0, 10.0, 1.0, nothing]),
        "counts_rank": np.array([0.0, 1.0, 2.0, nothing]),
        "logits_score": np.array([-2.0, 0.0, 2.0, 4.0]),
        "logits_rank": np.array([nothing, nothing, 1.0, 0.0]),
    }
    candidates = Candidates(np.zeros(4, np.int64), np.arange(4), columns)
    counts, logits = (voice_of(candidates, name) for name in ("counts", "logits"))
    apart = np.sqrt(1.5)
    standing, place, inverse, found = said(candidates, [counts])
    assert standing == pytest.approx([apart, 0, -apart, -apart])
    assert place == pytest.approx(-np.log([1, 2, 3, 4]))
    assert inverse == pytest.approx([1, 1 / 2, 1 / 3, 0])
    assert found.tolist() == [1, 1, 1, 0]
    standing, place, inverse, found = said(candidates, [logits])
    assert standing == pytest.approx(np.array([-3, -1, 1, 3]) / np.sqrt(5))
    assert place == pytest.approx(-np.log([3, 3, 2, 1]))
    assert inverse == pytest.approx([0, 0, 1 / 2, 1])
    assert found.tolist() == [0, 0, 1, 1]


def test_comes_back_from_disk_with_the_same_scores(told, tmp_path):
    requests, candidates, taken = told
    model = Fusion().fit(requests, candidates, taken, CHANNELS)
    model.save(tmp_path)
    again = Fusion().load(tmp_path)
    one, two = model.fuse(requests, candidates), again.fuse(requests, candidates)
    assert one.columns["recall_score"].tolist() == two.columns["recall_score"].tolist()


def test_learns_from_nothing_without_failing(told):
    requests, candidates, _ = told
    model = Fusion().fit(requests, candidates, np.zeros(len(candidates), bool), CHANNELS)
    assert np.isfinite(model.fuse(requests, candidates).columns["recall_score"]).all()


def test_a_channel_that_failed_leaves_a_finite_score(told):
    requests, candidates, taken = told
    model = Fusion().fit(requests, candidates, taken, CHANNELS)
    silent = candidates.with_columns(
        {name: np.full(len(candidates), np.nan) for name in ("noise_score", "noise_rank")}
    )
    assert np.isfinite(model.fuse(requests, silent).columns["recall_score"]).all()


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.floats(-1e6, 1e6)), max_size=40))
def test_standardised_values_are_finite_and_keep_the_order_within_a_request(rows):
    rows = sorted(rows, key=lambda row: row[0])
    request = np.array([r for r, _ in rows], np.int64)
    values = np.array([np.nan if v is None else v for _, v in rows], float)
    scaled = standardised(values, request)
    assert np.isfinite(scaled).all()
    for row in range(4):
        inside = (request == row) & ~np.isnan(values)
        order = np.argsort(values[inside], kind="stable")
        assert np.all(np.diff(scaled[inside][order]) >= 0)


@pytest.fixture(scope="module")
def twins(world):
    """Choices by what sets two channels apart that say almost the same, and by a third."""
    random = np.random.default_rng(1)
    requests, rows = 800, 10
    shared, apart, third = random.normal(size=(3, requests, rows))
    chosen = (shared + apart + 2 * third + random.gumbel(size=(requests, rows)) * 0.3).argmax(
        axis=1
    )
    taken = np.arange(rows) == chosen[:, None]
    candidates = spoken(left=shared + 0.1 * apart, right=shared - 0.1 * apart, third=third)
    return world.requests([[0]] * requests), candidates, taken.ravel()


def right_without(model, twins, late, told) -> float:
    """The share of choices that stand first where channels are late, told of it or not."""
    requests, candidates, taken = twins
    recalled = Recalled(candidates, ())
    for name in late:
        recalled = recalled.without(name)
    fused = model.fuse(requests, recalled.candidates, recalled.failed if told else ())
    return (first_of(requests, fused) == candidates.item[taken]).mean()


@pytest.mark.parametrize(("late", "stays"), [("left", "right"), ("right", "left")])
def test_of_two_channels_that_agree_either_can_be_late(twins, late, stays):
    model = Fusion().fit(*twins, ["left", "right", "third"])
    never = Fusion().fit(*twins, [stays, "third"])  # what there is to know without it
    best = right_without(never, twins, [], told=True)
    assert right_without(model, twins, [], told=True) > best + 0.1
    assert right_without(model, twins, [late], told=True) > best - 0.03
    assert right_without(model, twins, [late], told=False) < best - 0.1


def test_where_none_failed_nothing_is_stood_in_for(twins):
    requests, candidates, _ = twins
    model = Fusion().fit(*twins, ["left", "right", "third"])
    whole = model.fuse(requests, candidates).columns["recall_score"]
    alone = replace(model, together=None).fuse(requests, candidates).columns["recall_score"]
    np.testing.assert_array_equal(whole, alone)


def test_what_stands_in_comes_back_from_disk(twins, tmp_path):
    requests, candidates, _ = twins
    model = Fusion().fit(*twins, ["left", "right", "third"])
    model.save(tmp_path)
    late = Recalled(candidates, ()).without("left")
    one, two = (
        made.fuse(requests, late.candidates, late.failed)
        for made in (model, Fusion().load(tmp_path))
    )
    np.testing.assert_array_equal(one.columns["recall_score"], two.columns["recall_score"])
    np.testing.assert_array_equal(one.columns["left_standing"], two.columns["left_standing"])


def test_a_fuser_of_before_this_was_kept_is_read_and_fuses(twins, tmp_path):
    requests, candidates, _ = twins
    replace(Fusion().fit(*twins, ["left", "right", "third"]), together=None).save(tmp_path)
    late = Recalled(candidates, ()).without("left")
    fused = Fusion().load(tmp_path).fuse(requests, late.candidates, late.failed)
    assert np.isfinite(fused.columns["recall_score"]).all()
