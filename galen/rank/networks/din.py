"""Zhou et al., "Deep Interest Network for Click-Through Rate Prediction", KDD 2018."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.attention import TargetAttention
from galen.nn.dense import tower
from galen.nn.inputs import Inputs
from galen.rank.networks.history import HistoryFields


@dataclass(frozen=True, slots=True)
class Din:
    """Each candidate weighs the events of the history by how much they say about it."""

    dimension: int = 16
    attention: int = 36
    hidden: tuple[int, ...] = (200, 80)
    dropout: float = 0.1

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Din, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = HistoryFields(schema, settings.dimension)
        event = self.fields.event_width
        self.attention = TargetAttention(event, settings.attention)
        width = self.fields.flat_width + 3 * event
        self.tower = tower(width, settings.hidden, objectives, act="dice", dropout=settings.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        seen = self.fields(inputs)
        interest = self.attention(seen.events, seen.target, seen.mask)
        row = [seen.flat, seen.target, interest, interest * seen.target]
        logits: Tensor = self.tower(torch.cat(row, dim=1))
        return logits
