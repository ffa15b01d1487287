"""Products between field embeddings that more than one model uses."""

import torch
from torch import Tensor, nn

from galen.nn.dense import linear


def pairwise(vectors: Tensor) -> Tensor:
    """(B, fields, width) -> (B, width): the sum over all pairs of fields of their product.

    Half of the square of the sum less the sum of squares: linear in the number of fields (Rendle,
    ICDM 2010).
    """
    return 0.5 * (vectors.sum(1).square() - vectors.square().sum(1))


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
        crossed = values
        for layer in self.layers:
            crossed = torch.addcmul(crossed, values, layer(crossed))
        return crossed
