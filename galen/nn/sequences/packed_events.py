"""The histories of a mini-batch as tensors, packed."""

from typing import NamedTuple

import torch
from torch import Tensor

from galen.nn.sequences.context import Asked
from galen.nn.sequences.jagged import Layout, layout_of


class Events(NamedTuple):
    """The histories of a mini-batch, packed."""

    item: Tensor  # (T,) int64
    kind: Tensor  # (T,) int64, what was done
    at: Tensor  # (T,) float64 seconds; all 0 where only the order is known
    layout: Layout
    asked: Asked | None = None  # of each event: when and where what follows it is asked for

    def to(self, device: torch.device) -> "Events":
        """The same histories on a device, with their layout and when they were asked about."""
        layout = self.layout.to(device)
        asked = None if self.asked is None else self.asked.to(device)
        return Events(self.item.to(device), self.kind.to(device), self.at.to(device), layout, asked)

    def of(self, histories: Tensor) -> tuple["Events", Tensor]:
        """Some of the histories, and (events,) the rows that are theirs."""
        offsets = self.layout.offsets
        lengths = (offsets[1:] - offsets[:-1])[histories]
        layout = layout_of(lengths)
        rows = torch.repeat_interleave(offsets[histories], lengths) + layout.place
        asked = None if self.asked is None else self.asked.take(rows)
        return Events(self.item[rows], self.kind[rows], self.at[rows], layout, asked), rows
