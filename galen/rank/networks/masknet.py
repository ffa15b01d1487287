"""Wang et al., "MaskNet: Introducing Feature-Wise Multiplication to CTR Ranking Models", 2021."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import linear, tower
from galen.nn.dropout import Dropout
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class MaskNet:
    """Blocks whose inputs are multiplied by a mask made from the whole row."""

    dimension: int = 10
    blocks: int = 3  # layers behind a mask of their own
    width: int = 128  # of a block
    reduction: float = 1.0  # hidden width of a mask, as a share of the row
    serial: bool = False  # blocks one after the other, else beside each other
    hidden: tuple[int, ...] = (400, 400)  # of the tower over parallel blocks
    dropout: float = 0.2

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: MaskNet, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.serial = settings.serial
        self.fields = Fields(schema, settings.dimension)
        row = self.fields.count * settings.dimension
        self.norm = nn.LayerNorm(settings.dimension)
        hidden = max(1, round(row * settings.reduction))
        self.blocks = nn.ModuleList(
            _Block(row, settings.width if self.serial and place else row, hidden, settings)
            for place in range(settings.blocks)
        )
        if self.serial:
            self.head: nn.Module = linear(settings.width, objectives)
        else:
            width = settings.width * settings.blocks
            self.head = tower(width, settings.hidden, objectives, dropout=settings.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        vectors = self.fields(inputs)
        row, values = vectors.flatten(1), self.norm(vectors).flatten(1)
        if self.serial:
            for block in self.blocks:
                values = block(row, values)
        else:
            values = torch.cat([block(row, values) for block in self.blocks], dim=1)
        logits: Tensor = self.head(values)
        return logits


class _Block(nn.Module):
    """Values times a mask of the row, then a linear layer, a layer norm and a ReLU."""

    def __init__(self, row: int, width: int, hidden: int, settings: MaskNet) -> None:
        super().__init__()
        self.mask = tower(row, (hidden,), width)
        self.out = linear(width, settings.width)
        self.norm = nn.LayerNorm(settings.width)
        self.dropout = Dropout(settings.dropout)

    def forward(self, row: Tensor, values: Tensor) -> Tensor:
        masked = values * self.mask(row)
        out: Tensor = self.dropout(torch.relu(self.norm(self.out(masked))))
        return out
