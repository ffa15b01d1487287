"""Zhai et al., "Actions Speak Louder than Words: Sequential Transducers" (HSTU), ICML 2024."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import linear, tower
from galen.nn.hstu import CandidateHstuLayer
from galen.nn.inputs import Inputs, history_mask
from galen.rank.networks.history import HistoryFields


@dataclass(frozen=True, slots=True)
class Hstu:
    """The candidate is appended to the history; `size` sets width, depth and heads.

    A history is read once, however many candidates are scored against it.
    """

    size: int = 1
    dimension: int = 16
    hidden: tuple[int, ...] = (200, 80)
    dropout: float = 0.1

    @property
    def heads(self) -> int:
        """Of a layer."""
        return 2 if self.size < 8 else 4

    @property
    def width(self) -> int:
        """Of an event."""
        return 8 * self.heads * max(1, round(2 * math.sqrt(self.size) / self.heads * 2))

    @property
    def layers(self) -> int:
        """Quadrupling the size adds a layer."""
        return 2 + (self.size.bit_length() - 1) // 2

    @property
    def learning_rate(self) -> float:
        """Of `galen scale`, where wider layers take smaller steps; recipes say their own."""
        return 1e-3 / math.sqrt(self.size)

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Hstu, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = HistoryFields(schema, settings.dimension)
        width = settings.width
        self.widen = linear(self.fields.event_width, width)
        self.candidate = nn.Parameter(torch.randn(width) * 0.02)  # tells it from an event
        self.layers = nn.ModuleList(
            CandidateHstuLayer(width, settings.heads, schema.history, settings.dropout)
            for _ in range(settings.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.tower = tower(
            self.fields.flat_width + width,
            settings.hidden,
            objectives,
            dropout=settings.dropout,
        )

    def forward(self, inputs: Inputs) -> Tensor:
        fields, mask = self.fields.fields, history_mask(inputs)
        events = self.widen(fields.history(inputs).flatten(2))
        rows = self.widen(self.fields.target(inputs)) + self.candidate
        for layer in self.layers:
            events, rows = layer(events, rows, inputs.history_row, mask)
        flat = fields(inputs).flatten(1)
        logits: Tensor = self.tower(torch.cat([flat, self.norm(rows)], dim=1))
        return logits
