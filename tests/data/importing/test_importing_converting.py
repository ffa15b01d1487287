"""Lists of texts in every form that tools leave them in a text file."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from galen.data.importing.converting import convert
from galen.data.schema import ITEMS

FIELD = ITEMS.field("attributes")


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
