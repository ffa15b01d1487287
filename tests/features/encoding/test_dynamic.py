"""A vocabulary over days: let in by count, gone by age, ids keep their meaning."""

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, settings

from galen.features.encoding.dynamic import Dynamic


def ids_of(vocabulary, *values):
    return vocabulary.vocabulary.ids(pa.array(values)).tolist()


def test_a_value_is_let_in_once_it_was_seen_often_enough_over_days():
    start = Dynamic(least=3)
    one, changed = start.advanced(pa.array(["a", "a", "a", "b", "b"]), 1)
    assert ids_of(one, "a", "b", "c") == [1, 0, 0]
    assert changed.tolist() == [1]
    two, changed = one.advanced(pa.array(["b", "c"]), 2)
    assert ids_of(two, "a", "b", "c") == [1, 2, 0]
    assert changed.tolist() == [2]


def test_a_value_that_was_not_seen_for_days_leaves_and_its_id_is_given_on():
    words, _ = Dynamic(days=2).advanced(pa.array(["old", "kept"]), 1)
    (old,) = ids_of(words, "old")
    words, _ = words.advanced(pa.array(["kept"]), 3)
    assert ids_of(words, "old") == [old]
    words, changed = words.advanced(pa.array(["kept", "new"]), 4)
    assert ids_of(words, "old", "new") == [0, old]
    assert changed.tolist() == [old]


def test_no_more_values_are_let_in_than_there_is_room_for_the_most_frequent_first():
    words, _ = Dynamic(most=2).advanced(pa.array([5, 7, 7, 9, 9, 9]), 1)
    assert ids_of(words, 5) == [0]
    assert sorted(ids_of(words, 7, 9)) == [1, 2]


def test_days_cannot_run_backwards():
    words, _ = Dynamic().advanced(pa.array([1]), 5)
    with pytest.raises(ValueError, match="day 4 lies before day 5"):
        words.advanced(pa.array([1]), 4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), max_size=20), min_size=1, max_size=8))
def test_an_id_means_the_same_value_until_it_is_told_to_have_changed(days):
    words = Dynamic(least=2, days=2, most=6)
    meaning = {}
    for day, column in enumerate(days):
        words, changed = words.advanced(pa.array(column, pa.int64()), day)
        for gone in changed.tolist():
            meaning.pop(gone, None)
        held = words.vocabulary.values.to_pylist()
        assert len(held) <= 6
        for place, value in enumerate(held):
            if value is not None:
                assert meaning.setdefault(place + 1, value) == value
                assert ids_of(words, value) == [place + 1]
