"""Vectors are turned so that what is taken together lies near, and say which events they saw."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from worlds import put_vectors

from galen.data.enriched import EnrichedError
from galen.enrich.co_taken import TABLE, CoTaken, pairs_of, write_co_taken
from galen.features.item_vectors import Encoded, read_encoded
from galen.nn.contrastive import Contrast, ItemPairLesson, ItemPairs

AT = datetime(2026, 11, 28, tzinfo=UTC)
QUICK = CoTaken(
    size=8, hidden=16, batch=64, learning_rate=1e-2, epochs=15, patience=15, held_out=0.2
)


def mixed(world):
    """Vectors in which the group is hidden behind something stronger."""
    draw = np.random.default_rng(0)
    told = np.concatenate([np.eye(4)[world.group_of_item], 2 * draw.normal(size=(24, 4))], axis=1)
    return Encoded(told.astype(np.float32), np.ones(24, bool), "test:1")


def nearness(vectors, world):
    """How much nearer items of a group lie than others, in cosines."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike, same = unit @ unit.T, world.group_of_item[:, None] == world.group_of_item
    return alike[same & ~np.eye(24, dtype=bool)].mean() - alike[~same].mean()


def test_items_taken_together_come_near_and_so_does_one_that_nobody_took(world):
    found = mixed(world)
    turned = QUICK.fit(found, world.data.take(world.data.item != 5))
    assert nearness(turned.vectors, world) > nearness(found.vectors, world) + 0.3
    group = world.group_of_item == 0
    group[5] = False
    assert (turned.vectors[group] @ turned.vectors[5]).mean() > 0.2
    assert np.linalg.norm(turned.vectors, axis=1) == pytest.approx(np.ones(24), abs=1e-5)
    assert turned.encoder == "test:1+co-taken"


def test_pairs_are_of_one_person_near_each_other_and_have_vectors(world):
    there = np.ones(24, bool)
    there[0] = False
    one, other, person = pairs_of(world.data, 2, there)
    assert (world.group_of_item[one] == world.group_of_item[other]).all()
    assert (world.group_of_item[one] == world.group_of_user[person]).all()
    assert (one != other).all()
    assert 0 not in np.concatenate([one, other])


def test_the_table_says_which_events_it_has_seen(world, tmp_path):
    put_vectors(tmp_path, [f"sku-{row}" for row in range(23)], mixed(world).vectors[:23])
    data = replace(world.data, enriched=tmp_path)
    assert write_co_taken(data, AT, replace(QUICK, epochs=1)) == 23
    assert read_encoded(data, TABLE).there.sum() == 23
    with pytest.raises(EnrichedError, match="made from"):
        read_encoded(data.without_last(1), TABLE)


def test_without_events_vectors_keep_their_directions(world):
    nothing = world.data.take(world.data.item < 0)
    turned = QUICK.fit(mixed(world), nothing)
    assert np.isfinite(turned.vectors).all()


def test_a_partner_that_stands_in_another_pair_is_no_negative():
    torch.manual_seed(0)
    contrast = Contrast(torch.eye(3), 4, 0.1)
    alone = contrast(ItemPairs(torch.tensor([0]), torch.tensor([1])))
    twice = contrast(ItemPairs(torch.tensor([0, 0]), torch.tensor([1, 1])))
    assert alone.tolist() == pytest.approx([0.0], abs=1e-6)
    assert twice.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    apart = contrast(ItemPairs(torch.tensor([0, 2]), torch.tensor([1, 2])))
    assert apart[0] > 0.1


def test_at_first_directions_are_those_of_the_encoder():
    contrast = Contrast(torch.tensor([[3.0, 4.0], [0.0, 2.0]]), 4, 0.1)
    assert contrast.whole().tolist() == [pytest.approx([0.6, 0.8]), pytest.approx([0.0, 1.0])]


def test_an_item_is_no_negative_of_its_own():
    torch.manual_seed(0)
    contrast = Contrast(torch.eye(4), 4, 0.1)
    both_ways = contrast(ItemPairs(torch.tensor([0, 1]), torch.tensor([1, 0])))
    assert both_ways.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)


def test_processes_share_pairs_however_few_there_are():
    lesson = ItemPairLesson(ItemPairs(torch.arange(3), torch.arange(3, 6)), torch.ones(3))
    assert lesson.share(1, 2).inputs.one.tolist() == [1]
    assert lesson.share(7, 8).weight.tolist() == [0.0]
