"""Products between field embeddings that more than one model uses."""

from typing import Any

import torch
from torch import Tensor, nn

from galen.nn.dense import linear


def pairwise(vectors: Tensor) -> Tensor:
    """(B, fields, width) -> (B, width): the sum over all pairs of fields of their product.

    Half of the square of the sum less the sum of squares: linear in the number of fields (Rendle,
    ICDM 2010).
    """
    return 0.5 * (vectors.sum(1).square() - vectors.square().sum(1))


def fm_terms(embedded: Tensor) -> tuple[Tensor, Tensor]:
    """(B, fields, width + 1) -> (B,) first-order weights summed, (B, width) products summed."""
    if torch.is_grad_enabled():
        found: tuple[Tensor, Tensor] = _FmTerms.apply(embedded)  # type: ignore[no-untyped-call]
        return found
    return embedded[..., -1].sum(1), pairwise(embedded[..., :-1])


class _FmTerms(torch.autograd.Function):
    """Its gradient needs the vectors and their sum alone: half the passes of the derived one."""

    @staticmethod
    def forward(ctx: Any, embedded: Tensor) -> tuple[Tensor, Tensor]:
        total = embedded.sum(1)
        vectors = embedded[..., :-1]
        squares = vectors.square().sum(1)
        ctx.save_for_backward(embedded, total)
        return total[:, -1], 0.5 * (total[:, :-1].square() - squares)

    @staticmethod
    def backward(ctx: Any, first: Tensor, products: Tensor) -> Tensor:
        embedded, total = ctx.saved_tensors
        gradient: Tensor = total[:, None] - embedded
        gradient[..., :-1] *= products[:, None]
        gradient[..., -1] = first[:, None]
        return gradient


class CrossLayers(nn.Module):
    """x ← x₀ ⊙ (W x + b) + x, full or of low rank.

    Wang et al., "DCN V2: Improved Deep & Cross Network", WWW 2021.
    """

    def __init__(self, width: int, layers: int, rank: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(linear(width, rank, bias=False), linear(rank, width))
            if rank
            else linear(width, width)
            for _ in range(layers)
        )

    def forward(self, values: Tensor) -> Tensor:
        """(B, width) of values (B, width)."""
        crossed = values
        for layer in self.layers:
            crossed = torch.addcmul(crossed, values, layer(crossed))
        return crossed
