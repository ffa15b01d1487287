"""The score beside that of codes: by inner products or cosines, the same however it is asked."""

import pytest
import torch

from galen.generative.dense import Dense


@pytest.fixture(params=[0.0, 0.1])
def world(request):
    torch.manual_seed(0)
    states, vectors = torch.randn(3, 4), torch.randn(7, 4)
    return states, vectors, Dense.of(vectors, request.param)


def test_whole_rows_and_single_items_have_the_same_scores(world):
    states, _, dense = world
    whole = dense.whole(states)
    row = torch.tensor([2, 0, 2])
    assert torch.allclose(
        dense.scores_of_rows(states, row, torch.tensor([5, 4, 0])), whole[row, [5, 4, 0]]
    )


def test_how_long_a_vector_is_counts_in_inner_products_alone(world):
    states, vectors, dense = world
    longer = Dense.of(vectors * torch.tensor([9.0, 1, 1, 1, 1, 1, 1])[:, None], dense.temperature)
    same = torch.allclose(longer.whole(states), dense.whole(states), atol=1e-5)
    assert same == bool(dense.temperature)


def test_cosines_are_divided_by_the_temperature():
    states = torch.tensor([[3.0, 0.0]])
    dense = Dense.of(torch.tensor([[5.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]), 0.1)
    assert torch.allclose(dense.whole(states), torch.tensor([[10.0, 0.0, -10.0]]))
