"""Embedding tables in fewer bytes, for serving: bfloat16 halves them, int8 makes them a quarter."""

import copy
from typing import Literal

import torch
from torch import Tensor, nn

from galen.nn.tables.embedding import FusedTable

Kind = Literal["float32", "bfloat16", "int8"]


class CompactTable(FusedTable):
    """A table that has learned, its rows kept small and looked up as float32.

    An int8 row has one scale: its largest absolute value is 127 steps away from 0.
    """

    def __init__(self, table: FusedTable, kind: Kind) -> None:
        nn.Module.__init__(self)
        self.names, self.layout, self.total_rows = table.names, table.layout, table.total_rows
        self.sparse, self.sharded, self.first_row = False, False, 0
        self.register_buffer("offsets", table.offsets)
        self.register_buffer("sizes", table.sizes)
        weight = table.weight.detach()
        self.kept: Tensor
        self.step: Tensor | None
        if kind == "int8":
            step = weight.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
            self.register_buffer("kept", (weight / step).round().to(torch.int8))
            self.register_buffer("step", step)
        else:
            self.register_buffer("kept", weight.to(torch.bfloat16))
            self.register_buffer("step", None)

    def _looked_up(self, rows: Tensor) -> Tensor:
        found = self.kept[rows].to(torch.float32)
        return found if self.step is None else found * self.step[rows]


def compacted(network: nn.Module, kind: Kind) -> nn.Module:
    """The network with every table in a smaller format; `float32` gives the network itself."""
    if kind == "float32":
        return network
    small = copy.deepcopy(network)
    for module in list(small.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, FusedTable):
                setattr(module, name, CompactTable(child, kind))
    return small
