"""Wang et al., "Deep & Cross Network for Ad Click Predictions", ADKDD 2017."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import Activation, Norm, linear, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class Dcn:
    """Cross layers with one weight vector each, beside a tower."""

    dimension: int = 10
    layers: int = 4  # of crossing; each raises the order of products by one
    hidden: tuple[int, ...] = (400, 400, 400)
    dropout: float = 0.2
    norm: Norm = "batch"
    activation: Activation = "relu"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Dcn, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        width = self.fields.count * settings.dimension
        self.weights = nn.Parameter(torch.randn(settings.layers, width) * width**-0.5)
        self.offsets = nn.Parameter(torch.zeros(settings.layers, width))
        self.tower = tower(
            width,
            settings.hidden,
            norm=settings.norm,
            act=settings.activation,
            dropout=settings.dropout,
        )
        self.head = linear(width + settings.hidden[-1], objectives)

    def forward(self, inputs: Inputs) -> Tensor:
        flat = self.fields(inputs).flatten(1)
        crossed = flat
        for weight, offset in zip(self.weights, self.offsets, strict=True):
            crossed = flat * (crossed @ weight)[:, None] + offset + crossed
        logits: Tensor = self.head(torch.cat([crossed, self.tower(flat)], dim=1))
        return logits
