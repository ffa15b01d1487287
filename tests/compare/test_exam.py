"""What everybody is asked, where they took what is held out, and what would be served."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from worlds import write_world

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import split_by
from galen.assembly.train import train
from galen.compare.exam import Exam, first_in, slices_in, surface_of_truth, table_of
from galen.compare.forbidden import forbidden_in
from galen.evaluate.offline import Question, shown_by
from galen.pipeline.candidates import no_histories


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
    people = PeopleColumns(
        [f"user-{n}" for n in range(world.data.users)], *_nothing(world.data.users)
    )
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


def test_popular_items_stand_in_where_a_recipe_shows_nothing(world, tmp_path):
    shop = write_world(world, tmp_path / "shop")
    tree = {"name": "own", "filters": ["stock"], "recall": {"item_graph": {"quota": 5}}}
    trained = train(
        Recipe.from_tree(tree, where="test"), shop, "strict", progress=lambda what: None
    )
    exam = Exam.of(shop, trained.split, trained.people, pack="general", seed=0)
    nobody = exam.question.requests
    nobody = replace(nobody, history=no_histories(len(nobody)))
    strangers = replace(exam, question=replace(exam.question, requests=nobody))
    assert not len(shown_by(strangers.served(trained.parts), nobody, depth=5).slates)
    slates = strangers.shown(trained.parts, depth=5).slates
    assert np.bincount(slates.request).tolist() == [5] * len(nobody)
    assert not forbidden_in(exam.guard.gate, nobody, slates).forbidden
    known = exam.shown(trained.parts, depth=5).slates
    own = shown_by(exam.served(trained.parts), exam.question.requests, depth=5).slates
    assert np.array_equal(known.item, own.item)
    assert len(own)
