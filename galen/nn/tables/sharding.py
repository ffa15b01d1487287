"""Lookups in a table of which each process holds a block of rows.

Ids go to every process, each looks up the rows that it holds, and the sums come back (Mudigere et
al., "Software-Hardware Co-design for Fast and Scalable Training of Deep Learning Recommendation
Models", ISCA 2022, row-wise sharding). Gradients stay where the rows are.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def block(rows: int, rank: int, count: int) -> slice:
    """The rows that a process holds, of so many."""
    size = -(-rows // count)
    return slice(min(rank * size, rows), min((rank + 1) * size, rows))


def gathered_rows(mine: Tensor, rows: int) -> Tensor:
    """(rows, …): a whole tensor, from the blocks of rows of all processes."""
    size = -(-rows // dist.get_world_size())
    filled = mine.detach().new_zeros(size, *mine.shape[1:])
    filled[: len(mine)] = mine.detach()
    return _gathered(filled)[:rows]


class ShardedLookup(torch.autograd.Function):
    """Rows (…) of the whole table as (…, width); every process asks for as many.

    With `sparse` the gradient of the block holds the touched rows only.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: Tensor, first: int, sparse: bool) -> Tensor:
        asked = _gathered(rows.reshape(-1)) - first
        here = torch.nonzero((asked >= 0) & (asked < len(weight)))[:, 0]
        held = asked[here]
        found = weight.new_zeros(len(asked), weight.shape[1])
        found[here] = weight[held]
        ctx.save_for_backward(here, held)
        ctx.shape, ctx.sparse = weight.shape, sparse
        return _own_sum(found).view(*rows.shape, weight.shape[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        here, held = ctx.saved_tensors
        values = _gathered(gradient.reshape(-1, gradient.shape[-1]))[here]
        values = values / dist.get_world_size()  # as DDP does: losses are means of shares
        if ctx.sparse:
            return torch.sparse_coo_tensor(held[None], values, ctx.shape), None, None, None
        whole = values.new_zeros(ctx.shape)
        return whole.index_put_((held,), values, accumulate=True), None, None, None


def _gathered(mine: Tensor) -> Tensor:
    """Every process's rows, one under the other."""
    parts = mine.new_empty(dist.get_world_size() * len(mine), *mine.shape[1:])
    dist.all_gather_into_tensor(parts, mine.contiguous())
    return parts


def _own_sum(parts: Tensor) -> Tensor:
    """This process's block of the sum over processes."""
    size = len(parts) // dist.get_world_size()
    if parts.device.type == "cuda":
        mine = parts.new_empty(size, *parts.shape[1:])
        dist.reduce_scatter_tensor(mine, parts)
        return mine
    dist.all_reduce(parts)  # gloo cannot scatter what it sums
    return parts[dist.get_rank() * size : (dist.get_rank() + 1) * size]
