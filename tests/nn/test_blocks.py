"""Rows are scored in blocks that bound memory, and figures do not follow the blocks."""

import numpy as np
import pytest
import torch

from galen.nn import blocks as module
from galen.nn.blocks import SCORES_AT_ONCE, blocks
from galen.nn.search import top_items
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut, judged

PEOPLE, ITEMS = 90, 40


@pytest.mark.parametrize(
    ("rows", "items", "expected"),
    [
        (1300, 3_000, [512, 512, 276]),  # small catalogues are read as they always were
        (1300, 1_000_000, 39 * [33] + [13]),
        (3, SCORES_AT_ONCE * 2, [1, 1, 1]),
        (0, 10, []),
        (3, 0, [3]),
    ],
)
def test_as_many_rows_are_scored_at_once_as_memory_holds(rows, items, expected):
    parts = list(blocks(rows, items, most=512))
    assert [part.stop - part.start for part in parts] == expected
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(rows))


def test_figures_are_the_same_in_whatever_blocks(monkeypatch):
    draw = np.random.default_rng(0)
    offsets = np.arange(0, 3 * PEOPLE + 1, 3)
    item = draw.integers(0, ITEMS, 3 * PEOPLE)
    kept = HeldOut(
        Columns(offsets, item, np.full(len(item), 3), np.zeros(len(item))),
        draw.integers(0, ITEMS, PEOPLE),
    )
    told = torch.from_numpy(draw.normal(size=(PEOPLE, ITEMS)))
    vectors, queries = draw.normal(size=(2, ITEMS, 8)).astype(np.float32)
    largest: list[int] = []

    def scores(people):
        largest.append(len(people))
        return told[people]

    def figures():
        found = top_items(queries, vectors, 5, exclude=(np.arange(ITEMS), np.arange(ITEMS)))[0]
        return judged(kept, scores, ITEMS, repeat=False), found

    whole, first = figures()
    assert largest == [PEOPLE]
    monkeypatch.setattr(module, "SCORES_AT_ONCE", 7 * ITEMS + 3)
    parts, second = figures()
    assert max(largest[1:]) == 7
    assert parts == pytest.approx(whole, rel=1e-12)
    assert np.array_equal(first, second)
