"""Histories of different lengths under each other, without padding between them.

Layers that see one event at a time run over the T events as they stand. Attention, which sees a
whole history, gathers histories of like length into blocks, so that little of a block is empty.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor

LEAST: Final = 4
"""Events of the narrowest block; each next one is twice as wide."""


class Block(NamedTuple):
    """Histories of like length as a table; empty places point to the row after the last event."""

    rows: Tensor  # (b, L) int64 rows of events
    kept: Tensor  # (events of the block,) places of b · L that hold an event


class Layout(NamedTuple):
    """Where the histories of a mini-batch begin and end."""

    offsets: Tensor  # (R + 1,) the events of history r are rows offsets[r] … offsets[r + 1]
    place: Tensor  # (T,) 0 for the oldest event of its history
    blocks: tuple[Block, ...]
    order: Tensor  # (T,) where each event lies in the blocks laid end to end

    @property
    def last(self) -> Tensor:
        """(R,): the row of each history's newest event; a history has one event at least."""
        return self.offsets[1:] - 1

    def to(self, device: torch.device) -> "Layout":
        """The same on a device."""
        return Layout(
            self.offsets.to(device),
            self.place.to(device),
            tuple(Block(b.rows.to(device), b.kept.to(device)) for b in self.blocks),
            self.order.to(device),
        )


def layout_of(lengths: Tensor) -> Layout:
    """The layout of histories of these lengths (R,), each 1 or more."""
    lengths = lengths.to(torch.int64)
    events = int(lengths.sum())
    offsets = torch.zeros(len(lengths) + 1, dtype=torch.int64)
    torch.cumsum(lengths, 0, out=offsets[1:])
    place = torch.arange(events) - torch.repeat_interleave(offsets[:-1], lengths)
    kinds = torch.ceil(torch.log2(lengths.clamp_min(LEAST).to(torch.float64) / LEAST)).long()
    blocks, order, start = [], torch.empty(events, dtype=torch.int64), 0
    for kind in torch.unique(kinds).tolist():
        mine = torch.nonzero(kinds == kind)[:, 0]
        width = int(lengths[mine].max())
        places = torch.arange(width)
        there = places < lengths[mine][:, None]
        index = torch.where(there, offsets[mine][:, None] + places, events)
        kept = torch.nonzero(there.flatten())[:, 0]
        order[index.flatten()[kept]] = start + torch.arange(len(kept))
        start += len(kept)
        blocks.append(Block(index, kept))
    return Layout(offsets, place, tuple(blocks), order)


def one_block(layout: Layout) -> Block:
    """All histories as one table as wide as the longest; little is empty where they are alike."""
    offsets = layout.offsets
    lengths = offsets[1:] - offsets[:-1]
    places = torch.arange(int(lengths.max()), device=offsets.device)
    there = places < lengths[:, None]
    rows = torch.where(there, offsets[:-1, None] + places, offsets[-1])
    return Block(rows, torch.nonzero(there.flatten())[:, 0])


def padded(events: Tensor, block: Block) -> Tensor:
    """(b, L, …) of a block's histories from (T + 1, …), whose last row fills empty places."""
    rows = events.index_select(0, block.rows.flatten())
    return rows.view(*block.rows.shape, *events.shape[1:])


def with_filler(events: Tensor) -> Tensor:
    """Events (T, …) with one more row of zeros."""
    return torch.cat([events, events.new_zeros(1, *events.shape[1:])])


def unpadded(blocks: list[Tensor], layout: Layout) -> Tensor:
    """(T, …) in the order of events from each block's (b, L, …)."""
    flat = [
        found.flatten(0, 1).index_select(0, block.kept)
        for found, block in zip(blocks, layout.blocks, strict=True)
    ]
    return torch.cat(flat).index_select(0, layout.order)
