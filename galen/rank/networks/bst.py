"""Chen et al., "Behavior Sequence Transformer for E-commerce Recommendation", DLP-KDD 2019."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.attention import SelfAttention
from galen.nn.dense import linear, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.history import HistoryFields


@dataclass(frozen=True, slots=True)
class Bst:
    """The candidate ends the history, and a transformer reads both."""

    dimension: int = 16
    layers: int = 1  # of the transformer that reads history and candidate
    heads: int = 2  # of attention in each layer
    hidden: tuple[int, ...] = (200, 80)
    dropout: float = 0.1

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Bst, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = HistoryFields(schema, settings.dimension)
        event = self.fields.event_width
        width = -(-event // settings.heads) * settings.heads
        self.widen = linear(event, width)
        # Places count back from the candidate, so that padding changes nothing.
        self.places = nn.Parameter(torch.randn(schema.history + 1, width) * 0.02)
        self.layers = nn.ModuleList(
            SelfAttention(width, settings.heads, settings.dropout) for _ in range(settings.layers)
        )
        self.tower = tower(
            self.fields.flat_width + 2 * width,
            settings.hidden,
            objectives,
            dropout=settings.dropout,
        )

    def forward(self, inputs: Inputs) -> Tensor:
        seen = self.fields(inputs)
        sequence = self.widen(torch.cat([seen.events, seen.target[:, None]], dim=1))
        there = torch.ones_like(seen.mask[:, :1]) if seen.mask.shape[1] else None
        mask = seen.mask.new_ones(len(seen.flat), 1) if there is None else there
        mask = torch.cat([seen.mask, mask], dim=1)
        length = seen.mask.sum(1, keepdim=True)
        back = length - torch.arange(sequence.shape[1], device=length.device)
        back[:, -1] = 0
        sequence = sequence + self.places[back.clamp(0, len(self.places) - 1)]
        for layer in self.layers:
            sequence = layer(sequence, mask)
        shares = mask / mask.sum(1, keepdim=True)
        mean = torch.einsum("bl,blw->bw", shares.to(sequence.dtype), sequence)
        row = torch.cat([seen.flat, sequence[:, -1], mean], dim=1)
        logits: Tensor = self.tower(row)
        return logits
