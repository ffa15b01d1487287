"""The order of what was held out is judged to the model's loss wherever it does not say."""

import numpy as np
import pytest
import torch

from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.context import Tokens
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.item_tower import ItemTower, Known
from galen.nn.sequences.judging import HeldOut, Judge, judged
from galen.nn.sequences.next_item import NextItem, Objective
from galen.nn.sequences.reader import Reader

ITEMS = 20
BEFORE = Columns(np.array([0, 2, 3]), np.array([0, 1, 2]), np.full(3, 3), np.zeros(3))


@pytest.mark.parametrize(("weight", "expected"), [(0.0, 0.0), (float("nan"), 0.0)])
def test_a_network_that_says_the_same_or_nothing_of_all_items_tells_no_order(weight, expected):
    torch.manual_seed(0)
    tower = ItemTower(Known(ITEMS), torch.ones(ITEMS, dtype=torch.bool), 8)
    reader = Reader(backbone(Shape("sasrec", 8, 1, 1, 0.0, 50)), Tokens(4, 4, False, ()))
    network = NextItem(tower, reader, Objective())
    judge = Judge(HeldOut(BEFORE, np.array([5, 6])), 50, repeat=False)
    with torch.no_grad():
        tower.own.fill_(weight)
    assert judge(network)["ndcg"] == expected


SCORES = torch.tensor([[0.0, 9, 0, 5, 3], [0, 0, 9, 5, 3]], dtype=torch.float64)
FIRST, SECOND = 1.0, 1 / np.log2(3)


@pytest.mark.parametrize(
    ("wanted", "repeat", "expected"),
    [
        ([1, 2], False, [0.0, 0.0]),  # taken before: the channel cannot find it
        ([3, 3], False, [FIRST, FIRST]),  # what was taken before stands aside
        ([1, 2], True, [FIRST, FIRST]),
        ([3, 3], True, [SECOND, SECOND]),
    ],
)
def test_what_was_taken_before_counts_as_the_channel_answers(wanted, repeat, expected):
    told = judged(HeldOut(BEFORE, np.array(wanted)), lambda p: SCORES[p], 5, repeat=repeat)
    assert told["ndcg"] == pytest.approx(np.mean(expected))
    losses = -torch.log_softmax(SCORES, 1)[[0, 1], wanted]
    assert told["loss"] == pytest.approx(float(losses.mean()))


def test_what_the_channel_never_finds_stands_beside_nothing():
    findable = np.array([True, False, False, True, True])
    kept = HeldOut(BEFORE, np.array([3, 4]))
    told = judged(kept, lambda p: SCORES[p], 5, repeat=True, findable=findable)
    assert told["ndcg"] == pytest.approx((FIRST + SECOND) / 2)
    assert judged(kept, lambda p: SCORES[p], 5, repeat=True)["ndcg"] < told["ndcg"]
    among = SCORES[:, findable]
    losses = -torch.log_softmax(among, 1)[[0, 1], [1, 2]]
    assert told["loss"] == pytest.approx(float(losses.mean()))
    kept = HeldOut(BEFORE, np.array([3, 2]))  # of the second nothing can be told
    told = judged(kept, lambda p: SCORES[p], 5, repeat=True, findable=findable)
    assert told["ndcg"] == pytest.approx(FIRST / 2)
    assert told["loss"] == pytest.approx(float(losses[0]))
