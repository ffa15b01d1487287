"""Cheng et al., "Wide & Deep Learning for Recommender Systems", DLRS 2016."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import Activation, Norm, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class WideDeep:
    """First-order weights that remember beside a tower that generalises."""

    dimension: int = 10
    hidden: tuple[int, ...] = (400, 400, 400)
    dropout: float = 0.2
    norm: Norm = "batch"
    activation: Activation = "relu"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: WideDeep, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.width = settings.dimension
        self.fields = Fields(schema, self.width, first=True)
        self.tower = tower(
            self.fields.count * self.width,
            settings.hidden,
            objectives,
            norm=settings.norm,
            act=settings.activation,
            dropout=settings.dropout,
        )

    def forward(self, inputs: Inputs) -> Tensor:
        embedded = self.fields(inputs)  # (B, fields, width + 1)
        wide = embedded[..., self.width].sum(1, keepdim=True)
        deep: Tensor = self.tower(embedded[..., : self.width].flatten(1))
        logits: Tensor = deep.float() + wide
        return logits
