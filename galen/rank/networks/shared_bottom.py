"""Caruana, "Multitask Learning", Machine Learning 1997: one bottom, a tower for each objective."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import Norm, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class SharedBottom:
    """Objectives share all layers but their last ones."""

    dimension: int = 10
    bottom: tuple[int, ...] = (400, 400)  # widths of the layers that all objectives share
    hidden: tuple[int, ...] = (64,)  # of each objective's tower
    dropout: float = 0.2
    norm: Norm = "batch"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: SharedBottom, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        self.bottom = tower(
            self.fields.count * settings.dimension,
            settings.bottom,
            norm=settings.norm,
            dropout=settings.dropout,
        )
        self.towers = nn.ModuleList(
            tower(settings.bottom[-1], settings.hidden, 1) for _ in range(objectives)
        )

    def forward(self, inputs: Inputs) -> Tensor:
        shared = self.bottom(self.fields(inputs).flatten(1))
        return torch.cat([one(shared) for one in self.towers], dim=1)
