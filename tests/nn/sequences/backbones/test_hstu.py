"""HSTU over long histories: block by block as at once."""

import pytest
import torch

from galen.nn.sequences.backbones import hstu
from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.jagged import layout_of

LENGTHS = torch.tensor([70, 9, 33])


def learned(block, monkeypatch):
    monkeypatch.setattr(hstu, "BLOCK", block)
    torch.manual_seed(0)
    network = backbone(Shape("hstu", 16, 2, 2, 0.0, 70))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    events = torch.randn(int(LENGTHS.sum()), 16)
    at = torch.arange(len(events), dtype=torch.float64) * 1e4
    states = network(events, at, layout_of(LENGTHS))
    (states * torch.randn_like(states)).sum().backward()
    return network, states, [parameter.grad for parameter in network.parameters()]


@pytest.mark.parametrize("block", [16, 35])
def test_a_long_history_has_the_states_and_slopes_block_by_block_that_it_has_at_once(
    block, monkeypatch
):
    _, whole, slopes = learned(1000, monkeypatch)
    network, states, others = learned(block, monkeypatch)
    torch.testing.assert_close(states, whole, atol=1e-5, rtol=1e-4)
    for one, other in zip(others, slopes, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)
    with torch.inference_mode():
        events, at = torch.randn(2, 70, 16), torch.arange(70.0).expand(2, 70)
        piecewise, _ = network.keep(events, at)
        monkeypatch.setattr(hstu, "BLOCK", 1000)
        torch.testing.assert_close(piecewise, network.keep(events, at)[0], atol=1e-5, rtol=1e-4)
