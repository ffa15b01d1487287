"""The contract of every tokenizer; a new one joins by being in the table."""

import numpy as np
import pytest

from galen.generative.semantic_ids import SemanticIdError, semantic_ids
from galen.generative.tokenizers import TOKENIZERS

SIZES = (4, 8, 8)
every = pytest.mark.parametrize("name", sorted(TOKENIZERS))


def clusters(seed=0, rows=400):
    """Four groups far from each other, each of small groups near each other."""
    draw = np.random.default_rng(seed)
    group, part = draw.integers(0, 4, rows), draw.integers(0, 8, rows)
    centres = 10 * np.eye(4, 12)
    parts = np.random.default_rng(5).normal(size=(8, 12))
    vectors = centres[group] + parts[part] + 0.05 * draw.normal(size=(rows, 12))
    return vectors.astype(np.float32), group


@every
def test_the_first_code_tells_groups_that_lie_far_apart(name):
    vectors, group = clusters()
    codes = TOKENIZERS[name](SIZES).fit(vectors, seed=0).codes(vectors)
    pairs = np.unique(np.stack([codes[:, 0], group], axis=1), axis=0)
    assert len(pairs) == 4


@every
def test_codes_lie_within_their_levels_and_most_are_used(name):
    vectors, _ = clusters()
    tokenizer = TOKENIZERS[name](SIZES).fit(vectors, seed=0)
    codes = tokenizer.codes(vectors)
    assert codes.shape == (400, 3)
    for level, size in enumerate(tokenizer.sizes):
        assert set(codes[:, level]) <= set(range(size))
        assert len(np.unique(codes[:, level])) >= 0.95 * size


@every
def test_the_same_seed_learns_the_same_codes(name):
    vectors, _ = clusters()
    one, two = (TOKENIZERS[name](SIZES).fit(vectors, seed=3).codes(vectors) for _ in range(2))
    assert one.tolist() == two.tolist()


@every
def test_new_items_get_codes_without_learning_again(name):
    vectors, _ = clusters()
    tokenizer = TOKENIZERS[name](SIZES).fit(vectors, seed=0)
    fresh, group = clusters(seed=1, rows=50)
    codes, known = tokenizer.codes(fresh), tokenizer.codes(vectors)
    _, known_group = clusters()
    for code in np.unique(codes[:, 0]):
        assert set(group[codes[:, 0] == code]) == set(known_group[known[:, 0] == code])


@every
def test_comes_back_from_disk_with_the_same_codes(name, tmp_path):
    vectors, _ = clusters()
    spec = TOKENIZERS[name](SIZES)
    tokenizer = spec.fit(vectors, seed=0)
    tokenizer.save(tmp_path)
    assert spec.load(tmp_path).codes(vectors).tolist() == tokenizer.codes(vectors).tolist()


@every
def test_items_alike_in_all_numbers_still_end_with_ids_of_their_own(name):
    vectors = np.ones((20, 6), np.float32)
    tokenizer = TOKENIZERS[name](SIZES).fit(vectors, seed=0)
    ids = semantic_ids(tokenizer.codes(vectors), tokenizer.sizes, [str(n) for n in range(20)])
    assert len(np.unique(ids.codes, axis=0)) == 20


@every
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_vector_that_is_no_number_is_told_by_its_row(name, wrong):
    vectors, _ = clusters()
    vectors[7, 2] = wrong
    with pytest.raises(SemanticIdError, match="item 7 is NaN or infinite"):
        TOKENIZERS[name](SIZES).fit(vectors, seed=0)


@every
def test_no_items_are_told(name):
    with pytest.raises(SemanticIdError, match=r"\(items, d\) is needed"):
        TOKENIZERS[name](SIZES).fit(np.empty((0, 4), np.float32), seed=0)


def test_a_crowded_last_level_is_spread_out():
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(300, 8)).astype(np.float32)
    shares = {}
    for balanced in (False, True):
        spec = TOKENIZERS["residual_kmeans"](SIZES, balanced=balanced)
        tokenizer = spec.fit(vectors, seed=0)
        ids = semantic_ids(tokenizer.codes(vectors), tokenizer.sizes, [str(n) for n in range(300)])
        shares[balanced] = ids.collisions
    assert shares[True] < 0.6 * shares[False]
