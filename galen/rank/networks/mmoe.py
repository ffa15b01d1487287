"""Ma et al., "Modeling Task Relationships with Multi-gate Mixture-of-Experts" (MMoE), KDD 2018."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import tower
from galen.nn.experts import ExpertGate, mixture
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class Mmoe:
    """Objectives share experts, each through a gate of its own."""

    dimension: int = 10
    experts: int = 6  # that all objectives share, each by its own gate
    expert: tuple[int, ...] = (256, 128)
    hidden: tuple[int, ...] = (64,)  # of each objective's tower
    dropout: float = 0.1

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Mmoe, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        width = self.fields.count * settings.dimension
        self.experts = nn.ModuleList(
            tower(width, settings.expert, dropout=settings.dropout) for _ in range(settings.experts)
        )
        self.gates = nn.ModuleList(ExpertGate(width, settings.experts) for _ in range(objectives))
        self.towers = nn.ModuleList(
            tower(settings.expert[-1], settings.hidden, 1) for _ in range(objectives)
        )

    def forward(self, inputs: Inputs) -> Tensor:
        row = self.fields(inputs).flatten(1)
        answers = [expert(row) for expert in self.experts]
        logits = [
            one(mixture(gate(row), answers))
            for one, gate in zip(self.towers, self.gates, strict=True)
        ]
        return torch.cat(logits, dim=1)
