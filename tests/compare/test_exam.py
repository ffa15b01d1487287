"""Where people took what they took is that of the very event that is held out."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from galen.assembly.people import People
from galen.assembly.split import split_by
from galen.compare.exam import first_in, slices_in, surface_of_truth, table_of
from galen.evaluate.offline import Question


@pytest.mark.parametrize("protocol", ["strict", "global-time"])
def test_the_surface_is_that_of_the_event_held_out(world, protocol):
    data = world.data
    surface = ((data.place + data.item) % 3).astype(np.int8)
    data = replace(data, surface=surface)
    moment = split_by(protocol, data).test
    found = surface_of_truth(data, moment)
    assert len(found) == len(moment.truth_item) > 10
    for truth, place in enumerate(found.tolist()):
        user, item = moment.users[moment.truth_request[truth]], moment.truth_item[truth]
        rows = np.flatnonzero((data.user == user) & (data.item == item))
        rows = rows[-1:] if moment.after is None else rows[data.at[rows] >= moment.after]
        assert place == surface[rows[0]]


def test_slices_and_first_items_are_read_back_as_they_were_written(world, tmp_path):
    people = People([f"user-{n}" for n in range(world.data.users)], *_nothing(world.data.users))
    question = Question.of(split_by("strict", world.data).test, people, seed=0)
    first = np.arange(2 * len(question.requests)).reshape(-1, 2) - 1
    table = table_of(question, {"ndcg@10": np.zeros(len(question.requests))}, first)
    pq.write_table(table, tmp_path / "table.parquet", row_group_size=7)
    table = pq.read_table(tmp_path / "table.parquet")
    read = slices_in(table)
    assert np.array_equal(first_in(table), first)
    assert first_in(table.drop_columns(["first"])) is None
    assert [part.name for part in read] == [part.name for part in question.slices]
    for one, other in zip(read, question.slices, strict=True):
        assert np.array_equal(one.requests, other.requests)


def _nothing(users):
    unknown = np.full(users, np.nan)
    return unknown, [None] * users, [None] * users, unknown
