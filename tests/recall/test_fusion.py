"""Fusion learns which channel to believe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galen.pipeline.candidates import Candidates
from galen.pipeline.channels import unsaid
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


def twins(requests: int, rows: int = 10) -> tuple[Candidates, np.ndarray]:
    """Choices by what sets two channels apart that say almost the same."""
    random = np.random.default_rng(1)
    shared = random.normal(size=(requests, rows))
    apart = random.normal(size=(requests, rows)) * 0.05
    chosen = (shared + 20 * apart + random.gumbel(size=(requests, rows)) * 0.3).argmax(axis=1)
    taken = np.arange(rows) == chosen[:, None]
    columns = {}
    for name, score in (("left", shared + apart), ("right", shared - apart)):
        columns[f"{name}_score"] = score.ravel()
        columns[f"{name}_rank"] = np.argsort(np.argsort(-score, axis=1), axis=1).ravel() * 1.0
    request = np.repeat(np.arange(requests), rows)
    return Candidates(request, np.tile(np.arange(rows), requests), columns), taken.ravel()


def test_of_two_channels_that_agree_either_can_be_late(world):
    candidates, taken = twins(800)
    requests = world.requests([[0]] * 800)
    truth = candidates.item[taken]

    def worst(silence: float) -> float:
        model = Fusion(silence=silence).fit(requests, candidates, taken, ["left", "right"])
        everywhere = np.ones(len(candidates), bool)
        heard = [unsaid(candidates, {name: everywhere}) for name in ("left", "right")]
        found = [first_of(requests, model.fuse(requests, one)) for one in heard]
        return min((first == truth).mean() for first in found)

    assert worst(0.5) > worst(0.0) + 0.1
