"""Lists, ids and whole numbers in every form that tools leave them in."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from galen.data.importing.converting import convert
from galen.data.importing.reading import column
from galen.data.schema import ITEMS

FIELD = ITEMS.field("attributes")
ID = pa.field("user_id", pa.string())
MOMENT = pa.field("timestamp", pa.timestamp("us"))
WHOLE, NARROW = pa.field("order", pa.int64()), pa.field("age", pa.int32())


def read(*texts):
    values, bad = convert(pa.array(texts, pa.string()), FIELD)
    return values.to_pylist(), bad.tolist()


@given(some.lists(some.text(some.characters(codec="utf-8"), max_size=8), min_size=1, max_size=5))
@settings(deadline=None)
def test_a_list_as_python_prints_it_is_read_back(words):
    assert read(repr(words)) == ([words], [False])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('["a", "b\\u00e9\\n"]', ["a", "bé\n"]),
        ("[]", []),
        ("a|b", ["a", "b"]),
        ("['a', \"b's\"]", ["a", "b's"]),
    ],
)
def test_json_and_bars_are_read_as_before(text, words):
    assert read(text) == ([words], [False])


@pytest.mark.parametrize(
    "text",
    [
        r"['\x']",
        r"['\d']",
        r"['\N{DIGIT ONE}']",
        "['a'",
        "['a' 'b']",
        "['a', ['b']]",
        "['a', 1]",
        "['a', __import__('os')]",
        "[" * 100_000,
        "{}[",
    ],
)
def test_what_is_no_list_of_texts_is_bad_and_never_run(text):
    values, bad = read(text, "['good']")
    assert bad == [text != "{}[", False]
    assert values[1] == ["good"]


@pytest.mark.parametrize("beside", [[], ["['a']"]])  # a printed list has its block read by rows
def test_parts_between_bars_have_no_blanks_around_them_and_none_is_empty(beside):
    texts = ["ibuprofen | codeine", "a||b |", " \u3000c\u00a0", " | ", "|", "", *beside]
    values, bad = read(*texts)
    assert values[:6] == [["ibuprofen", "codeine"], ["a", "b"], ["c"], [], [], None]
    assert not any(bad)


def test_no_lists_are_read_of_no_rows():
    assert read() == ([], [])


@pytest.mark.parametrize("beside", [5.0, 5.5, float("nan"), float("inf"), None])
def test_an_id_that_a_tool_made_a_float_is_one_word_whatever_stands_beside_it(beside):
    values, _ = convert(pa.array([1234567890123.0, beside]), ID)
    assert values[0].as_py() == "1234567890123"


def test_floats_are_words_each_by_itself_and_no_number_is_no_word():
    values, bad = convert(pa.array([5.0, -0.0, 5.5, float("nan"), None]), ID)
    assert values.to_pylist() == ["5", "0", "5.5", None, None]
    assert not bad.any()


@pytest.mark.parametrize(
    ("kind", "exact"), [(np.float16, 2**11), (np.float32, 2**24), (np.float64, 2**53)]
)
def test_ids_that_a_float_cannot_tell_apart_are_bad(kind, exact):
    given = np.array([exact - 1, exact, 2 * exact, np.inf, -np.inf], kind)
    values, bad = convert(pa.array(given), ID)
    assert values.to_pylist() == [str(exact - 1), None, None, None, None]
    assert bad.tolist() == [False, True, True, True, True]


def test_whole_floats_among_words_of_json_are_the_same_ids_as_among_floats():
    assert column([5.0, "x", 5.5]).to_pylist() == ["5", "x", "5.5"]
    assert convert(column([5.0, 5.5]), ID)[0].to_pylist() == ["5", "5.5"]


@pytest.mark.parametrize(
    "given",
    [
        ["1700000000000000001", " +1700000000000000002", "5.0", "x", "9223372036854775808"],
        [Decimal("1700000000000000001"), Decimal("1700000000000000002"), 5, "0.5", 2**63],
    ],
)
def test_an_odd_value_costs_whole_numbers_beside_it_no_digit(given):
    kind = pa.string() if isinstance(given[1], str) else pa.decimal128(38, 1)
    numbers = given if pa.types.is_string(kind) else [Decimal(one) for one in given]
    values, bad = convert(pa.array(numbers, kind), WHOLE)
    assert values.to_pylist() == [1700000000000000001, 1700000000000000002, 5, None, None]
    assert bad.tolist() == [False, False, False, True, True]


def test_whole_numbers_that_are_too_large_are_bad_and_cost_the_others_no_digit():
    values, bad = convert(pa.array([2**64 - 1, 2**63 - 1], pa.uint64()), WHOLE)
    assert (values.to_pylist(), bad.tolist()) == ([None, 2**63 - 1], [True, False])
    values, bad = convert(pa.array([2**31, -(2**31), None]), NARROW)
    assert (values.to_pylist(), bad.tolist()) == ([None, -(2**31), None], [True, False, False])


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.uint64(), pa.decimal128(20, 0)])
def test_nanoseconds_keep_their_microsecond(kind):
    told = [1_772_323_200_123_456_999, 1_772_323_200_000_001_000, 1_772_323_200, None]
    whole = [1_772_323_200_123_456, 1_772_323_200_000_001, 1_772_323_200_000_000, None]
    values, bad = convert(pa.array(told).cast(kind), MOMENT)
    assert values.cast(pa.int64()).to_pylist() == whole
    assert not bad.any()


def test_nanoseconds_as_floats_are_as_good_as_they_are():
    values, bad = convert(pa.array([1_772_323_200e9, None]), MOMENT)
    assert values.cast(pa.int64()).to_pylist() == [1_772_323_200_000_000, None]
    assert not bad.any()
