"""Fusion learns which channel to believe."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galen.pipeline.candidates import Candidates
from galen.pipeline.channels import Recalled
from galen.recall.fusion import Fusion, standardised


@pytest.fixture(scope="module")
def told(world):
    """600 requests; channel `good` ranks the taken item high, `noise` says anything."""
    random = np.random.default_rng(0)
    requests, rows = 600, 10
    request = np.repeat(np.arange(requests), rows)
    taken = np.zeros((requests, rows), bool)
    taken[np.arange(requests), random.integers(0, rows, requests)] = True
    good = random.normal(size=(requests, rows)) + 2 * taken
    noise = random.normal(size=(requests, rows))

    def rank(score):
        return np.argsort(np.argsort(-score, axis=1), axis=1).ravel().astype(float)

    candidates = Candidates(
        request,
        np.tile(np.arange(rows), requests),
        {
            "good_score": good.ravel(),
            "good_rank": rank(good),
            "noise_score": noise.ravel(),
            "noise_rank": rank(noise),
        },
    )
    histories = [[0] * (n % 15) for n in range(requests)]
    return world.requests(histories), candidates, taken.ravel()


def first_of(requests, candidates):
    top = candidates.top(1, by="recall_score")
    return top.item[np.argsort(top.request)]


def test_the_fused_score_is_better_than_its_best_channel(told):
    requests, candidates, taken = told
    model = Fusion().fit(requests, candidates, taken, ["good", "noise"])
    truth = candidates.item[taken]
    fused = (first_of(requests, model.fuse(requests, candidates)) == truth).mean()
    noise = candidates.with_columns({"recall_score": candidates.columns["noise_score"]})
    good = candidates.with_columns({"recall_score": candidates.columns["good_score"]})
    assert fused >= (first_of(requests, good) == truth).mean() - 0.01
    assert fused > 2 * (first_of(requests, noise) == truth).mean()


def test_comes_back_from_disk_with_the_same_scores(told, tmp_path):
    requests, candidates, taken = told
    model = Fusion().fit(requests, candidates, taken, ["good", "noise"])
    model.save(tmp_path)
    again = Fusion().load(tmp_path)
    one, two = model.fuse(requests, candidates), again.fuse(requests, candidates)
    assert one.columns["recall_score"].tolist() == two.columns["recall_score"].tolist()


def test_learns_from_nothing_without_failing(told):
    requests, candidates, _ = told
    model = Fusion().fit(requests, candidates, np.zeros(len(candidates), bool), ["good", "noise"])
    assert np.isfinite(model.fuse(requests, candidates).columns["recall_score"]).all()


def test_a_channel_that_failed_leaves_a_finite_score(told):
    requests, candidates, taken = told
    model = Fusion().fit(requests, candidates, taken, ["good", "noise"])
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
    said = {"left": shared + 0.1 * apart, "right": shared - 0.1 * apart, "third": third}
    columns = {}
    for name, score in said.items():
        columns[f"{name}_score"] = score.ravel()
        columns[f"{name}_rank"] = np.argsort(np.argsort(-score, axis=1), axis=1).ravel() * 1.0
    item = np.tile(np.arange(rows), requests)
    candidates = Candidates(np.repeat(np.arange(requests), rows), item, columns)
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
