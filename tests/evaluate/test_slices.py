"""Requests are parted by what was known of the person and of the item they took."""

import numpy as np
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.evaluate.slices import head_of, slices_by_declaration, slices_of


def test_the_head_is_the_fifth_of_items_with_the_most_events():
    popularity = np.array([3.0, 9.0, 0.0, 4.0, 9.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    assert np.flatnonzero(head_of(popularity)).tolist() == [1, 4]
    assert np.flatnonzero(head_of(np.array([2.0, 2.0, 2.0]))).tolist() == [0]


def test_items_without_an_event_are_no_head():
    assert not head_of(np.zeros(5)).any()
    assert head_of(np.array([1.0] + 19 * [0.0])).sum() == 1


def test_requests_are_parted_by_the_popularity_of_what_was_taken():
    catalogue = Catalogue(items_table([{"item_id": str(row)} for row in range(5)]))
    popularity = np.array([50.0, 6.0, 6.0, 1.0, 0.0])
    parts = slices_of(
        np.array([0, 2, 8, 20]), np.arange(4), np.array([0, 1, 3, 4]), popularity, catalogue
    )
    rows = {part.name: np.flatnonzero(part.requests).tolist() for part in parts}
    assert rows["head items (top 20%)"] == [0]
    assert rows["tail items"] == [1, 2, 3]
    assert rows["cold item (< 5 events)"] == [2, 3]
    assert rows["history 1-3"] == [1]


def test_requests_are_parted_by_what_people_declared():
    parts = slices_by_declaration(
        np.array([True, False, False, False]),
        np.array([True, True, False, False]),
        np.zeros(4, bool),
        np.array([False, False, True, False]),
    )
    rows = {part.name: np.flatnonzero(part.requests).tolist() for part in parts}
    assert rows == {
        "declared nothing": [3],
        "declared conditions": [0],
        "declared medicines": [0, 1],
        "pregnancy or lactation": [2],
    }
