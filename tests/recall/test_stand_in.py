"""What is missing is told from what goes with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galen.recall.stand_in import Together


def said(rows: int = 4000) -> np.ndarray:
    """The second is twice the first and one; the third has nothing to do with either."""
    random = np.random.default_rng(0)
    first, third = random.normal(size=(2, rows))
    second = 2 * first + 1 + random.normal(size=rows) * 0.1
    return np.stack([first, second, third + 5], axis=1)


def test_what_goes_with_another_is_told_from_it():
    whole = said()
    filled = Together.of(whole).filled(np.where([True, False, True], whole, np.nan), [1])
    assert np.abs(filled[:, 1] - whole[:, 1]).mean() < 0.1
    np.testing.assert_array_equal(filled[:, [0, 2]], whole[:, [0, 2]])


def test_what_goes_with_nothing_is_its_mean():
    whole = said()
    filled = Together.of(whole).filled(np.where([True, True, False], whole, np.nan), [2])
    assert filled[:, 2] == pytest.approx(np.full(len(whole), whole[:, 2].mean()), abs=0.2)


def test_where_all_are_missing_their_means_are_left():
    whole = said()
    filled = Together.of(whole).filled(np.full((3, 3), np.nan), [0, 1, 2])
    np.testing.assert_allclose(filled, np.tile(whole.mean(axis=0), (3, 1)))


def test_what_was_said_of_no_row_stands_in_as_nothing():
    filled = Together.of(np.empty((0, 2))).filled(np.array([[3.0, np.nan]]), [1])
    assert filled.tolist() == [[3.0, 0.0]]


@given(st.sets(st.integers(0, 3), min_size=1), st.floats(0, 1e6))
def test_what_stands_in_is_finite_also_where_some_say_the_same_or_always_the_same(gone, constant):
    random = np.random.default_rng(2)
    one = random.normal(size=50)
    whole = np.stack([one, one, np.full(50, constant), random.normal(size=50)], axis=1)
    assert np.isfinite(Together.of(whole).filled(whole, sorted(gone))).all()
