"""Losses of the next item beside others, held to what PyTorch says of the same scores."""

import pytest
import torch
from torch.nn import functional

from galen.nn.learning.sequence_losses import softmax_in_chunks, token_loss, without_wanted


def scores(seed=0, events=7, others=5):
    torch.manual_seed(seed)
    return torch.randn(events) * 30, torch.randn(events, others) * 30


@pytest.mark.parametrize("kind", ["softmax", "sampled"])
def test_softmax_is_cross_entropy_with_the_next_item_first(kind):
    positive, negative = (part.requires_grad_() for part in scores())
    whole = torch.cat([positive[:, None], negative], dim=1)
    expected = functional.cross_entropy(
        whole, torch.zeros(len(whole), dtype=torch.long), reduction="none"
    )
    said = token_loss(kind, positive, negative)
    assert torch.allclose(said, expected, atol=1e-5)
    wanted = torch.autograd.grad(expected.sum(), [positive, negative])
    found = torch.autograd.grad(said.sum(), [positive, negative])
    for one, other in zip(found, wanted, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 4, 100])
@pytest.mark.parametrize("even", [True, False])
def test_softmax_in_chunks_is_cross_entropy_and_so_are_its_gradients(chunk, even):
    torch.manual_seed(1)
    states, table = torch.randn(9, 5) * 3, torch.randn(20, 5) * 3
    states, table = states.double().requires_grad_(), table.double().requires_grad_()
    wanted = torch.randint(20, (9,))
    weight = torch.full((9,), 0.3).double() if even else torch.rand(9).double()
    expected = functional.cross_entropy(states @ table.T, wanted, reduction="none")
    said = softmax_in_chunks(states, wanted, table, chunk)
    assert torch.allclose(said.double(), expected, atol=1e-4)
    known = torch.autograd.grad((expected * weight).sum(), [states, table])
    found = torch.autograd.grad((said * weight).sum(), [states, table])
    for one, other in zip(found, known, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_products_in_bfloat16_tell_the_same_to_two_digits():
    torch.manual_seed(2)
    states, table = torch.randn(300, 50, requires_grad=True), torch.randn(700, 50)
    table = (table * 0.5).requires_grad_()
    wanted = torch.randint(700, (300,))
    told = [softmax_in_chunks(states, wanted, table, 64, k) for k in (None, torch.bfloat16)]
    assert told[1].dtype == torch.float32
    assert torch.allclose(*told, atol=0.1)
    taught = [torch.autograd.grad(one.sum(), [states, table]) for one in told]
    for one, other in zip(*taught, strict=True):
        assert not torch.equal(one, other)
        assert float((one - other).norm() / one.norm()) < 0.01


def test_softmax_in_chunks_of_no_event_teaches_nothing():
    states, table = torch.zeros(0, 5, requires_grad=True), torch.ones(20, 5, requires_grad=True)
    said = softmax_in_chunks(states, torch.zeros(0, dtype=torch.long), table, 4)
    (learned,) = torch.autograd.grad(said.sum(), [table])
    assert not learned.any()


def test_where_no_negative_is_left_softmax_has_nothing_to_say():
    said = token_loss("sampled", torch.tensor([3.0]), torch.full((1, 4), -torch.inf))
    assert said.tolist() == [0.0]


@pytest.mark.parametrize("seed", range(5))
def test_a_drawn_item_that_an_event_wants_is_no_negative(seed):
    torch.manual_seed(seed)
    wanted, drawn = torch.randint(6, (40,)), torch.randint(6, (9,))  # both with repeats
    _, negative = scores(seed, 40, 9)
    expected = negative.masked_fill(drawn == wanted[:, None], -torch.inf)
    assert torch.equal(without_wanted(negative, wanted, drawn), expected)


def test_negatives_that_nobody_wants_stay_as_they_are():
    _, negative = scores()
    kept = without_wanted(negative, torch.arange(7), torch.arange(10, 15))
    assert torch.equal(kept, negative)
