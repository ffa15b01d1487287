"""A generator is judged by people held out as it will answer them."""

import numpy as np
import pytest
import torch

from galen.generative.answering import ndcg
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut

ITEMS = 20
BEFORE = Columns(np.array([0, 2, 3]), np.array([0, 1, 2]), np.full(3, 3), np.zeros(3))


def write(part, eligible, k):
    """The lowest eligible items."""
    order = torch.argsort((~eligible).int(), dim=1, stable=True)[:, :k]
    found = torch.where(eligible.gather(1, order), order, -1)
    return found, torch.zeros(found.shape)


@pytest.mark.parametrize(
    ("wanted", "repeat", "places"),
    [
        ([0, 2], False, [None, None]),
        ([0, 2], True, [0, 2]),
        ([2, 3], False, [0, 2]),  # what was taken before stands aside
        ([2, 3], True, [2, 3]),
    ],
)
def test_what_was_taken_before_counts_as_the_channel_answers(wanted, repeat, places):
    gains = [0.0 if place is None else 1 / np.log2(place + 2) for place in places]
    told = ndcg(write, HeldOut(BEFORE, np.array(wanted)), ITEMS, repeat=repeat)
    assert told == pytest.approx(np.mean(gains))
