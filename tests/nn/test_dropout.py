"""Dropout that draws eight masks from a random number."""

import pytest
import torch

from galen.nn.dropout import Dropout


def test_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    out = Dropout(0.25).train()(torch.ones(400, 1001))
    assert (out == 0).float().mean().item() == pytest.approx(0.25, abs=0.005)
    assert out.mean().item() == pytest.approx(1.0, abs=0.005)


def test_leaves_everything_outside_training():
    values = torch.randn(7, 3)
    assert torch.equal(Dropout(0.5).eval()(values), values)


def test_neighbours_fall_out_independently():
    torch.manual_seed(0)
    out = Dropout(0.5).train()(torch.ones(200_000)) > 0
    both = (out[1:] & out[:-1]).float().mean().item()
    assert both == pytest.approx(0.25, abs=0.01)


def test_the_same_seed_draws_the_same():
    drawn = []
    for _ in range(2):
        torch.manual_seed(5)
        drawn.append(Dropout(0.3).train()(torch.ones(100)))
    assert torch.equal(*drawn)


@pytest.mark.parametrize("whole", [1, 2])
def test_last_dimensions_fall_out_together(whole):
    torch.manual_seed(0)
    out = Dropout(0.25, whole=whole).train()(torch.ones(5_000, 4, 3)).flatten(-whole)
    assert torch.equal(out.amax(-1), out.amin(-1))
    assert (out == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert out.mean().item() == pytest.approx(1.0, abs=0.02)


def test_a_share_of_one_is_refused():
    with pytest.raises(ValueError, match="share"):
        Dropout(1.0)
