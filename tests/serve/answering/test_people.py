import math

import pyarrow as pa
import pytest

from galen.data.schema import USERS
from galen.serve.answering.people import KnownPeople


@pytest.fixture
def people() -> KnownPeople:
    row = {"user_id": "ana", "age": 30, "life_stage": "parents with a baby"}
    return KnownPeople(pa.Table.from_pylist([row], schema=USERS))


def test_the_life_stage_of_a_user_is_known_as_it_was_given_last(people):
    assert people.life_stage(people.row("ana")) == "parents with a baby"
    people.upsert("ana", {"life_stage": "family"})
    assert people.life_stage(people.row("ana")) == "family"


def test_the_household_of_a_user_is_as_it_was_given_last(people):
    row = people.row("ana")
    assert math.isnan(people.household(row))
    people.upsert("ana", {"household_size": 4})
    assert people.household(row) == 4
    people.forget("ana")
    assert math.isnan(people.household(row))
    assert math.isnan(people.household(-1))


def test_a_person_who_is_not_known_has_no_life_stage(people):
    assert people.life_stage(people.row("bo")) is None
    assert people.life_stage(people.upsert("bo")) is None


def test_a_forgotten_user_leaves_no_life_stage(people):
    row = people.forget("ana")
    assert people.life_stage(row) is None
