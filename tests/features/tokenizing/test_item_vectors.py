"""What tokenizers read of items: near where items are taken together or alike in words."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import put_vectors

from galen.data.schema import Kind
from galen.features.tokenizing.item_vectors import Given, ItemVectors
from galen.features.tokenizing.semantic_ids import SemanticIdError


@pytest.mark.parametrize("source", ["taken", "attributes"])
def test_items_of_a_group_lie_nearer_to_each_other_than_to_others(source, world):
    vectors = ItemVectors((source,), size=8, whiten=0.0).fit(world.data, seed=0)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = unit @ unit.T
    same = world.group_of_item[:, None] == world.group_of_item
    np.fill_diagonal(same, False)
    assert alike[same].mean() > alike[~same & ~np.eye(len(same), dtype=bool)].mean() + 0.3


def told(world, histories):
    """The world's catalogue, in which one person after the other takes the items of a list."""
    user = np.repeat(np.arange(len(histories)), [len(items) for items in histories])
    return replace(
        world.data,
        users=len(histories),
        user=user.astype(np.int32),
        item=np.concatenate(histories).astype(np.int32),
        kind=np.full(len(user), int(Kind.PURCHASE), np.int8),
        at=np.arange(len(user), dtype=np.int64),
    )


def likeness(data, **settings):
    """(items, items) cosines by who takes what near each other."""
    vectors = ItemVectors(("taken",), size=20, whiten=0.0, **settings).fit(data, seed=0)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(length > 0, length, 1)
    return unit @ unit.T


def test_what_two_people_take_one_after_the_other_is_not_taken_together(world):
    """Else 0 and 4 would have 2 in common, which the next person always begins with."""
    pairs = [[0, 1], [2, 3], [4, 1], [2, 5]] * 10
    alike = likeness(told(world, pairs))
    assert alike[0, 4] > 0.9  # beside 1
    assert alike[3, 5] > 0.9  # beside 2
    assert alike[1, 2] < 0.5  # one ends, the next begins
    assert max(alike[0, 3], alike[4, 5], alike[4, 3], alike[0, 5]) < 0.3


def test_items_are_near_though_something_else_stands_between(world):
    between = [[0, n, 1] for n in range(6, 12)] + [[2, n, 3] for n in range(12, 18)]
    data = told(world, [*between, [4, 1], [5, 3]] * 3)
    near, beside = likeness(data), likeness(data, window=1)
    for one, other, foreign in ((0, 4, 5), (2, 5, 4)):
        assert near[one, other] > near[one, foreign] + 0.4  # 0 and 4 are near 1, 2 and 5 near 3
        assert beside[one, other] < beside[one, foreign] + 0.1


def test_a_rare_companion_says_more_than_one_that_everybody_takes(world):
    """0 and 1 share 7, which nobody else takes; 6 and 8 go with all, and more often."""
    everybody = [[n, often] for n in range(9, 21) for often in (6, 8)]
    often, rarely = [*everybody, [0, 6], [1, 8]], [[0, 7], [1, 7]]
    alike = likeness(told(world, often * 20 + rarely * 2))
    assert alike[0, 1] > 0.4


def test_whitened_directions_are_spread_alike(world):
    third = {}
    for whiten in (0.0, 0.5, 1.0):
        vectors = ItemVectors(("taken",), size=4, whiten=whiten).fit(world.data, seed=0)
        strength = np.linalg.svd(vectors, compute_uv=False)
        third[whiten] = strength[2] / strength[0]  # the fourth is lost to the mean
    assert third[0.0] < 0.65
    assert 0.7 < third[0.5] < 0.8
    assert third[1.0] == pytest.approx(1)


def test_sources_stand_beside_each_other_with_like_spread(world):
    vectors = ItemVectors(("taken", "attributes"), size=4).fit(world.data, seed=0)
    assert vectors.shape == (24, 8)
    spread = [float((vectors[:, part] ** 2).sum()) for part in (slice(0, 4), slice(4, 8))]
    assert spread[0] == pytest.approx(spread[1], rel=0.01)


def test_an_item_that_nobody_took_has_the_mean(world):
    known = world.data.take(world.data.item != 5)
    vectors = ItemVectors(("taken",), size=4).fit(known, seed=0)
    assert not vectors[5].any()
    assert np.isfinite(vectors).all()


def test_a_shop_of_which_nothing_is_known_gives_a_column_of_zeros(world):
    nothing = world.data.take(world.data.item < 0)
    assert ItemVectors(("taken",)).fit(nothing, seed=0).tolist() == [[0.0]] * 24


def test_the_same_seed_gives_the_same_vectors(world):
    one, two = (ItemVectors().fit(world.data, seed=1) for _ in range(2))
    assert np.array_equal(one, two)


def given(world, **more):
    vectors = np.random.default_rng(0).normal(size=(24, 3)) * [10, 1, 0.1] + 5
    vectors = vectors.astype(np.float32)
    return Given(**{"name": "words", "vectors": vectors, "there": np.ones(24, bool)} | more)


def test_vectors_made_elsewhere_are_centred_and_spread_alike(world):
    found = ItemVectors((), size=3, whiten=1.0).fit(world.data, 0, [given(world)])
    assert found.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-5)
    covariance = found.T @ found
    assert covariance == pytest.approx(np.eye(3) * covariance[0, 0], abs=1e-3)
    led = ItemVectors((), size=1, whiten=0.0).fit(world.data, 0, [given(world)])[:, 0]
    assert abs(np.corrcoef(led, given(world).vectors[:, 0])[0, 1]) > 0.99


def test_an_unknown_vector_is_the_mean_and_may_be_told_of(world):
    there = np.arange(24) != 4
    vectors = given(world).vectors.copy()
    vectors[4] = np.nan
    source = given(world, vectors=vectors, there=there)
    found = ItemVectors((), size=3).fit(world.data, 0, [source])
    assert not found[4].any()
    told = ItemVectors((), size=3, indicator=True).fit(world.data, 0, [source])
    assert told[:, :3].tolist() == found.tolist()
    assert (told[:, 3] > 0.5).tolist() == (~there).tolist()


def test_a_number_that_is_none_is_told_with_its_item(world):
    vectors = given(world).vectors.copy()
    vectors[4, 1] = np.inf
    name = world.data.catalogue.ids[4]
    with pytest.raises(SemanticIdError, match=rf"'words' of item '{name}' \(row 4\) holds NaN"):
        ItemVectors((), size=3).fit(world.data, 0, [given(world, vectors=vectors)])


def test_vectors_of_other_items_are_told(world):
    with pytest.raises(SemanticIdError, match=r"shape \(2, 3\).*24 items"):
        ItemVectors((), size=3).fit(world.data, 0, [given(world, vectors=np.ones((2, 3)))])


def test_the_table_of_an_encoder_is_a_source(world, tmp_path):
    told = np.random.default_rng(0).normal(size=(24, 3))
    put_vectors(tmp_path, [f"sku-{row}" for row in range(23)], told[:23])
    data = replace(world.data, enriched=tmp_path)
    found = ItemVectors(("attributes", "encoded"), size=3, whiten=0.0, indicator=True)
    vectors = found.fit(data, seed=0)
    assert vectors.shape == (24, 7)  # every item has attributes: one column says who lacks a vector
    assert np.argmax(vectors[:, -1]) == 23
    assert not vectors[23, 3:6].any()
