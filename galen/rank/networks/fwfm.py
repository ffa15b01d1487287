"""Pan et al., "Field-weighted Factorization Machines for CTR Prediction", WWW 2018."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class FwFm:
    """A factorization machine that weighs each pair of fields."""

    dimension: int = 10

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: FwFm, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.width = settings.dimension
        self.fields = Fields(schema, self.width, first=True)
        count = self.fields.count
        self.weights = nn.Parameter(torch.full((objectives, count * (count - 1) // 2), 0.5))
        self.offset = nn.Parameter(torch.zeros(objectives))
        self.left: Tensor
        self.right: Tensor
        left, right = torch.triu_indices(count, count, 1)
        self.register_buffer("left", left)
        self.register_buffer("right", right)

    def forward(self, inputs: Inputs) -> Tensor:
        embedded = self.fields(inputs).float()  # (B, fields, width + 1)
        vectors = embedded[..., : self.width]
        products = (vectors @ vectors.transpose(1, 2))[:, self.left, self.right]
        first = embedded[..., self.width].sum(1, keepdim=True)
        logits: Tensor = products @ self.weights.T + first + self.offset
        return logits
