"""Juan et al., "Field-aware Factorization Machines for CTR Prediction", RecSys 2016."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class Ffm:
    """Every field has a vector of its own for each other field."""

    dimension: int = 4  # numbers of each field's vector for each other field

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Ffm, schema: Schema, objectives: int) -> None:
        super().__init__()
        count = Fields(schema, 1).count
        self.shape = count, count, settings.dimension
        self.fields = Fields(schema, count * settings.dimension, first=True)
        self.weights = nn.Parameter(torch.ones(objectives, count * (count - 1) // 2))
        self.offset = nn.Parameter(torch.zeros(objectives))
        self.left: Tensor
        self.right: Tensor
        left, right = torch.triu_indices(count, count, 1)
        self.register_buffer("left", left)
        self.register_buffer("right", right)

    def forward(self, inputs: Inputs) -> Tensor:
        embedded = self.fields(inputs)  # (B, fields, fields · width + 1)
        vectors = embedded[..., :-1].unflatten(-1, self.shape[1:])  # of a field for a field
        toward, back = vectors[:, self.left, self.right], vectors[:, self.right, self.left]
        products = (toward * back).sum(-1)
        first = embedded[..., -1].sum(1, keepdim=True)
        # A weight for each pair and objective lets objectives differ; one objective starts as FFM.
        logits: Tensor = products @ self.weights.T + first + self.offset
        return logits
