"""Numbers as embeddings, so that a number can interact with ids.

Guo et al., "An Embedding Learning Framework for Numerical Features in CTR Prediction" (AutoDis),
KDD 2021; Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning",
NeurIPS 2022 (periodic).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

LINEAR: Final = "linear"


class Numbers(nn.Module):
    """(B, numbers, width) of standardised numbers (B, numbers), NaN where missing.

    A learned vector stands for a number that is missing. An encoding "linear" is the number times
    a vector; where all are of that kind they are one product, not six small ones each.
    """

    def __init__(self, encodings: Sequence[str], width: int) -> None:
        super().__init__()
        self.missing = nn.Parameter(torch.zeros(len(encodings), width))
        linear = [place for place, encoding in enumerate(encodings) if encoding == LINEAR]
        self.rows = {place: row for row, place in enumerate(linear)}
        directions, others = [], {}
        for place, encoding in enumerate(encodings):
            if encoding == LINEAR:
                directions.append(torch.randn(width) * 0.01)
            else:
                others[str(place)] = _OTHERS[encoding](width)
        self.direction = nn.Parameter(torch.stack(directions)) if directions else None
        self.others = nn.ModuleDict(others)

    def forward(self, values: Tensor) -> Tensor:
        missing, filled = torch.isnan(values), torch.nan_to_num(values, nan=0.0)
        if self.direction is not None and not self.others:
            unknown = missing.to(filled.dtype)[..., None] * self.missing
            return torch.addcmul(unknown, filled[..., None], self.direction)
        each = [
            torch.where(missing[:, place, None], self.missing[place], self._encoded(place, known))
            for place, known in enumerate(filled.unbind(1))
        ]
        return torch.stack(each, dim=1)

    def _encoded(self, place: int, values: Tensor) -> Tensor:
        if place not in self.rows:
            found: Tensor = self.others[str(place)](values)
            return found
        assert self.direction is not None
        return values[:, None] * self.direction[self.rows[place]]

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *more: Any, **named: Any
    ) -> None:
        """Networks of earlier bundles have a module for each number, under its place."""
        if f"{prefix}0.missing" in state_dict:
            for name, places in (("missing", range(len(self.missing))), ("direction", self.rows)):
                each = [state_dict.pop(f"{prefix}{place}.{name}", None) for place in places]
                whole = [tensor for tensor in each if tensor is not None]
                if each and len(whole) == len(each):
                    state_dict[f"{prefix}{name}"] = torch.stack(whole)
            for name in [name for name in state_dict if name.startswith(prefix)]:
                place, _, inner = name.removeprefix(prefix).partition(".")
                if place in self.others:
                    state_dict[f"{prefix}others.{place}.{inner}"] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *more, **named)


class LogBucket(nn.Module):
    """A vector for each bucket of the signed logarithm."""

    def __init__(self, width: int, buckets: int = 32) -> None:
        super().__init__()
        self.middle, self.buckets = buckets // 2, buckets
        self.table = nn.Embedding(buckets + 1, width)
        nn.init.normal_(self.table.weight, std=0.01)

    def forward(self, values: Tensor) -> Tensor:
        """(B, width) of numbers (B,), none of which is missing."""
        bent = torch.sign(values) * torch.log2(1 + 8 * values.abs())
        place = (bent * 2).round().long() + self.middle
        vectors: Tensor = self.table(place.clamp(0, self.buckets))
        return vectors


class Periodic(nn.Module):
    """Sines and cosines of learned frequencies, mixed by one layer."""

    def __init__(self, width: int, frequencies: int = 8) -> None:
        super().__init__()
        self.frequency = nn.Parameter(torch.randn(frequencies) * 0.5)
        self.mix = nn.Linear(2 * frequencies, width)

    def forward(self, values: Tensor) -> Tensor:
        """(B, width) of numbers (B,), none of which is missing."""
        angle = 2 * math.pi * values[:, None] * self.frequency
        mixed: Tensor = self.mix(torch.cat([angle.sin(), angle.cos()], dim=1))
        return mixed


class AutoDis(nn.Module):
    """A soft choice among meta-vectors, learned end to end."""

    def __init__(self, width: int, choices: int = 16, temperature: float = 0.5) -> None:
        super().__init__()
        self.temperature = temperature
        self.first = nn.Linear(1, choices)
        self.second = nn.Linear(choices, choices)
        self.vectors = nn.Parameter(torch.randn(choices, width) * 0.01)

    def forward(self, values: Tensor) -> Tensor:
        """(B, width) of numbers (B,), none of which is missing."""
        hidden = functional.leaky_relu(self.first(values[:, None]))
        chosen = torch.softmax((self.second(hidden) + hidden) / self.temperature, dim=1)
        return chosen @ self.vectors


_OTHERS: Final[Mapping[str, Callable[[int], nn.Module]]] = {
    "log_bucket": LogBucket,
    "periodic": Periodic,
    "auto_dis": AutoDis,
}
