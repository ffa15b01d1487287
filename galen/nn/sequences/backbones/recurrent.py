"""A recurrent layer over packed events, the small baseline.

Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016.
"""

import torch
from torch import Tensor, nn

from galen.nn.dropout import Dropout
from galen.nn.sequences.jagged import Layout, padded, unpadded, with_filler


class GruLayer(nn.Module):
    """A gated recurrent unit; its state is all that it keeps of a history."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.unit = nn.GRU(width, width, batch_first=True)
        self.dropout = Dropout(dropout)

    def forward(self, events: Tensor, at: Tensor, layout: Layout) -> Tensor:
        whole = with_filler(events)
        parts = [self.unit(padded(whole, block))[0] for block in layout.blocks]
        found: Tensor = self.dropout(unpadded(parts, layout))
        return found

    def begin(self, people: int) -> tuple[Tensor, ...]:
        """A state of zeros."""
        return (torch.zeros(1, people, self.unit.hidden_size),)

    def keep(self, events: Tensor, at: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        found, state = self.unit(events)
        return self.dropout(found), (state,)

    def extend(
        self, events: Tensor, at: Tensor, place: int, kept: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        found, state = self.unit(events[:, None], kept[0].contiguous())
        return self.dropout(torch.flatten(found, 1)), (state,)
