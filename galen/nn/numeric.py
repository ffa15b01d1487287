"""Numbers as embeddings, so that a number can interact with ids.

Guo et al., "An Embedding Learning Framework for Numerical Features in CTR Prediction" (AutoDis),
KDD 2021; Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning",
NeurIPS 2022 (periodic).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def number_encoder(encoding: str, width: int) -> nn.Module:
    """A new encoder of (B,) standardised numbers, NaN where missing, as (B, width)."""
    kinds: dict[str, type[_Missing]] = {
        "linear": Linear,
        "log_bucket": LogBucket,
        "periodic": Periodic,
        "auto_dis": AutoDis,
    }
    return kinds[encoding](width)


class _Missing(nn.Module):
    """A learned vector stands for a number that is missing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.missing = nn.Parameter(torch.zeros(width))

    def forward(self, values: Tensor) -> Tensor:
        known = ~torch.isnan(values)
        filled = torch.nan_to_num(values, nan=0.0)
        return torch.where(known[:, None], self.encoded(filled), self.missing)

    def encoded(self, values: Tensor) -> Tensor:
        raise NotImplementedError


class Linear(_Missing):
    """The number times one vector."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.direction = nn.Parameter(torch.randn(width) * 0.01)

    def encoded(self, values: Tensor) -> Tensor:
        """(B, width) of numbers (B,), none of which is missing."""
        return values[:, None] * self.direction


class LogBucket(_Missing):
    """A vector for each bucket of the signed logarithm."""

    def __init__(self, width: int, buckets: int = 32) -> None:
        super().__init__(width)
        self.middle, self.buckets = buckets // 2, buckets
        self.table = nn.Embedding(buckets + 1, width)
        nn.init.normal_(self.table.weight, std=0.01)

    def encoded(self, values: Tensor) -> Tensor:
        """(B, width) of numbers (B,), none of which is missing."""
        bent = torch.sign(values) * torch.log2(1 + 8 * values.abs())
        place = (bent * 2).round().long() + self.middle
        vectors: Tensor = self.table(place.clamp(0, self.buckets))
        return vectors


class Periodic(_Missing):
    """Sines and cosines of learned frequencies, mixed by one layer."""

    def __init__(self, width: int, frequencies: int = 8) -> None:
        super().__init__(width)
        self.frequency = nn.Parameter(torch.randn(frequencies) * 0.5)
        self.mix = nn.Linear(2 * frequencies, width)

    def encoded(self, values: Tensor) -> Tensor:
        """(B, width) of numbers (B,), none of which is missing."""
        angle = 2 * math.pi * values[:, None] * self.frequency
        mixed: Tensor = self.mix(torch.cat([angle.sin(), angle.cos()], dim=1))
        return mixed


class AutoDis(_Missing):
    """A soft choice among meta-vectors, learned end to end."""

    def __init__(self, width: int, choices: int = 16, temperature: float = 0.5) -> None:
        super().__init__(width)
        self.temperature = temperature
        self.first = nn.Linear(1, choices)
        self.second = nn.Linear(choices, choices)
        self.vectors = nn.Parameter(torch.randn(choices, width) * 0.01)

    def encoded(self, values: Tensor) -> Tensor:
        """(B, width) of numbers (B,), none of which is missing."""
        hidden = functional.leaky_relu(self.first(values[:, None]))
        chosen = torch.softmax((self.second(hidden) + hidden) / self.temperature, dim=1)
        return chosen @ self.vectors
