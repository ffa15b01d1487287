"""What tokenizers read of items: near where items are taken together or alike in words."""

import numpy as np
import pytest

from galen.generative.item_vectors import ItemVectors


@pytest.mark.parametrize("source", ["taken", "attributes"])
def test_items_of_a_group_lie_nearer_to_each_other_than_to_others(source, world):
    vectors = ItemVectors((source,), size=8, whiten=0.0).fit(world.data, seed=0)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = unit @ unit.T
    same = world.group_of_item[:, None] == world.group_of_item
    np.fill_diagonal(same, False)
    assert alike[same].mean() > alike[~same & ~np.eye(len(same), dtype=bool)].mean() + 0.3


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
