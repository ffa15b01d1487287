"""Exact search of one query by norm finds what the whole product would, and reads less of it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from galen.nn.search import FIRST, ByNorm, top_items


def uneven(items, width=8, seed=0):
    """Vectors whose lengths differ as those of popular and rare items do."""
    random = np.random.default_rng(seed)
    length = 1 / (1 + np.arange(items))
    return (random.normal(size=(items, width)) * length[:, None]).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    items=st.integers(1, 3 * FIRST),
    k=st.integers(0, 60),
    alike=st.booleans(),
    closed=st.sampled_from([0.0, 0.5, 0.99, 1.0]),
)
def test_the_best_are_those_of_the_whole_product(seed, items, k, alike, closed):
    random = np.random.default_rng(seed)
    vectors = uneven(items, seed=seed)
    if alike:
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = random.normal(size=(1, 8)).astype(np.float32)
    out = random.integers(0, items, 5)
    allowed = random.random(items) >= closed
    item, score = ByNorm.of(vectors).top(query[0], k, exclude=out, allowed=allowed)
    pairs = np.zeros(5, np.int64), out
    whole, wanted = top_items(query, vectors, k, exclude=pairs, allowed=allowed)
    assert np.allclose(score, wanted[0], rtol=1e-4, atol=1e-6)
    assert len(set(item.tolist())) == min(k, items)
    some = np.isfinite(score)
    assert allowed[item[some]].all()
    assert not set(item[some].tolist()) & set(out.tolist())
    apart = np.abs(np.diff(wanted[0][some])) > 1e-5
    if apart.all():  # where no two are level the rows are the same too
        assert item[some].tolist() == whole[0][some].tolist()


def test_of_equal_products_the_first_row_is_first():
    level = np.ones((10, 4), np.float32)
    item, _ = ByNorm.of(level).top(level[0], 4, exclude=np.array([1]))
    assert item.tolist() == [0, 2, 3, 4]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**16), k=st.integers(0, 40), items=st.integers(1, 40))
def test_who_asks_beside_does_not_decide_between_equals(seed, k, items):
    """Five kinds of items: all of a kind have one vector, and so one product."""
    random = np.random.default_rng(seed)
    vectors = random.integers(-2, 3, (5, 8)).astype(np.float32)[random.integers(0, 5, items)]
    queries = random.integers(-2, 3, (3, 8)).astype(np.float32)
    pairs = random.integers(0, 3, 4), random.integers(0, items, 4)
    item, score = top_items(queries, vectors, k, exclude=pairs)
    for row, query in enumerate(queries):
        product = vectors @ query
        product[pairs[1][pairs[0] == row]] = -np.inf
        order = np.lexsort((np.arange(items), -product))[:k]
        some = np.isfinite(product[order])
        assert item[row][some].tolist() == order[some].tolist()
        assert score[row].tolist() == product[order].tolist()
        own = pairs[1][pairs[0] == row]
        alone = ByNorm.of(vectors).top(query, k, exclude=own)[0]
        assert alone[some].tolist() == order[some].tolist()


def test_a_query_of_zeros_gives_rows_of_no_score():
    _, score = ByNorm.of(uneven(20)).top(np.zeros(8, np.float32), 3, exclude=np.array([], int))
    assert score.tolist() == [0, 0, 0]


def test_vectors_too_short_to_be_among_the_best_are_not_read():
    vectors = uneven(10 * FIRST)
    search = ByNorm.of(vectors)
    broken = search.vectors.copy()
    broken[2 * FIRST :] = np.nan  # whoever reads it has no product
    item, score = ByNorm(search.row, search.place, broken, search.norm).top(
        vectors[0], 10, exclude=np.array([], int)
    )
    assert np.isfinite(score).all()
    assert item[0] == 0


def test_vectors_of_like_lengths_are_not_copied():
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert ByNorm.of(vectors).vectors is vectors
    assert ByNorm.of(uneven(50)).vectors is not vectors
    assert len(ByNorm.of(np.empty((0, 8), np.float32)).row) == 0
