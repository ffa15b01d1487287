"""A person's newest items vote; what is learned from is each item once, at its newest."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse

from galen.recall.votes import ItemVotes, most_popular, strongest, taken_once, voted


@dataclass(frozen=True)
class Said:
    recent: int = 2
    decay: float = 0.5
    repeat: bool = False


WEIGHTS = sparse.csr_array(
    np.array(
        [[0, 0, 0, 4, 0], [0, 0, 0, 0, 3], [0, 9, 0, 0, -2], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
        np.float32,
    )
)


def test_the_newest_items_vote_and_an_older_one_counts_less(world):
    found = ItemVotes(Said(), WEIGHTS).retrieve(world.requests([[2, 1, 0]]), 5)
    assert found.item.tolist() == [3, 4]
    assert found.columns["score"].tolist() == [4.0, 1.5]


def test_what_votes_speak_against_is_not_proposed(world):
    found = ItemVotes(Said(), WEIGHTS).retrieve(world.requests([[2]]), 5)
    assert found.item.tolist() == [1]


@pytest.mark.parametrize(("repeat", "items"), [(False, [4]), (True, [1, 4])])
def test_items_of_the_history_come_back_only_where_that_is_wanted(world, repeat, items):
    votes = ItemVotes(Said(repeat=repeat), WEIGHTS)
    assert votes.retrieve(world.requests([[2, 1]]), 5).item.tolist() == items


def test_an_item_taken_twice_counts_once_at_its_newest_time(world):
    matrix = taken_once(world.data, 0.5)
    first = world.data.item[:6]  # the sixth is the first again
    assert first[5] == first[0]
    row = matrix[[0]].toarray()[0]
    assert row[first[1:]].tolist() == [0.5**4, 0.5**3, 0.5**2, 0.5, 1.0]
    assert np.count_nonzero(row) == 5


def test_without_decay_what_is_learned_from_is_ones(world):
    assert set(taken_once(world.data, 1.0).data.tolist()) == {1.0}


def test_the_most_popular_columns_are_those_with_most_entries():
    matrix = sparse.csr_array(np.array([[1, 0, 1, 0], [1, 0, 1, 1], [0, 0, 1, 0]], np.float32))
    assert most_popular(matrix, 2).tolist() == [0, 2]
    assert most_popular(matrix, 10).tolist() == [0, 2, 3]


def test_the_strongest_of_a_row_are_kept():
    kept = strongest(sparse.csr_array(np.array([[1.0, 3.0, 2.0], [0.0, 0.0, 5.0]])), 2)
    assert kept.toarray().tolist() == [[0.0, 3.0, 2.0], [0.0, 0.0, 5.0]]


def test_votes_over_rows_that_are_read_are_the_whole_product():
    random = np.random.default_rng(0)
    weights = sparse.random_array((60, 40), density=0.2, rng=random, format="csr")
    votes = sparse.random_array((7, 60), density=0.1, rng=random, format="csr")
    found = voted(votes, weights)
    assert (found != votes @ weights).nnz == 0
    assert voted(votes[:0], weights).shape == (0, 40)
    nobody = sparse.csr_array((3, 60))
    assert voted(nobody, weights).toarray().tolist() == np.zeros((3, 40)).tolist()
