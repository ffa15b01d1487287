"""Sequence backbones: packed as one by one, event by event as at once, blind to what follows."""

import pytest
import torch

from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.jagged import layout_of, padded, unpadded, with_filler

KINDS = ("sasrec", "ligr", "hstu", "gru4rec")
LENGTHS = torch.tensor([3, 1, 20, 7, 4, 5, 20, 2])

every = pytest.mark.parametrize("kind", KINDS)


def made(kind, heads=2):
    torch.manual_seed(0)
    built = backbone(Shape(kind=kind, width=16, layers=2, heads=heads, length=20)).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return built


def histories(seed=0):
    draw = torch.Generator().manual_seed(seed)
    total = int(LENGTHS.sum())
    events = torch.randn(total, 16, generator=draw)
    steps = torch.rand(total, generator=draw, dtype=torch.float64) * 1e5
    return events, torch.cumsum(steps, 0)


def test_blocks_hold_each_event_once_and_little_else():
    layout = layout_of(LENGTHS)
    events = torch.arange(int(LENGTHS.sum()))
    whole = with_filler(events)
    back = unpadded([padded(whole, block) for block in layout.blocks], layout)
    assert back.tolist() == events.tolist()
    assert sum(block.rows.numel() for block in layout.blocks) < 2 * len(events)
    assert layout.place.tolist()[:4] == [0, 1, 2, 0]
    assert layout.last.tolist() == (torch.cumsum(LENGTHS, 0) - 1).tolist()


@every
def test_a_history_has_the_same_states_packed_and_alone(kind):
    network, (events, at) = made(kind), histories()
    with torch.inference_mode():
        together = network(events, at, layout_of(LENGTHS))
        start = 0
        for length in LENGTHS.tolist():
            own = slice(start, start + length)
            alone = network(events[own], at[own], layout_of(torch.tensor([length])))
            torch.testing.assert_close(alone, together[own], atol=1e-5, rtol=1e-4)
            start += length


@every
def test_a_new_event_updates_the_state_as_reading_all_again_would(kind):
    network, (events, at) = made(kind), histories(1)
    layout = layout_of(torch.tensor([20, 20]))
    events, at = events[:40], at[:40]
    with torch.inference_mode():
        whole = network(events, at, layout).view(2, 20, 16)
        kept = network.begin(2)
        for place in range(20):
            rows = torch.tensor([place, 20 + place])
            state, kept = network.extend(events[rows], at[rows], kept)
            torch.testing.assert_close(state, whole[:, place], atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match="is full; begin anew"):
        network.extend(events[:2], at[:2], kept)


@every
def test_a_history_read_at_once_goes_on_as_one_read_event_by_event(kind):
    network, (events, at) = made(kind), histories(2)
    events, at = events[:40].view(2, 20, 16), at[:40].view(2, 20)
    with torch.inference_mode():
        state, kept = network.keep(events[:, :15], at[:, :15])
        slowly = network.begin(2)
        for place in range(15):
            one, slowly = network.extend(events[:, place], at[:, place], slowly)
        torch.testing.assert_close(state, one, atol=1e-5, rtol=1e-4)
        for place in range(15, 20):
            state, kept = network.extend(events[:, place], at[:, place], kept)
            one, slowly = network.extend(events[:, place], at[:, place], slowly)
            torch.testing.assert_close(state, one, atol=1e-5, rtol=1e-4)
    assert kept.events == 20


@every
def test_no_event_knows_of_a_later_one(kind):
    network, (events, at) = made(kind), histories()
    events = events.requires_grad_()
    states = network(events, at, layout_of(LENGTHS))
    row = int(LENGTHS[:2].sum()) + 9  # the tenth event of the third history
    (gradient,) = torch.autograd.grad(states[row].square().sum(), events)
    touched = torch.nonzero(gradient.abs().sum(1))[:, 0]
    assert touched.min() == int(LENGTHS[:2].sum())
    assert touched.max() == row


@every
def test_every_weight_takes_part_in_learning(kind):
    network, (events, at) = made(kind).train(), histories()
    network(events, at, layout_of(LENGTHS)).square().sum().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_time_between_events_matters_to_hstu_alone():
    events, at = histories()
    for kind in KINDS:
        network = made(kind)
        with torch.inference_mode():
            near = network(events, at, layout_of(LENGTHS))
            far = network(events, 50 * at, layout_of(LENGTHS))
        assert torch.equal(near, far) == (kind != "hstu")


def test_heads_must_share_the_width():
    with pytest.raises(ValueError, match="width 16 is no multiple of 3"):
        backbone(Shape(kind="sasrec", width=16, heads=3))
