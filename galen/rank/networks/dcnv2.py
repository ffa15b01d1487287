"""Wang et al., "DCN V2: Improved Deep & Cross Network and Practical Lessons", WWW 2021."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import Activation, Norm, linear, tower
from galen.nn.inputs import Inputs
from galen.nn.interaction import CrossLayers
from galen.rank.networks.cross_experts import CrossExperts
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class DcnV2:
    """Cross layers beside a tower; full where rank is 0, a mixture of low ranks with experts."""

    dimension: int = 10
    layers: int = 4  # of crossing; each raises the order of products by one
    rank: int = 0  # of crossing matrices; 0 is full, with experts a quarter of full
    experts: int = 1  # gated crosses of low rank in each layer; 1 has no gate
    hidden: tuple[int, ...] = (400, 400, 400)
    dropout: float = 0.4
    norm: Norm = "batch"
    activation: Activation = "relu"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: DcnV2, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        width = self.fields.count * settings.dimension
        if settings.experts > 1:
            rank = settings.rank or max(1, width // 4)
            self.cross: nn.Module = CrossExperts(width, settings.layers, rank, settings.experts)
        else:
            self.cross = CrossLayers(width, settings.layers, settings.rank)
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
        logits: Tensor = self.head(torch.cat([self.cross(flat), self.tower(flat)], dim=1))
        return logits
