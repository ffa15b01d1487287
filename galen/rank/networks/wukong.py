"""Zhang et al., "Wukong: Towards a Scaling Law for Large-Scale Recommendation", ICML 2024."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class Wukong:
    """Stacked factorization machines. `size` sets width, depth and vectors of a layer."""

    size: int = 1
    dropout: float = 0.1

    @property
    def dimension(self) -> int:
        """Numbers of an embedding."""
        return max(4, 4 * round(2 * math.sqrt(self.size)))

    @property
    def layers(self) -> int:
        """Doubling the size four times adds two layers."""
        return 2 + (self.size.bit_length() - 1) // 2

    @property
    def vectors(self) -> int:
        """Embeddings that each half of a layer gives."""
        return round(8 * math.sqrt(self.size))

    @property
    def hidden(self) -> int:
        """Width of the towers inside."""
        return 8 * round(8 * math.sqrt(self.size))

    @property
    def learning_rate(self) -> float:
        """Of `galen scale`, where wider layers take smaller steps; recipes say their own."""
        return 2e-3 / math.sqrt(self.size)

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Wukong, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        count, layers = self.fields.count, []
        for _ in range(settings.layers):
            layers.append(_Layer(settings, count))
            count = 2 * settings.vectors
        self.layers = nn.ModuleList(layers)
        width = count * settings.dimension
        self.head = tower(width, (settings.hidden,), objectives, dropout=settings.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        vectors = self.fields(inputs)
        for layer in self.layers:
            vectors = layer(vectors)
        logits: Tensor = self.head(vectors.flatten(1))
        return logits


class _Layer(nn.Module):
    """A factorization machine block beside linear mixtures, with a residual and a layer norm."""

    def __init__(self, settings: Wukong, count: int) -> None:
        super().__init__()
        made, width = settings.vectors, settings.dimension
        rank = min(made, count)
        self.shape = made, width
        self.compress = nn.Linear(count, rank, bias=False)  # Y of X Xᵀ Y: products of low rank
        self.norm_products = nn.LayerNorm(count * rank)
        self.products = tower(
            count * rank, (settings.hidden,), made * width, dropout=settings.dropout
        )
        self.mixtures = nn.Linear(count, made, bias=False)
        self.residual = (
            nn.Identity() if count == 2 * made else nn.Linear(count, 2 * made, bias=False)
        )
        self.norm = nn.LayerNorm(width)
        nn.init.xavier_normal_(self.mixtures.weight)

    def forward(self, vectors: Tensor) -> Tensor:
        across = vectors.transpose(1, 2)  # (B, width, count)
        products = vectors @ self.compress(across)  # (B, count, rank)
        machine = self.products(self.norm_products(products.flatten(1))).view(-1, *self.shape)
        linear_part = self.mixtures(across).transpose(1, 2)
        kept = self.residual(across).transpose(1, 2)
        both = torch.cat([machine.to(linear_part.dtype), linear_part], dim=1)
        normed: Tensor = self.norm(both + kept)
        return normed
