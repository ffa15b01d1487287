"""Zhou et al., "Deep Interest Evolution Network for Click-Through Rate Prediction", AAAI 2019."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.attention import TargetAttention
from galen.nn.dense import linear, tower
from galen.nn.inputs import Inputs, history_mask
from galen.nn.learning.losses import Auxiliary
from galen.rank.networks.history import HistoryFields


@dataclass(frozen=True, slots=True)
class Dien:
    """Interests are read from the history in order, and those near the candidate are followed."""

    dimension: int = 16
    attention: int = 36
    hidden: tuple[int, ...] = (200, 80)
    dropout: float = 0.1
    next_event: float = 0.5  # weight of telling the next event from another person's

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Dien, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = HistoryFields(schema, settings.dimension)
        event = self.fields.event_width
        self.extract = nn.GRU(event, event, batch_first=True)
        self.attention = TargetAttention(event, settings.attention)
        self.evolve = _GatedUnit(event)
        self.next_event = Auxiliary(settings.next_event)
        width = self.fields.flat_width + 3 * event
        self.tower = tower(width, settings.hidden, objectives, act="dice", dropout=settings.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        fields, row = self.fields.fields, inputs.history_row
        events, mask = fields.history(inputs).flatten(2), history_mask(inputs)
        interests, _ = self.extract(events.float())  # of each history once
        if self.training:
            self.next_event.add(_next_event_loss(interests, events, mask))
        target = self.fields.target(inputs)
        weights = self.attention.weights(interests[row], target, mask[row])
        final = self.evolve(interests[row], torch.sigmoid(weights) * mask[row])
        flat = fields(inputs).flatten(1)
        logits: Tensor = self.tower(torch.cat([flat, target, final, final * target], dim=1))
        return logits


class _GatedUnit(nn.Module):
    """A GRU whose update is scaled by the attention of each event (AUGRU)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.from_event = linear(width, 3 * width)
        self.from_state = linear(width, 3 * width, bias=False)

    def forward(self, events: Tensor, attention: Tensor) -> Tensor:
        """events (B, L, width), attention (B, L) -> the last state (B, width)."""
        state = torch.zeros_like(events[:, 0]) if events.shape[1] else events.sum(1)
        read = self.from_event(events)
        for place in range(events.shape[1]):
            update, reset, fresh = read[:, place].chunk(3, dim=1)
            own_update, own_reset, own = self.from_state(state).chunk(3, dim=1)
            keep = torch.sigmoid(update + own_update) * attention[:, place, None]
            made = torch.tanh(fresh + torch.sigmoid(reset + own_reset) * own)
            state = (1 - keep) * state + keep * made
        return state


def _next_event_loss(interests: Tensor, events: Tensor, mask: Tensor) -> Tensor:
    """Each interest should point to the event that follows, not to the next history's event."""
    if events.shape[1] < 2 or len(events) < 2:  # nobody else, or nothing next
        return interests.sum() * 0
    there = mask[:, 1:] & mask[:, :-1]
    both = torch.stack([there, there & mask.roll(1, 0)[:, 1:]], dim=2)
    following, other = events[:, 1:], events.roll(1, 0)[:, 1:]
    scores = (interests[:, :-1, None] * torch.stack([following, other], dim=2)).sum(-1)
    wanted = torch.tensor([1.0, 0.0], device=scores.device).expand_as(scores)
    losses = nn.functional.binary_cross_entropy_with_logits(
        scores.float(), wanted, reduction="none"
    )
    return (losses * both).sum() / both.sum().clamp_min(1)
