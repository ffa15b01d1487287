"""Keys are found among sorted ones, and only where they are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from galen.data.lookup import all_places_of, place_within, places_in_runs, places_of

NUMBERS = st.lists(st.integers(-5, 5), max_size=12)


@given(NUMBERS, NUMBERS)
def test_a_key_is_found_at_its_first_place_or_not_at_all(keys, wanted):
    keys = sorted(keys)
    found = places_of(np.array(keys, np.int64), np.array(wanted, np.int64))
    assert found.tolist() == [keys.index(one) if one in keys else -1 for one in wanted]


def test_a_table_of_wanted_keys_has_a_table_of_places():
    assert places_of(np.array([2, 4]), np.array([[4, 3], [2, 9]])).tolist() == [[1, -1], [0, -1]]
    assert places_of(np.empty(0, np.int64), np.zeros((2, 1), np.int64)).tolist() == [[-1], [-1]]


@given(NUMBERS, NUMBERS)
def test_all_places_of_a_key_are_found_in_the_order_of_the_wanted_keys(keys, wanted):
    keys = sorted(keys)
    row, place = all_places_of(np.array(keys, np.int64), np.array(wanted, np.int64))
    expected = [(w, p) for w, one in enumerate(wanted) for p, key in enumerate(keys) if key == one]
    assert list(zip(row.tolist(), place.tolist(), strict=True)) == expected


def test_runs_of_places_follow_each_other_and_an_empty_one_has_none():
    found = places_in_runs(np.array([7, 2, 0]), np.array([2, 0, 3]))
    assert found.tolist() == [7, 8, 0, 1, 2]
    assert places_in_runs(np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == []


def test_a_rows_place_in_its_group_is_counted_from_0():
    assert place_within(np.array([2, 2, 5, 7, 7, 7])).tolist() == [0, 1, 0, 0, 1, 2]
    assert place_within(np.empty(0, np.int64)).tolist() == []
