"""Vector search: exact and approximate find the same, and nothing that is masked."""

import numpy as np
import pytest

from galen.recall.als import Als
from galen.recall.search import Approximate, ExactSearch, SearchError, search_of

KINDS = ["exact", "approximate"]


def clustered(items=4000, width=16, clusters=40):
    random = np.random.default_rng(0)
    centres = random.normal(size=(clusters, width))
    points = centres[random.integers(0, clusters, items)] + 0.3 * random.normal(size=(items, width))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors():
    return clustered()


@pytest.fixture(scope="module")
def searches(vectors):
    return {kind: search_of(vectors, kind) for kind in KINDS}


def test_exact_search_finds_the_largest_products_in_order(vectors, searches):
    item, score = searches["exact"].top(vectors[:5], 10)
    products = vectors[:5] @ vectors.T
    assert item.tolist() == np.argsort(-products, axis=1, kind="stable")[:, :10].tolist()
    assert np.allclose(score, -np.sort(-products, axis=1)[:, :10], atol=1e-6)


def test_approximate_search_finds_nearly_all_of_the_best(vectors, searches):
    queries = clustered()[::37]
    best, _ = searches["exact"].top(queries, 50)
    found, _ = searches["approximate"].top(queries, 50)
    shares = [len(set(a) & set(b)) / 50 for a, b in zip(best.tolist(), found.tolist(), strict=True)]
    assert np.mean(shares) >= 0.95
    assert searches["approximate"].recall >= 0.95
    assert searches["approximate"].probes < searches["approximate"].index.nlist


@pytest.mark.parametrize("kind", KINDS)
def test_a_filtered_search_never_returns_a_masked_item(vectors, searches, kind):
    allowed = np.zeros(len(vectors), bool)
    allowed[::50] = True
    for rows in (1, 20):
        item, score = searches[kind].top(vectors[:rows], 200, allowed=allowed)
        found = item >= 0
        assert allowed[item[found]].all()
        assert np.isneginf(score[~found]).all()
        assert found.any(axis=1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_excluded_pair_is_not_found_and_others_take_its_place(vectors, searches, kind):
    plain, _ = searches[kind].top(vectors[:3], 5)
    pairs = (np.array([1, 1, 2]), np.array([plain[1, 0], plain[1, 2], plain[0, 0]]))
    found, score = searches[kind].top(vectors[:3], 5, exclude=pairs)
    assert found[0].tolist() == plain[0].tolist()
    assert not {plain[1, 0], plain[1, 2]} & set(found[1].tolist())
    assert len(set(found[1].tolist()) - {-1}) == 5
    assert np.all(np.diff(score, axis=1) <= 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_found_is_marked(kind):
    few = clustered(items=30, clusters=3)
    item, score = search_of(few, kind).top(few[:2], 100, allowed=np.arange(30) < 4)
    assert item.shape == (2, 30)
    assert (item[:, 4:] == -1).all()
    assert np.isneginf(score[:, 4:]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_no_vectors_and_no_queries_give_nothing(kind):
    search = search_of(np.zeros((0, 8), np.float32), kind)
    assert search.top(np.zeros((3, 8), np.float32), 5)[0].shape == (3, 0)
    some = search_of(clustered(items=50, clusters=2), kind)
    assert some.top(np.zeros((0, 16), np.float32), 5)[0].shape == (0, 5)


def test_an_index_that_misses_too_much_is_refused():
    noise = np.random.default_rng(0).normal(size=(3000, 64)).astype(np.float32)
    with pytest.raises(SearchError, match='use search = "exact"'):
        Approximate.built(noise, lists=200, most_probes=2)


def test_a_channel_finds_the_same_either_way_in_a_small_shop(world):
    asked = world.requests([[0, 1], [7, 8], []])
    exact, other = (Als(search=kind).fit(world.data).retrieve(asked, 4) for kind in KINDS)
    assert exact.item.tolist() == other.item.tolist()
    assert isinstance(search_of(np.ones((2, 2), np.float32), "exact"), ExactSearch)
