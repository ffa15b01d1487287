"""Rendle, "Factorization Machines", ICDM 2010."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.inputs import Inputs
from galen.nn.interaction import fm_terms
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class Fm:
    """First-order weights and the inner products of all pairs of fields."""

    dimension: int = 10

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Fm, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.width = settings.dimension
        self.fields = Fields(schema, self.width, first=True)
        self.offset = nn.Parameter(torch.zeros(objectives))
        # Objectives beyond the first weigh the products each in their own way.
        self.heads = nn.Linear(self.width, objectives - 1) if objectives > 1 else None

    def forward(self, inputs: Inputs) -> Tensor:
        embedded = self.fields(inputs)  # (B, fields, width + 1)
        first, products = fm_terms(embedded)
        plain = (first + products.sum(1))[:, None]
        if self.heads is not None:
            plain = torch.cat([plain, first[:, None] + self.heads(products)], dim=1)
        logits: Tensor = plain + self.offset
        return logits
