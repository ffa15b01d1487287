"""A question put through the gate knows what its people declare and what they bought before."""

import numpy as np
import pyarrow as pa
import pytest

from galen.assembly.people import PeopleColumns
from galen.assembly.split import split_by
from galen.data.schema import USERS, Kind
from galen.eligibility.guard import Guard
from galen.evaluate.guarded import Guarded
from galen.evaluate.offline import Question


@pytest.fixture(scope="module")
def asked(world):
    records = [{"user_id": str(n), "age": 30} for n in range(world.data.users)]
    records[3] |= {"conditions": ["pregnancy"], "medicines": ["warfarin", "xyzzy"]}
    users = pa.Table.from_pylist(records, schema=USERS)
    people = PeopleColumns(
        users["user_id"].to_pylist(),
        np.full(len(users), 30.0),
        [None] * len(users),
        [None] * len(users),
        np.full(len(users), np.nan),
    )
    guarded = Guarded(Guard.of(world.data.catalogue), users)
    question = Question.of(split_by("strict", world.data).test, people, seed=0)
    return question, guarded.question(question), guarded.guard.gate.premises, guarded


def test_people_have_what_their_records_declare_and_others_nothing(asked):
    before, after, premises, _ = asked
    assert before.requests.circumstances is None
    told = after.requests.circumstances
    (row,) = np.flatnonzero(after.requests.user == 3)
    assert told.states.part(row, row + 1).values.tolist() == [premises.row("population:pregnancy")]
    assert told.medicines.part(row, row + 1).values.tolist() == [
        premises.row("ingredient:warfarin")
    ]
    assert told.unrecognised.sum() == 1
    assert told.states.count.sum() == 1


def test_purchases_count_only_from_before_the_moment(asked, world):
    _, after, *_ = asked
    bought = after.requests.circumstances.bought
    past = world.data.of(Kind.PURCHASE)
    moment = after.requests.at[bought.item.request]
    assert len(bought.at)
    assert (bought.at <= moment).all()
    assert len(bought.at) < len(past)


def test_people_are_parted_by_what_they_declare(asked):
    before, after, _, guarded = asked
    assert guarded.slices(before) == []
    rows = {part.name: np.flatnonzero(part.requests) for part in guarded.slices(after)}
    (row,) = np.flatnonzero(after.requests.user == 3)
    for name in ("declared conditions", "declared medicines", "pregnancy or lactation"):
        assert rows[name].tolist() == [row]
    assert "declared allergies" not in rows
    assert len(rows["declared nothing"]) == len(after.requests) - 1
