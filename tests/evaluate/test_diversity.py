"""Intra-list distance counts pairs, within a slate, of what is known."""

import numpy as np
import pytest

from galen.evaluate.diversity import unlike_kinds, unlike_vectors
from galen.pipeline.candidates import Candidates

SLATES = Candidates(np.array([0, 0, 0, 2, 2, 3]), np.array([0, 1, 2, 0, 3, 1]))


def test_pairs_of_two_kinds_are_counted_within_each_slate_of_two_rows_or_more():
    kind = np.array([0, 0, 1, 0])
    assert unlike_kinds(SLATES, kind).tolist() == pytest.approx([2 / 3, 0])
    assert unlike_kinds(SLATES, kind, cut=2).tolist() == [0, 0]


def test_items_of_no_known_kind_and_of_no_vector_are_left_out():
    assert unlike_kinds(SLATES, np.array([0, 1, -1, -1])).tolist() == pytest.approx(
        [1, np.nan], nan_ok=True
    )
    vectors = np.array([[1, 0], [0, 2], [0, 0], [0, 0]], np.float32)
    assert unlike_vectors(SLATES, vectors).tolist() == pytest.approx([1, np.nan], nan_ok=True)


def test_vectors_are_as_far_apart_as_their_angle_says():
    vectors = np.array([[1, 0], [3, 0], [-2, 0], [0, 1]], np.float32)
    assert unlike_vectors(SLATES, vectors).tolist() == pytest.approx([(0 + 2 + 2) / 3, 1])
