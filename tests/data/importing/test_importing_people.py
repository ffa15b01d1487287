"""A person's row with something unreadable in it: what it declares is not lost, and not guessed."""

import json
from pathlib import Path
from typing import Any

import pytest
from shop_files import events, rejected, run, shop

from galen.data.importing.importer import ImportRefused, ImportSettings
from galen.data.importing.people import UNREADABLE

WHOLE = {
    "user_id": "u1",
    "age": 30,
    "conditions": ["pregnancy"],
    "allergies": ["penicillin"],
    "consents": [],
}


def record(folder: Path, *rows: dict[str, Any]) -> dict[str, Any]:
    """What the shop holds of u1 after the import of rows of people."""
    users = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    run(folder, events=events(20), users=(".jsonl", users))
    (found,) = [row for row in shop(folder).read("users").to_pylist() if row["user_id"] == "u1"]
    return dict(found)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("age", "thirty", "age is not a whole number"),
        ("age", 300, "age is not from 0 to 130 years"),
        ("household_size", -1, "household_size is negative"),
        ("created_at", "1970-01-01", "created_at is before 1990"),
    ],
)
def test_a_bad_field_takes_no_declaration_along(tmp_path, field, value, reason):
    found = record(tmp_path, WHOLE | {field: value})
    assert rejected(tmp_path) == {("users", 1): reason}
    assert found[field] is None
    assert (found["conditions"], found["allergies"]) == (["pregnancy"], ["penicillin"])
    assert found["consents"] == []


@pytest.mark.parametrize(
    ("field", "value", "left"),
    [
        ("allergies", ["penicillin", None], ["penicillin", UNREADABLE]),
        ("allergies", {"penicillin": True}, [UNREADABLE]),
        ("medicines", [{"name": "warfarin"}], [UNREADABLE]),
        ("conditions", ["pregnancy", None], ["pregnancy", UNREADABLE]),
    ],
)
def test_a_declaration_that_cannot_be_read_whole_ends_in_a_word_that_nobody_knows(
    tmp_path, field, value, left
):
    found = record(tmp_path, WHOLE | {field: value})
    assert ("users", 1) in rejected(tmp_path)
    assert found == record(tmp_path, WHOLE) | {field: left}


def test_consents_that_cannot_be_read_allow_nothing_more_than_they_say(tmp_path):
    assert record(tmp_path, WHOLE | {"consents": {"all": True}})["consents"] == []
    assert record(tmp_path, WHOLE | {"consents": ["marketing", None]})["consents"] == ["marketing"]


def test_a_row_of_nobody_lands_nowhere_and_the_first_row_of_a_person_counts(tmp_path):
    found = record(tmp_path, {"user_id": None, "age": 200}, WHOLE | {"age": -1}, WHOLE)
    assert found["age"] is None
    assert rejected(tmp_path) == {
        ("users", 1): "user_id is missing",
        ("users", 2): "age is not from 0 to 130 years",
        ("users", 3): "user_id is there twice",
    }
    assert len(shop(tmp_path).read("users")) == 7  # of the events, u1 among them


def test_rows_that_land_in_part_count_as_bad_ones(tmp_path):
    users = b"user_id,age\nu1,30\nu2,thirty\n"
    with pytest.raises(ImportRefused, match=r"1 of 2 rows of users are bad \(50.0%"):
        run(tmp_path, ImportSettings(), events=events(20), users=users)
