"""Song et al., "AutoInt: Automatic Feature Interaction Learning via Self-Attention", CIKM 2019."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import Activation, Norm, linear, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class AutoInt:
    """Fields attend to each other, layer after layer; a tower stands beside them."""

    dimension: int = 10
    layers: int = 3  # of attention between fields
    heads: int = 2  # of attention; they must divide `width`
    width: int = 20  # of a field after a layer, over all heads
    hidden: tuple[int, ...] = (400, 400, 400)
    dropout: float = 0.2
    norm: Norm = "batch"
    activation: Activation = "relu"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: AutoInt, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        count, widths = self.fields.count, [settings.dimension]
        widths += [settings.width] * settings.layers
        self.layers = nn.ModuleList(
            _Attention(before, after, settings.heads) for before, after in pairwise(widths)
        )
        self.tower = tower(
            count * settings.dimension,
            settings.hidden,
            norm=settings.norm,
            act=settings.activation,
            dropout=settings.dropout,
        )
        self.head = linear(count * widths[-1] + settings.hidden[-1], objectives)

    def forward(self, inputs: Inputs) -> Tensor:
        vectors = self.fields(inputs)
        attended = vectors
        for layer in self.layers:
            attended = layer(attended)
        both = torch.cat([attended.flatten(1), self.tower(vectors.flatten(1))], dim=1)
        logits: Tensor = self.head(both)
        return logits


class _Attention(nn.Module):
    def __init__(self, width: int, out: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        # The offset of keys is the same for all of them, so attention could not learn it.
        self.keys = linear(width, out, bias=False)
        self.queries, self.values = linear(width, out, bias=False), linear(width, out, bias=False)
        self.residual = linear(width, out)

    def forward(self, vectors: Tensor) -> Tensor:
        query, key, value = (
            part(vectors).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.queries, self.keys, self.values)
        )
        attended = nn.functional.scaled_dot_product_attention(query, key, value)
        return torch.relu(attended.transpose(1, 2).flatten(2) + self.residual(vectors))
