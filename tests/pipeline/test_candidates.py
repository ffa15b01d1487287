"""The nouns of a recommendation keep their shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galen.pipeline.candidates import Batch, Candidates, Histories


def packed(lengths: list[int]) -> Histories:
    rows = sum(lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Histories(offsets, np.arange(rows), np.zeros(rows, np.int64), np.arange(rows))


@given(st.lists(st.integers(0, 6), max_size=8), st.integers(0, 7))
def test_the_latest_events_are_the_end_of_each_history(lengths, count):
    history = packed(lengths)
    latest = history.latest(count)
    for row in range(len(lengths)):
        whole = history.item[history.offsets[row] : history.offsets[row + 1]].tolist()
        kept = latest.item[latest.offsets[row] : latest.offsets[row + 1]].tolist()
        assert kept == (whole[-count:] if count else [])


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-5, 5)), max_size=30), st.integers(1, 5))
def test_the_top_rows_are_the_best_of_each_request(rows, k):
    request = np.array([r for r, _ in rows], np.int64)
    score = np.array([s for _, s in rows], float)
    top = Candidates(request, np.arange(len(rows)), {"score": score}).top(k, by="score")
    for row in range(4):
        best = sorted(score[request == row], reverse=True)[:k]
        assert top.columns["score"][top.request == row].tolist() == best


def test_a_column_of_another_length_is_refused():
    table = Candidates(np.zeros(2, np.int64), np.arange(2))
    with pytest.raises(ValueError, match="'score' has"):
        table.with_columns({"score": np.zeros(3)})


def test_a_batch_spreads_the_values_of_a_request_over_its_rows():
    batch = Batch(
        np.array([0, 0, 1]),
        {"age": np.array([30, 40], np.float32)},
        {"price": np.array([1, 2, 3], np.float32)},
    )
    assert batch.matrix(["price", "age"]).tolist() == [[1, 30], [2, 30], [3, 40]]
