"""Zhu et al., "FINAL: Factorized Interaction Layer for CTR Prediction", SIGIR 2023."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import linear
from galen.nn.dropout import Dropout
from galen.nn.inputs import Inputs
from galen.nn.learning.losses import Auxiliary
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class FinalNet:
    """Layers that multiply two linear views of their input: order doubles with each layer.

    With two blocks their mean answers, and in training each learns from it as well.
    """

    dimension: int = 10
    blocks: int = 2  # 1, or 2 whose mean answers
    first: tuple[int, ...] = (400, 400)  # widths of the layers of one block
    second: tuple[int, ...] = (400, 400)  # widths of the layers of the other block, if any
    dropout: float = 0.2
    distilled: float = 1.0  # weight of learning from the mean

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: FinalNet, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        row = self.fields.count * settings.dimension
        chosen = (settings.first, settings.second)[: settings.blocks]
        self.gates = nn.ModuleList(linear(row, row) for _ in chosen[1:])
        self.blocks = nn.ModuleList(_block(row, hidden, objectives, settings) for hidden in chosen)
        self.distilled = Auxiliary(settings.distilled)

    def forward(self, inputs: Inputs) -> Tensor:
        row = self.fields(inputs).flatten(1)
        views = [row, *(row * 2 * torch.sigmoid(gate(row)) for gate in self.gates)]
        each = [block(view) for block, view in zip(self.blocks, views, strict=True)]
        mean = torch.stack(each).float().mean(0)
        if len(each) > 1 and self.training:
            agreed = torch.sigmoid(mean.detach())
            losses = [
                nn.functional.binary_cross_entropy_with_logits(logits.float(), agreed)
                for logits in each
            ]
            self.distilled.add(torch.stack(losses).mean())
        return mean


def _block(row: int, hidden: Sequence[int], out: int, settings: FinalNet) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in hidden:
        layers.append(_Factorized(row, width))
        layers += [nn.BatchNorm1d(width), nn.ReLU(), Dropout(settings.dropout)]
        row = width
    return nn.Sequential(*layers, linear(row, out))


class _Factorized(nn.Module):
    """A linear view of the input plus the product of two others."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.plain, self.gate, self.view = (linear(width, out) for _ in range(3))

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = self.plain(values) + self.gate(values) * self.view(values)
        return found
