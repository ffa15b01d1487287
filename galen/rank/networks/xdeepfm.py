"""Lian et al., "xDeepFM: Combining Explicit and Implicit Feature Interactions", KDD 2018."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import Activation, Norm, linear, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class XDeepFm:
    """A compressed interaction network and first-order weights beside a tower."""

    dimension: int = 10
    maps: tuple[int, ...] = (32, 32)  # feature maps of each interaction layer
    hidden: tuple[int, ...] = (400, 400, 400)
    dropout: float = 0.2
    norm: Norm = "batch"
    activation: Activation = "relu"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: XDeepFm, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.width = settings.dimension
        self.fields = Fields(schema, self.width, first=True)
        count = self.fields.count
        self.interactions = CompressedInteractions(count, settings.maps)
        self.tower = tower(
            count * self.width,
            settings.hidden,
            objectives,
            norm=settings.norm,
            act=settings.activation,
            dropout=settings.dropout,
        )
        self.head = linear(sum(settings.maps), objectives, bias=False)

    def forward(self, inputs: Inputs) -> Tensor:
        embedded = self.fields(inputs)  # (B, fields, width + 1)
        vectors = embedded[..., : self.width]
        first = embedded[..., self.width].sum(1, keepdim=True)
        deep: Tensor = self.tower(vectors.flatten(1)) + self.head(self.interactions(vectors))
        logits: Tensor = deep.float() + first
        return logits


class CompressedInteractions(nn.Module):
    """(B, fields, width) -> (B, maps): products of all fields with the layer before, mixed."""

    def __init__(self, fields: int, maps: Sequence[int]) -> None:
        super().__init__()
        before = [fields, *maps[:-1]]
        self.mixes = nn.ModuleList(
            linear(fields * last, made, bias=False) for last, made in zip(before, maps, strict=True)
        )

    def forward(self, vectors: Tensor) -> Tensor:
        fields = vectors.transpose(1, 2)  # (B, width, fields)
        layer, pooled = fields, []
        for mix in self.mixes:
            layer = mix((fields[..., :, None] * layer[..., None, :]).flatten(2))
            pooled.append(layer.sum(1))
        return torch.cat(pooled, dim=1)
