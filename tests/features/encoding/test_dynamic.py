"""A vocabulary over days: let in by count, and ids keep their meaning."""

import hypothesis.strategies as st
import pyarrow as pa
from hypothesis import given, settings

from galen.features.encoding.dynamic import PATIENCE, Dynamic
from galen.features.encoding.vocabulary import Exact

NOTHING = Exact(pa.array([], pa.string()))


def ids_of(vocabulary, *values):
    return vocabulary.vocabulary.ids(pa.array(values)).tolist()


def test_a_value_is_let_in_once_it_was_seen_often_enough_over_days():
    start = Dynamic(NOTHING, least=3)
    one, changed = start.advanced(pa.array(["a", "a", "a", "b", "b"]), 1)
    assert ids_of(one, "a", "b", "c") == [1, 0, 0]
    assert changed.tolist() == [1]
    two, changed = one.advanced(pa.array(["b", "c"]), 2)
    assert ids_of(two, "a", "b", "c") == [1, 2, 0]
    assert changed.tolist() == [2]


def test_a_value_that_waits_is_forgotten_when_it_stays_away():
    for away, let_in in ((PATIENCE - 1, True), (PATIENCE, False)):
        words, _ = Dynamic(NOTHING, least=2).advanced(pa.array(["rare"]), 1)
        for day in range(2, 2 + away):
            words, _ = words.advanced(pa.array(["other"]), day)
        words, _ = words.advanced(pa.array(["rare"]), 2 + away)
        assert (ids_of(words, "rare") != [0]) == let_in


def test_the_most_frequent_have_the_lowest_of_the_new_ids():
    words, _ = Dynamic(Exact(pa.array([3]))).advanced(pa.array([5, 7, 7, 9, 9, 9]), 1)
    assert ids_of(words, 3, 9, 7, 5) == [1, 2, 3, 4]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), max_size=20), min_size=1, max_size=8))
def test_every_value_has_its_id_from_the_day_on_which_it_was_seen_twice(days):
    words, meaning, seen = Dynamic(Exact(pa.array([], pa.int64())), least=2), {}, []
    for day, column in enumerate(days):
        words, changed = words.advanced(pa.array(column, pa.int64()), day)
        seen += column
        held = words.vocabulary.values.to_pylist()
        assert set(held) == {value for value in seen if seen.count(value) >= 2}
        assert changed.tolist() == list(range(len(meaning) + 1, len(held) + 1))
        for place, value in enumerate(held):
            assert meaning.setdefault(place + 1, value) == value
