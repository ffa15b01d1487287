"""Losses of preferences: as the papers write them, and still where there is nothing to learn."""

import math

import pytest
import torch

from galen.nn.learning.preference_losses import (
    clipped_policy_gradient,
    group_advantages,
    softmax_dpo,
)


def test_with_one_rejected_item_it_is_dpo():
    policy = torch.tensor([[-1.0, -2.0]])
    reference = torch.tensor([[-1.5, -1.0]])
    margin = 0.5 * ((-1.0 + 1.5) - (-2.0 + 1.0))
    loss = float(softmax_dpo(policy, reference, 0.5))
    assert loss == pytest.approx(-math.log(1 / (1 + math.exp(-margin))), abs=1e-6)


def test_several_rejected_items_stand_in_one_sum():
    policy, reference = torch.tensor([[-1.0, -2.0, -0.5]]), torch.tensor([[-1.0, -1.0, -1.0]])
    over = math.log(math.exp(-1.0) + math.exp(0.5))
    assert float(softmax_dpo(policy, reference, 1.0)) == pytest.approx(
        math.log(1 + math.exp(over)), abs=1e-6
    )


def test_a_place_without_a_rejected_item_counts_for_nothing():
    policy = torch.tensor([[-1.0, -2.0, -9.0], [-1.0, -3.0, -4.0]], requires_grad=True)
    reference = torch.tensor([[-1.5, -1.0, -torch.inf], [-2.0, -torch.inf, -torch.inf]])
    loss = softmax_dpo(policy, reference, 1.0)
    told = loss.detach()
    alone = softmax_dpo(policy[:1, :2], reference[:1, :2], 1.0)
    assert float(told[0]) == pytest.approx(float(alone.detach()))
    assert float(told[1]) == 0
    loss.sum().backward()
    assert torch.isfinite(policy.grad).all()
    assert policy.grad[0, 2] == 0
    assert not policy.grad[1].any()


def test_a_group_that_was_rewarded_alike_teaches_nothing():
    advantage = group_advantages(torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 3.0]]))
    assert advantage[0].tolist() == [0, 0, 0]
    assert float(advantage[1].mean()) == pytest.approx(0, abs=1e-6)
    assert float(advantage[1].std(correction=0)) == pytest.approx(1)


@pytest.mark.parametrize("advantage", [1.0, -1.0])
@pytest.mark.parametrize("moved", [1.0, -1.0])
def test_what_moved_far_the_right_way_gains_nothing_more(advantage, moved):
    policy = torch.tensor([[moved]], requires_grad=True)
    clipped_policy_gradient(
        policy,
        torch.zeros(1, 1),
        policy.detach(),
        torch.tensor([[advantage]]),
        clip=0.2,
        anchor=0.0,
    ).sum().backward()
    assert bool(policy.grad.any()) == (advantage != moved)


def test_the_anchor_pulls_back_to_the_reference_from_both_sides():
    for apart in (-0.5, 0.5):
        policy = torch.tensor([[apart]], requires_grad=True)
        loss = clipped_policy_gradient(
            policy, policy.detach(), torch.zeros(1, 1), torch.zeros(1, 1), clip=0.2, anchor=1.0
        )
        assert float(loss.detach()) > 0
        loss.sum().backward()
        assert math.copysign(1, float(policy.grad)) == math.copysign(1, apart)
