"""From a state to the codes of the next item, one level after the other or all at once."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.dense import linear


class CodeHead(nn.Module):
    """Logits of each level's codes given a state and, unless `parallel`, the codes before it."""

    def __init__(self, width: int, sizes: Sequence[int], *, parallel: bool) -> None:
        super().__init__()
        self.sizes, self.parallel = tuple(sizes), parallel
        self.read = nn.ModuleList(
            nn.Embedding(size, width) for size in (() if parallel else self.sizes[:-1])
        )
        self.mix = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), linear(width, 2 * width), nn.SiLU(), linear(2 * width, width)
            )
            for _ in sizes
        )
        self.write = nn.ModuleList(linear(width, size) for size in self.sizes)
        for table in self.read.parameters():
            nn.init.normal_(table, std=0.05)

    def level(self, level: int, hidden: Tensor) -> Tensor:
        """(rows, codes of the level) log-probabilities of `hidden` (rows, width)."""
        mixed = hidden + self.mix[level](hidden)
        logits: Tensor = self.write[level](mixed)
        return functional.log_softmax(logits.float(), dim=-1)

    def reads(self, level: int, hidden: Tensor, code: Tensor) -> Tensor:
        """`hidden` (rows, width) after a level's code (rows,) was written."""
        return hidden if self.parallel else hidden + self.read[level](code)

    def forward(self, states: Tensor, codes: Tensor) -> Tensor:
        """(T, levels) log-probabilities of codes (T, levels) given states (T, width)."""
        hidden, found = states, []
        for level in range(len(self.sizes)):
            scores = self.level(level, hidden)
            found.append(scores.gather(1, codes[:, level : level + 1]))
            if level + 1 < len(self.sizes):
                hidden = self.reads(level, hidden, codes[:, level])
        return torch.cat(found, dim=1)
