"""Losses of a network that tells the next item, held to their formulas written out in NumPy."""

import numpy as np
import pytest
import torch

from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.context import Tokens
from galen.nn.sequences.histories import Columns, NextItemSource
from galen.nn.sequences.item_tower import ItemTower, Known
from galen.nn.sequences.next_item import NextItem, Objective
from galen.nn.sequences.reader import Reader

ITEMS, NEGATIVES, POPULAR, CALIBRATION = 9, 12, 0.75, 0.6
HISTORIES = [[0, 1, 2, 1], [1, 1, 3], [4, 0, 5, 6, 1], [1, 2]]  # items 7 and 8 nobody took


def lesson(negatives=NEGATIVES):
    """One mini-batch of all histories, with negatives of which some are wanted."""
    item = np.concatenate(HISTORIES)
    offsets = np.concatenate([[0], np.cumsum([len(h) for h in HISTORIES])])
    columns = Columns(offsets, item, np.full(len(item), 3), np.zeros(len(item)))
    source = NextItemSource(columns, ITEMS, 8, 50, negatives, POPULAR, 2.0, 0)
    (only,) = source.lessons(0, 0)
    return only.inputs


def network(objective):
    torch.manual_seed(0)
    tower = ItemTower(Known(ITEMS), torch.ones(ITEMS, dtype=torch.bool), 8)
    tower.own.data *= 20
    reader = Reader(backbone(Shape("sasrec", 8, 1, 1, 0.0, 50)), Tokens(4, 4, False, ()))
    return NextItem(tower, reader, objective).eval()


def scored(model, inputs):
    """(T, items) scores of all items after every event, and (T,) what was wanted, as NumPy has."""
    states = model.reader(model.tower(inputs.events.item), inputs.events)
    whole = states @ model.tower.whole().T
    return whole.double().numpy(), inputs.wanted.numpy()


def sigmoid(score):
    return 1 / (1 + np.exp(-score))


def others_of(inputs, wanted):
    """Of each event, the negatives that are not what it wants; an item drawn twice counts twice."""
    return [[j for j in inputs.negative.tolist() if j != i] for i in wanted]


@torch.no_grad()
def test_sampled_softmax_takes_log_q_off_every_score():
    model, inputs = network(Objective("sampled", correct=True)), lesson()
    scores, wanted = scored(model, inputs)
    taken = np.bincount(np.concatenate(HISTORIES), minlength=ITEMS)
    chance = POPULAR * taken / taken.sum() + (1 - POPULAR) / ITEMS
    corrected = scores - np.log(NEGATIVES * chance)
    expected = []
    for row, i, others in zip(corrected, wanted, others_of(inputs, wanted), strict=True):
        expected.append(np.log(np.exp(row[i]) + np.exp(row[others]).sum()) - row[i])
    assert any(len(others) < NEGATIVES for others in others_of(inputs, wanted))
    np.testing.assert_allclose(model(inputs).numpy(), expected, rtol=1e-4)
    plain = network(Objective("sampled"))(inputs).numpy()
    assert np.abs(plain - expected).max() > 0.1


@torch.no_grad()
def test_bce_is_of_the_next_item_and_of_the_mean_of_the_others():
    model, inputs = network(Objective("bce")), lesson()
    scores, wanted = scored(model, inputs)
    expected = [
        -np.log(sigmoid(row[i])) - np.log(1 - sigmoid(row[others])).mean()
        for row, i, others in zip(scores, wanted, others_of(inputs, wanted), strict=True)
    ]
    np.testing.assert_allclose(model(inputs).numpy(), expected, rtol=1e-4)


@torch.no_grad()
def test_gbce_is_calibrated_by_the_items_that_can_be_drawn():
    """An item more, which nobody took and which is never drawn, changes no loss."""
    inputs, losses = lesson(4), []
    for items in (ITEMS, 10 * ITEMS):
        model = network(Objective("gbce"))
        own = model.tower.own.data
        taken = torch.arange(items) < ITEMS
        tower = ItemTower(Known(items), taken, 8)
        tower.own.data[:ITEMS] = own
        losses.append(NextItem(tower, model.reader, Objective("gbce")).eval()(inputs))
    assert torch.equal(*losses)


@torch.no_grad()
@pytest.mark.parametrize("negatives", [4, NEGATIVES])
@pytest.mark.parametrize("calibration", [0.0, CALIBRATION, 1.0])
def test_gbce_raises_the_probability_of_the_next_item_to_a_power(calibration, negatives):
    """As in gSASRec: the power is 1 without calibration, the share of items drawn with all.

    More negatives than items are some of them drawn twice, and no more than all.
    """
    model, inputs = network(Objective("gbce", calibration=calibration)), lesson(negatives)
    scores, wanted = scored(model, inputs)
    share = min(negatives / (ITEMS - 1), 1.0)
    power = share * (calibration * (1 - 1 / share) + 1 / share)
    expected = [
        -np.log(sigmoid(row[i]) ** power) - np.log(1 - sigmoid(row[others])).sum()
        for row, i, others in zip(scores, wanted, others_of(inputs, wanted), strict=True)
    ]
    np.testing.assert_allclose(model(inputs).numpy(), expected, rtol=1e-4)
    assert power == pytest.approx(1 + calibration * (share - 1))
