"""An adaptor on frozen vectors that learns which items are taken together.

Van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018 (InfoNCE):
the other pairs of a mini-batch are what a pair is told from.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.dense import linear
from galen.nn.learning.distributed import dealt


class ItemPairs(NamedTuple):
    """B pairs of items that belong together."""

    one: Tensor  # (B,) int64
    other: Tensor  # (B,) int64

    def to(self, device: torch.device) -> "ItemPairs":
        """The same pairs on a device."""
        return ItemPairs(self.one.to(device), self.other.to(device))


class ItemPairLesson(NamedTuple):
    """One mini-batch of pairs to learn from."""

    inputs: ItemPairs
    weight: Tensor  # (B,)

    @property
    def labels(self) -> Tensor:
        return self.inputs.other

    def to(self, device: torch.device) -> "ItemPairLesson":
        return ItemPairLesson(self.inputs.to(device), self.weight.to(device))

    def share(self, rank: int, count: int) -> "ItemPairLesson":
        """Every `count`-th pair; a process that would get none has one of no weight."""
        if count == 1:
            return self
        rows, weight = dealt(len(self.weight), self.weight, rank, count)
        pairs = ItemPairs(self.inputs.one[rows], self.inputs.other[rows])
        return ItemPairLesson(pairs, weight[rows])


class Turned(nn.Module):
    """Vectors (n, d) as unit vectors (n, d), at first in the directions that they have."""

    def __init__(self, size: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.straight = nn.Linear(size, size, bias=False)
        nn.init.eye_(self.straight.weight)
        last = linear(hidden, size)
        nn.init.zeros_(last.weight)
        self.bent = nn.Sequential(linear(size, hidden), nn.GELU(), nn.Dropout(dropout), last)

    def forward(self, vectors: Tensor) -> Tensor:
        return functional.normalize(self.straight(vectors) + self.bent(vectors), dim=-1)


class Contrast(nn.Module):
    """(B,) losses of pairs, each item told from the others' partners, at a temperature of cosines.

    A pair's items that stand in another pair too are no negatives of it.
    """

    def __init__(
        self, vectors: Tensor, hidden: int, temperature: float, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.vectors: Tensor
        self.register_buffer("vectors", vectors)
        self.adaptor = Turned(vectors.shape[1], hidden, dropout)

    def forward(self, pairs: ItemPairs) -> Tensor:
        one, other = self.adaptor(self.vectors[pairs.one]), self.adaptor(self.vectors[pairs.other])
        scores = one @ other.T / self.temperature
        own = torch.arange(len(scores), device=scores.device)
        apart = _apart(scores, pairs.one, pairs.other), _apart(scores.T, pairs.other, pairs.one)
        there, back = (functional.cross_entropy(each, own, reduction="none") for each in apart)
        return (there + back) / 2

    def whole(self) -> Tensor:
        """(N, d) of every item."""
        found: Tensor = self.adaptor(self.vectors)
        return found


def _apart(scores: Tensor, asked: Tensor, items: Tensor) -> Tensor:
    """Scores (B, B) of `asked` and `items`, but for columns of a row's own two items elsewhere."""
    same = (items[:, None] == items) | (asked[:, None] == items)
    same.fill_diagonal_(False)
    return scores.masked_fill(same, -torch.inf)
