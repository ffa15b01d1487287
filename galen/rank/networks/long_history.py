"""Chang et al., "TWIN: TWo-stage Interest Network for Lifelong User Behavior", KDD 2023.

One stage is enough where attention to all of a history is computed in blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.attention import block_attention
from galen.nn.dense import linear, tower
from galen.nn.inputs import Inputs, history_mask
from galen.rank.networks.history import HistoryFields


@dataclass(frozen=True, slots=True)
class LongHistory:
    """Exact softmax attention of the candidate to every event, in memory of a block of events."""

    dimension: int = 16
    heads: int = 2  # of attention, each over the whole history
    block: int = 256  # events
    hidden: tuple[int, ...] = (200, 80)
    dropout: float = 0.1

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: LongHistory, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = HistoryFields(schema, settings.dimension)
        self.heads, self.block = settings.heads, settings.block
        event = self.fields.event_width
        self.width = -(-event // settings.heads) * settings.heads
        self.query = linear(event, self.width)
        self.key = linear(event, self.width, bias=False)
        self.value = linear(event, self.width)
        width = self.fields.flat_width + self.width + event
        self.tower = tower(width, settings.hidden, objectives, dropout=settings.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        fields, row = self.fields.fields, inputs.history_row
        events, mask = fields.history(inputs).flatten(2), history_mask(inputs)
        keys, values = self.key(events), self.value(events)  # of each history once
        target = self.fields.target(inputs)
        parts = zip(
            self.query(target).chunk(self.heads, dim=1),
            keys.chunk(self.heads, dim=2),
            values.chunk(self.heads, dim=2),
            strict=True,
        )
        heads = [
            block_attention(query, key, value, mask, row, self.block) for query, key, value in parts
        ]
        flat = fields(inputs).flatten(1)
        logits: Tensor = self.tower(torch.cat([flat, target, *heads], dim=1))
        return logits
