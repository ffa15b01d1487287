"""Several processes as one trainer, on PyTorch's own engines: DDP for the dense part, and tables
whose rows are sharded over the processes, with its collectives.

Every process reads the same mini-batches and learns from its share of each, so the curve is that of
one process with the same mini-batches. Of a share alone are the statistics of batch norm and the
negatives that pairs of a mini-batch are to each other.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from galen.nn.tables.embedding import FusedTable
from galen.nn.tables.sharding import block, gathered_rows

_LETTING_GO: Final = 0.3
"""Seconds in which gloo's threads drop the tensors of the last collective.

For that they need the interpreter, and one that is ending aborts a thread that asks for it. The
threads outlive the group (PyTorch 2.13), so nothing can be waited for.
"""


@dataclass(frozen=True)
class Workers:
    """Which process this is, of how many."""

    rank: int = 0
    count: int = 1

    @property
    def alone(self) -> bool:
        """Is there nobody to learn together with?"""
        return self.count == 1

    @property
    def leads(self) -> bool:
        """Is this the process that writes files and tells how it goes?"""
        return self.rank == 0


def workers() -> Workers:
    """This process among those that `joined` brought together."""
    if not dist.is_available() or not dist.is_initialized():
        return Workers()
    return Workers(dist.get_rank(), dist.get_world_size())


@contextmanager
def joined() -> Iterator[Workers]:
    """The processes that `torchrun` started, as one group while the block runs; else this alone."""
    if "TORCHELASTIC_RUN_ID" not in os.environ or int(os.environ["WORLD_SIZE"]) == 1:
        yield Workers()
        return
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield workers()
    finally:
        dist.destroy_process_group()
        time.sleep(_LETTING_GO)


def spread(network: nn.Module, group: Workers) -> nn.Module:
    """The network to call in training: tables sharded by row, the rest held alike by DDP."""
    if group.alone:
        return network
    apart = []
    for name, module in network.named_modules():
        if isinstance(module, FusedTable):
            module.shard(group.rank, group.count)
            apart.append(f"{name}.weight" if name else "weight")
    ignore = DistributedDataParallel._set_params_and_buffers_to_ignore_for_model
    ignore(network, apart)  # type: ignore[no-untyped-call]
    if all(name in apart for name, p in network.named_parameters() if p.requires_grad):
        return network
    return DistributedDataParallel(network)


def dealt(rows: int, weight: Tensor, rank: int, count: int) -> tuple[Tensor, Tensor]:
    """Every `count`-th of so many rows, and weights; where none is left, one of no weight."""
    mine = torch.arange(rows)[rank::count]
    if len(mine):
        return mine, weight
    return torch.zeros(1, dtype=torch.int64), torch.zeros_like(weight)


def total(value: Tensor) -> Tensor:
    """The sum of every process's value."""
    if not workers().alone:
        dist.all_reduce(value)
    return value


def whole_state(network: nn.Module) -> dict[str, Tensor]:
    """Every tensor of a network, tables whole; every process must ask."""
    state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    for name, table in _sharded(network).items():
        state[name] = gathered_rows(table.weight, table.total_rows)
    return state


def load_whole(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Take over what `whole_state` gave, each process its own rows."""
    group, mine = workers(), dict(state)
    for name, table in _sharded(network).items():
        mine[name] = mine[name][block(table.total_rows, group.rank, group.count)]
    network.load_state_dict(mine)


def unsharded(network: nn.Module) -> None:
    """Give every process the whole tables back, when learning is over."""
    for table in _sharded(network).values():
        table.weight = nn.Parameter(gathered_rows(table.weight, table.total_rows))
        table.first_row, table.sharded = 0, False


def _sharded(network: nn.Module) -> dict[str, FusedTable]:
    """Tables of which this process holds a block, by the name of their weight."""
    return {
        f"{name}.weight" if name else "weight": module
        for name, module in network.named_modules()
        if isinstance(module, FusedTable) and module.sharded
    }
