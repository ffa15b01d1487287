"""Whether what was taken is written again, as people held out say."""

import json
from dataclasses import replace

import numpy as np
import pytest
from generative.test_generator import QUICK

from galen.generative.generator import Generator
from galen.generative.writing_judge import took_again
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut

AUTO = Generator(**(QUICK | {"repeat": "auto"}))


@pytest.fixture(scope="module")
def round_and_round(world):
    """Of people who take the items of their group again and again."""
    return AUTO.fit(world.data)


@pytest.fixture(scope="module")
def once_each(world):
    """Of the same people before anybody took an item again."""
    return AUTO.fit(first_times(world.data))


def first_times(data):
    """The events by which people took an item that they had not taken before."""
    pair = data.user * len(data.catalogue) + data.item
    return data.take(np.isin(np.arange(len(data)), np.unique(pair, return_index=True)[1]))


def test_where_people_take_again_what_they_took_it_is_written(round_and_round, world):
    assert round_and_round.repeat
    found = round_and_round.retrieve(world.requests([[0, 1, 2, 3, 4, 5]]), 1)
    assert found.item.tolist() == [0]


def test_where_nobody_does_it_is_not(once_each, world):
    assert not once_each.repeat
    found = once_each.retrieve(world.requests([[0, 1, 2, 3, 4, 5]]), 10)
    assert len(found) == 10
    assert found.item.min() > 5


def test_what_was_found_holds_when_it_learns_again_and_is_loaded(round_and_round, world, tmp_path):
    assert AUTO.again(first_times(world.data), round_and_round).repeat
    round_and_round.save(tmp_path)
    assert AUTO.load(tmp_path).repeat


@pytest.mark.parametrize("repeat", [True, False])
def test_a_bundle_of_before_repeats_as_its_recipe_said(repeat, round_and_round, tmp_path):
    round_and_round.save(tmp_path)
    facts = json.loads((tmp_path / "generator.json").read_text())
    del facts["repeat"]
    (tmp_path / "generator.json").write_text(json.dumps(facts))
    assert replace(AUTO, repeat=repeat).load(tmp_path).repeat is repeat


@pytest.mark.parametrize(("wanted", "again"), [([2, 0], True), ([2, 1], False), ([1, 2], True)])
def test_only_what_the_same_person_took_counts_as_taken_again(wanted, again):
    before = Columns(np.array([0, 2, 3]), np.array([0, 1, 0]), np.full(3, 3), np.zeros(3))
    assert took_again(HeldOut(before, np.array(wanted))) is again


def test_with_nobody_held_out_nothing_is_written_again(world):
    one = world.data.take(np.arange(len(world.data)) < 2)
    assert not AUTO.fit(one).repeat
    assert not took_again(None)
