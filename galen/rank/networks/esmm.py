"""Ma et al., "Entire Space Multi-Task Model" (ESMM), SIGIR 2018."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import Norm, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class Esmm:
    """Objectives follow each other: what comes later is p(first) · p(second | first) · …

    So conversion is learned from every impression, not from clicks alone.
    """

    dimension: int = 10
    hidden: tuple[int, ...] = (400, 200)  # of each objective's tower
    dropout: float = 0.2
    norm: Norm = "batch"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Esmm, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        width = self.fields.count * settings.dimension
        self.towers = nn.ModuleList(
            tower(width, settings.hidden, 1, norm=settings.norm, dropout=settings.dropout)
            for _ in range(objectives)
        )

    def forward(self, inputs: Inputs) -> Tensor:
        row = self.fields(inputs).flatten(1)
        steps = torch.cat([one(row) for one in self.towers], dim=1).float()
        return chained(steps)


def chained(steps: Tensor) -> Tensor:
    """(B, objectives): log-odds of the product of the steps' probabilities up to each."""
    logs = nn.functional.logsigmoid(steps)
    logits, sure, fails = [steps[:, :1]], logs[:, :1], logs[:, :1] - steps[:, :1]
    for place in range(1, steps.shape[1]):
        # All fails where what was before fails, or where it holds and this step alone fails; a sum
        # of logarithms of both, since 1 - p and its gradient are lost where p is near 1.
        here = logs[:, place, None]
        fails = torch.logaddexp(fails, sure + here - steps[:, place, None])
        sure = sure + here
        logits.append(sure - fails)
    return torch.cat(logits, dim=1)
