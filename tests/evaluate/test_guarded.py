"""A question put through the gate knows what its people declare and what they bought before."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.split import split_by
from galen.data.schema import USERS, Kind
from galen.eligibility.guard import Guard
from galen.evaluate.guarded import Guarded
from galen.evaluate.offline import Question
from galen.features.ledger import LONGEST


def people_of(guarded):
    count = len(guarded.users)
    return PeopleColumns(
        guarded.users["user_id"].to_pylist(),
        np.full(count, 30.0),
        [None] * count,
        [None] * count,
        np.full(count, np.nan),
    )


@pytest.fixture(scope="module")
def asked(world):
    records = [{"user_id": str(n), "age": 30} for n in range(world.data.users)]
    records[3] |= {"conditions": ["pregnancy"], "medicines": ["warfarin", "xyzzy"]}
    users = pa.Table.from_pylist(records, schema=USERS)
    guarded = Guarded(Guard.of(world.data.catalogue), users)
    question = Question.of(split_by("strict", world.data).test, people_of(guarded), seed=0)
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
    assert 0 < len(bought.ago) < len(past)
    assert (bought.ago >= 0).all()


def test_who_is_asked_about_early_in_a_long_time_has_bought_what_was_bought_before_it(asked, world):
    *_, guarded = asked
    data = replace(world.data, at=world.data.at.min() + (world.data.at - world.data.at.min()) * 20)
    assert data.at.max() - data.at.min() > 3 * LONGEST
    question = Question.of(split_by("strict", data).test, people_of(guarded), seed=0)
    requests = guarded.question(question).requests
    bought = requests.circumstances.bought
    early = int(np.flatnonzero(requests.at < data.at.max() - 2 * LONGEST)[0])
    past = question.moment.past
    own = (past.user == requests.user[early]) & (past.kind == Kind.PURCHASE)
    year = own & (past.at > requests.at[early] - LONGEST) & (past.at <= requests.at[early])
    assert bought.item.part(early, early + 1).values.tolist() == past.item[year].tolist() != []


def test_people_are_parted_by_what_they_declare(asked):
    before, after, _, guarded = asked
    assert guarded.slices(before) == []
    rows = {part.name: np.flatnonzero(part.requests) for part in guarded.slices(after)}
    (row,) = np.flatnonzero(after.requests.user == 3)
    for name in ("declared conditions", "declared medicines", "pregnancy or lactation"):
        assert rows[name].tolist() == [row]
    assert "declared allergies" not in rows
    assert len(rows["declared nothing"]) == len(after.requests) - 1
