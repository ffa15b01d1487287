"""Tang et al., "Progressive Layered Extraction (PLE)", RecSys 2020."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import tower
from galen.nn.experts import Extraction
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class Ple:
    """Objectives have experts of their own beside shared ones, over several levels."""

    dimension: int = 10
    levels: int = 2  # of experts, each reading what the level before mixed
    shared: int = 2  # experts
    own: int = 2  # experts of each objective
    expert: tuple[int, ...] = (128,)
    hidden: tuple[int, ...] = (64,)  # of each objective's tower

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Ple, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        self.objectives = objectives
        widths = [self.fields.count * settings.dimension]
        widths += [settings.expert[-1]] * (settings.levels - 1)
        self.levels = nn.ModuleList(
            Extraction(
                width,
                settings.expert,
                objectives,
                settings.shared,
                settings.own,
                last=level == settings.levels - 1,
            )
            for level, width in enumerate(widths)
        )
        self.towers = nn.ModuleList(
            tower(settings.expert[-1], settings.hidden, 1) for _ in range(objectives)
        )

    def forward(self, inputs: Inputs) -> Tensor:
        values = [self.fields(inputs).flatten(1)] * (self.objectives + 1)
        for level in self.levels:
            values = level(values)
        logits = [one(value) for one, value in zip(self.towers, values, strict=True)]
        return torch.cat(logits, dim=1)
