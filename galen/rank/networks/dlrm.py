"""Naumov et al., "Deep Learning Recommendation Model for Personalization" (DLRM), 2019."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema, SchemaError
from galen.nn.dense import Activation, Norm, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields

SPREAD: Final = 0.05
"""Of embeddings at the start: the top tower reads little but their products."""


@dataclass(frozen=True, slots=True)
class Dlrm:
    """Numbers become one vector in a bottom tower; a top tower reads products of all vectors."""

    dimension: int = 16
    bottom: tuple[int, ...] = (64,)  # hidden widths for numbers
    hidden: tuple[int, ...] = (400, 400, 400)
    dropout: float = 0.2
    norm: Norm = "batch"
    activation: Activation = "relu"

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    """Raises SchemaError where there are no two vectors to multiply."""

    def __init__(self, settings: Dlrm, schema: Schema, objectives: int) -> None:
        super().__init__()
        dimension, numbers = settings.dimension, len(schema.numbers)
        self.fields = Fields(msgspec.structs.replace(schema, numbers=()), dimension, spread=SPREAD)
        self.bottom = _Bottom(schema, (*settings.bottom, dimension)) if numbers else None
        count = self.fields.count + (1 if numbers else 0)
        if count < 2:
            raise SchemaError("dlrm multiplies fields and the samples have one; choose another.")
        above, below = torch.triu_indices(count, count, offset=1)
        self.pairs: Tensor
        self.register_buffer("pairs", above * count + below, persistent=False)
        self.tower = tower(
            len(self.pairs) + (dimension if numbers else 0),
            settings.hidden,
            objectives,
            norm=settings.norm,
            act=settings.activation,
            dropout=settings.dropout,
        )

    def forward(self, inputs: Inputs) -> Tensor:
        vectors = self.fields(inputs)  # (B, fields, width)
        if self.bottom is None:
            flat = self._products(vectors)
        else:
            dense = self.bottom(inputs.numbers)
            vectors = torch.cat([dense[:, None].to(vectors.dtype), vectors], dim=1)
            products = self._products(vectors)
            flat = torch.cat([dense.to(products.dtype), products], dim=1)
        logits: Tensor = self.tower(flat)
        return logits

    def _products(self, vectors: Tensor) -> Tensor:
        """(B, pairs). Selected along one axis: its gradient needs no sort on a GPU."""
        products = torch.bmm(vectors, vectors.transpose(1, 2)).flatten(1)
        return products.index_select(1, self.pairs)


class _Bottom(nn.Module):
    """(B, numbers) -> (B, width): standardised numbers, and which of them are missing."""

    def __init__(self, schema: Schema, widths: Sequence[int]) -> None:
        super().__init__()
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.tensor([number.mean for number in schema.numbers]))
        self.register_buffer("spread", torch.tensor([number.spread for number in schema.numbers]))
        self.tower = tower(2 * len(schema.numbers), widths)

    def forward(self, numbers: Tensor) -> Tensor:
        bent = (torch.sign(numbers) * torch.log1p(numbers.abs()) - self.mean) / self.spread
        missing = torch.isnan(numbers).to(bent.dtype)
        found: Tensor = self.tower(torch.cat([torch.nan_to_num(bent, nan=0.0), missing], dim=1))
        return found
