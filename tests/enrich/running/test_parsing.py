import json

import pytest
from enrich.asked import items_of
from pydantic import Field

from galen.enrich.running.parsing import Said, chosen_from, parse, schema_of
from galen.enrich.running.vocabulary import Vocabulary
from galen.llm.language_model import Reply

WORDS = Vocabulary({"word": ("spray", "tablets", "other")})


class Inner(Said):
    word: str = Field(json_schema_extra=chosen_from("word"))


class Answer(Said):
    word: str = Field(json_schema_extra=chosen_from("word"))
    also: tuple[str, ...] = Field(max_length=2, json_schema_extra=chosen_from("word"))
    perhaps: str | None = Field(json_schema_extra=chosen_from("word"))
    sure: float = Field(ge=0, le=1)
    inner: tuple[Inner, ...] = ()


GOOD = {"word": "spray", "also": ["tablets"], "perhaps": None, "sure": 0.5}


def codes(said, **reply):
    text = said if isinstance(said, str) else json.dumps(said)
    answer, faults = parse(Reply(text, **reply), Answer, WORDS)
    assert (answer is None) == bool(faults)
    return [fault.code.value for fault in faults]


def test_a_good_answer_is_taken():
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"word": "elixir"}, "vocabulary"),
        ({"also": ["spray", "elixir"]}, "vocabulary"),
        ({"perhaps": "elixir"}, "vocabulary"),
        ({"inner": [{"word": "elixir"}]}, "vocabulary"),
        ({"sure": -3.12}, "range"),
        ({"sure": 1e9}, "range"),
        ({"also": ["spray"] * 3}, "range"),
        ({"sure": "0.5"}, "schema"),
        ({"more": 1}, "schema"),
        ({"word": None}, "schema"),
    ],
)
def test_what_a_server_lets_through_is_caught(change, code):
    assert codes(GOOD | change) == [code]


def test_a_field_that_is_missing_is_a_fault():
    assert codes({"word": "spray"}) == ["schema"] * 3


@pytest.mark.parametrize("text", ["", "Sure! Here it is:", '{"word": "spr', "NaN", "[]", "null"])
def test_what_is_no_object_of_json_is_a_fault(text):
    assert codes(text)[0] in ("syntax", "schema")


def test_numbers_that_are_none_are_a_fault():
    assert codes(json.dumps(GOOD).replace("0.5", "NaN"))[0] in ("syntax", "range", "schema")


def test_an_answer_cut_short_is_a_fault_even_where_it_reads_well():
    assert codes(GOOD, whole=False) == ["truncated"]


def test_the_schema_offers_the_words_of_the_shop_wherever_they_are_chosen():
    schema = json.loads(schema_of(Answer, WORDS))
    told = schema["properties"]
    assert told["word"]["enum"] == ["spray", "tablets", "other"]
    assert told["also"]["items"]["enum"] == ["spray", "tablets", "other"]
    assert told["perhaps"]["anyOf"][0]["enum"] == ["spray", "tablets", "other"]
    assert schema["$defs"]["Inner"]["properties"]["word"]["enum"]
    assert "vocabulary" not in json.dumps(schema)


def test_a_schema_changes_with_the_taxonomy():
    task = items_of()
    words = dict(task.asked.vocabulary.words)
    grown = Vocabulary(words | {"product_word": (*words["product_word"], "elixir")})
    assert schema_of(task.asked.answer, grown) != schema_of(
        task.asked.answer, task.asked.vocabulary
    )
    assert grown.version != task.asked.vocabulary.version
