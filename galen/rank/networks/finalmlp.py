"""Mao et al., "FinalMLP: An Enhanced Two-Stream MLP Model for CTR Prediction", AAAI 2023."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema, SchemaError
from galen.nn.dense import Norm, linear, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class FinalMlp:
    """Two towers that see the row through different gates, fused by a bilinear form in heads.

    The gates read the user's and the item's field where the schema names them, else a learned
    constant.
    """

    dimension: int = 10
    first: tuple[int, ...] = (400, 400, 400)  # widths of the tower behind the user's gate
    second: tuple[int, ...] = (400,)  # widths of the tower behind the item's gate
    gate: int = 64  # hidden width of a gate
    heads: int = 10  # of the bilinear form; they must divide both last widths
    dropout: float = 0.2
    norm: Norm = "batch"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: FinalMlp, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        row = self.fields.count * settings.dimension
        self.gates = nn.ModuleList(
            _Gate(schema, name, settings.dimension, settings.gate, row)
            for name in (schema.user, schema.item)
        )
        self.towers = nn.ModuleList(
            tower(row, hidden, norm=settings.norm, dropout=settings.dropout)
            for hidden in (settings.first, settings.second)
        )
        self.fusion = _Fusion(settings.first[-1], settings.second[-1], objectives, settings.heads)

    def forward(self, inputs: Inputs) -> Tensor:
        vectors = self.fields(inputs)
        row = vectors.flatten(1)
        streams = [
            stream(row * gate(vectors))
            for stream, gate in zip(self.towers, self.gates, strict=True)
        ]
        logits: Tensor = self.fusion(*streams)
        return logits


class _Gate(nn.Module):
    """Twice a sigmoid for each number of the row, so that it starts near one."""

    def __init__(self, schema: Schema, name: str, width: int, hidden: int, row: int) -> None:
        super().__init__()
        self.place = schema.place(name) if name else -1
        self.constant = None if name else nn.Parameter(torch.ones(1, width))
        self.tower = tower(width, (hidden,), row)

    def forward(self, vectors: Tensor) -> Tensor:
        seen = vectors[:, self.place] if self.constant is None else self.constant
        return 2 * torch.sigmoid(self.tower(seen))


class _Fusion(nn.Module):
    """Linear in each stream plus a bilinear form, cut into heads."""

    def __init__(self, first: int, second: int, out: int, heads: int) -> None:
        super().__init__()
        if first % heads or second % heads:
            raise SchemaError(f"heads = {heads} does not divide the streams {first} and {second}.")
        self.heads = heads
        self.linear = linear(first + second, out)
        self.form = nn.Parameter(torch.empty(heads, first // heads, out * second // heads))
        nn.init.normal_(self.form, std=(first + second) ** -0.5)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        one = first.view(len(first), self.heads, -1).transpose(0, 1)  # (heads, B, width)
        two = second.view(len(second), self.heads, 1, -1)
        turned = torch.bmm(one, self.form.to(one.dtype)).transpose(0, 1)
        turned = turned.reshape(len(first), self.heads, -1, two.shape[-1])  # (B, heads, out, width)
        plain: Tensor = self.linear(torch.cat([first, second], dim=1))
        fused: Tensor = plain + (turned * two).sum((1, 3))
        return fused
