"""Items that nobody took join what is written, as often as they are meant to."""

import numpy as np
import pytest
import torch

from galen.generative.cold import Cold, lift_of


def scores(people=400, items=60, cold=12, low=3.0, seed=0):
    """Scores of people, those of the last items lower by `low`."""
    torch.manual_seed(seed)
    told = torch.randn(people, items)
    rows = torch.arange(items - cold, items)
    told[:, rows] -= low
    return told, rows


def share_of(told, rows, lift):
    told = told + Cold(rows, 10, lift).lifted(told.shape[1])
    return float(torch.isin(torch.topk(told, 10).indices, rows).float().mean())


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("cold", [3, 12])
def test_lifted_they_take_the_share_of_places_that_was_asked(share, cold):
    told, rows = scores(cold=cold)
    assert share_of(told, rows, 0.0) < 0.01
    expected = min(share, cold / 10)
    assert share_of(told, rows, lift_of(told.split(150), rows, share)) == pytest.approx(
        expected, abs=0.005
    )


def test_what_people_took_is_no_place_to_take():
    told, rows = scores()
    taken = told.clone()
    taken[:, :20] = -torch.inf
    assert share_of(taken, rows, lift_of(taken.split(150), rows, 0.2)) == pytest.approx(
        0.2, abs=0.005
    )


def test_those_that_stand_high_as_they_are_are_not_lowered():
    told, rows = scores(low=-3.0)
    assert lift_of(told.split(150), rows, 0.01) == 0.0


def test_where_there_is_nothing_to_compare_nothing_is_lifted():
    told, rows = scores()
    assert lift_of(told.split(150), rows[:0], 0.2) == 0.0
    assert (
        lift_of(told[:, 45:].split(150), torch.arange(3, 15), 0.2) == 0.0
    )  # three others fill no ten places


def test_a_lift_is_of_cold_items_alone():
    assert np.allclose(Cold(torch.tensor([1, 3]), 5, 0.5).lifted(5), [0, 0.5, 0, 0.5, 0])
