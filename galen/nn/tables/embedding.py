"""Embedding tables of many fields as one tensor, so that a mini-batch is one lookup."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.tables.sharding import ShardedLookup, block


class IdError(ValueError):
    """An id is no row of its table; the message names the field and the id."""


class _Lookup(torch.autograd.Function):
    """Rows of a table; on a CPU, adding up gradients by index is 5 times as fast as torch's own."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.shape = weight.shape
        return functional.embedding(rows, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        flat = gradient.reshape(-1, gradient.shape[-1])
        total = torch.zeros(ctx.shape, dtype=gradient.dtype)
        return total.index_put_((rows.reshape(-1),), flat, accumulate=True), None


class FusedTable(nn.Module):
    """All tables of one width under each other; field f's id i is row offset[f] + i.

    Input ids (…, fields) int64, output (…, fields, width) float32.

    Raises:
        IdError: an id is out of its field's range. On a GPU ids are checked before they are sent.
    """

    def __init__(
        self,
        tables: Mapping[str, int],
        fields: Sequence[tuple[str, str]],
        width: int,
        *,
        spread: float = 1e-4,
        sparse: bool = False,
    ) -> None:
        """`fields` are (field, table) pairs; with `sparse`, gradients hold touched rows only."""
        super().__init__()
        starts = dict(zip(tables, accumulate(tables.values(), initial=0), strict=False))
        self.names = tuple(field for field, _ in fields)
        self.sparse = sparse
        self.layout = {table: (starts[table], rows) for table, rows in tables.items()}
        self.total_rows = sum(tables.values())
        self.first_row = 0  # of the block that this process holds
        self.sharded = False
        self.weight = nn.Parameter(torch.empty(sum(tables.values()), width))
        nn.init.normal_(self.weight, std=spread)
        self.offsets: Tensor
        self.sizes: Tensor
        self.register_buffer("offsets", torch.tensor([starts[table] for _, table in fields]))
        self.register_buffer("sizes", torch.tensor([tables[table] for _, table in fields]))

    def forward(self, ids: Tensor) -> Tensor:
        """(…, fields, width) of ids (…, fields) of the first fields, in their order."""
        return self._looked_up(self.rows(ids))

    def field(self, place: int, ids: Tensor) -> Tensor:
        """(…, width) of ids (…) of one field."""
        return self._looked_up(self.rows(ids[..., None], place)[..., 0])

    def rows(self, ids: Tensor, first: int = 0) -> Tensor:
        """Ids (…, n) of n fields from `first` on, as rows of the one tensor."""
        fields = slice(first, first + ids.shape[-1])
        if ids.device.type == "cpu" and not torch.compiler.is_compiling():
            self._check(ids, fields)
        return ids + self.offsets[fields]

    def shard(self, rank: int, count: int) -> None:
        """Keep this process's block of rows only."""
        rows = block(self.total_rows, rank, count)
        self.weight = nn.Parameter(self.weight.detach()[rows].clone())
        self.first_row, self.sharded = rows.start, True

    def _looked_up(self, rows: Tensor) -> Tensor:
        if self.sharded:
            shared: Tensor = ShardedLookup.apply(self.weight, rows, self.first_row, self.sparse)  # type: ignore[no-untyped-call]
            return shared
        if not torch.is_grad_enabled() or not self.weight.requires_grad:
            return functional.embedding(rows, self.weight)
        if self.sparse and rows.is_cuda:  # finding doubles would wait for the device
            return functional.embedding(rows, self.weight, sparse=True)
        if self.sparse:  # each row once, so that its gradient is there once
            needed, place = torch.unique(rows, return_inverse=True)
            return functional.embedding(needed, self.weight, sparse=True)[place]
        if rows.device.type == "cpu":
            found: Tensor = _Lookup.apply(self.weight, rows)  # type: ignore[no-untyped-call]
            return found
        return functional.embedding(rows, self.weight)

    def _check(self, ids: Tensor, fields: slice) -> None:
        sizes = self.sizes[fields]
        if not ids.numel() or bool(((ids >= 0) & (ids < sizes)).all()):
            return
        wrong = (ids < 0) | (ids >= sizes)
        place = int(torch.nonzero(wrong)[0, -1])
        raise IdError(
            f"field {self.names[fields][place]!r} has id "
            f"{int(ids[..., place][wrong[..., place]][0])}, its table has {int(sizes[place])} rows."
        )
