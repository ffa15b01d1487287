"""Adam for a network's dense part and for its tables, each with its own rate and decay.

Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
"""

import torch
from torch import Tensor, nn

from galen.nn.learning.distributed import total, workers
from galen.nn.tables.embedding import FusedTable
from galen.nn.tables.rowwise import RowwiseAdam
from galen.nn.tables.sharding import block, gathered_rows


class Optimiser:
    """Steps every weight of a network once, after clipping all but `touched` tables."""

    def __init__(
        self,
        network: nn.Module,
        *,
        rate: float,
        table_rate: float | None,
        table_l2: float,
        weight_decay: float,
        touched: bool,
    ) -> None:
        """With `touched`, a step updates and decays only the table rows of its mini-batch."""
        tables = [m.weight for m in network.modules() if isinstance(m, FusedTable)]
        for module in network.modules():
            if isinstance(module, FusedTable):
                module.sparse = touched
        known = {id(weight) for weight in tables}
        dense = [p for p in network.parameters() if p.requires_grad and id(p) not in known]
        tables = [weight for weight in tables if weight.requires_grad]
        self.group = workers()
        self.rows = {  # of the whole tables that weights are blocks of
            id(m.weight): m.total_rows
            for m in network.modules()
            if isinstance(m, FusedTable) and m.sharded
        }
        clipped = dense if touched else [*dense, *tables]
        self.clipped = [weight for weight in clipped if id(weight) not in self.rows]
        self.sharded = [weight for weight in clipped if id(weight) in self.rows]
        self.device = next(network.parameters()).device
        self.rates: list[float] = []
        self.parts: list[torch.optim.Optimizer] = []
        table_rate = rate if table_rate is None else table_rate
        if dense:
            self._add(torch.optim.Adam(dense, lr=rate, weight_decay=weight_decay, fused=True))
        if tables and touched:
            self._add(RowwiseAdam(tables, rate=table_rate, l2=table_l2))
        elif tables:
            self._add(torch.optim.Adam(tables, lr=table_rate, weight_decay=table_l2, fused=True))

    def _add(self, part: torch.optim.Optimizer) -> None:
        self.parts.append(part)
        self.rates.append(part.param_groups[0]["lr"])

    def scale(self, factor: float) -> None:
        """Set every rate to a share of what it was at the start."""
        for part, rate in zip(self.parts, self.rates, strict=True):
            part.param_groups[0]["lr"] = rate * factor

    def step(self, clip: float) -> None:
        """Clip gradients to a norm (0 does not), update, and forget them."""
        if clip:
            self._clip(clip)
        for part in self.parts:
            part.step()
            part.zero_grad(set_to_none=True)

    def _clip(self, clip: float) -> None:
        """Scale gradients so that their norm, over all processes, is at most `clip`."""
        dense = [p.grad for p in self.clipped if p.grad is not None]
        apart = [p.grad for p in self.sharded if p.grad is not None]
        square = self._square(dense) + (total(self._square(apart)) if self.sharded else 0.0)
        factor = (clip / (square.sqrt() + 1e-6)).clamp_max(1.0)
        for gradients in (dense, apart):
            if gradients:
                torch._foreach_mul_(gradients, factor)

    def _square(self, gradients: list[Tensor]) -> Tensor:
        """The square of the norm of all gradients together, where the weights are."""
        if not gradients:
            return torch.zeros((), device=self.device)
        return torch.stack([norm.square() for norm in torch._foreach_norm(gradients)]).sum()

    def tensors(self) -> dict[str, Tensor]:
        """Moments and step counts by place, of whole tables; every process must ask."""
        found: dict[str, Tensor] = {}
        for place, part in enumerate(self.parts):
            for number, state in part.state_dict()["state"].items():
                rows = self._rows_of(part, number)
                for name, value in state.items():
                    tensor = torch.as_tensor(value)
                    if rows and tensor.dim():
                        tensor = gathered_rows(tensor, rows)
                    found[f"{place}.{number}.{name}"] = tensor
        return found

    def _rows_of(self, part: torch.optim.Optimizer, number: int) -> int:
        """Rows of the whole table that a weight is a block of; 0 where it is none."""
        weights = [weight for group in part.param_groups for weight in group["params"]]
        return self.rows.get(id(weights[number]), 0)

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `tensors` gave."""
        for place, part in enumerate(self.parts):
            tree = part.state_dict()
            tree["state"] = {}
            for key, value in tensors.items():
                owner, number, name = key.split(".")
                if int(owner) == place:
                    rows = self._rows_of(part, int(number))
                    blocked = rows and value.dim()
                    mine = block(rows, self.group.rank, self.group.count)
                    tree["state"].setdefault(int(number), {})[name] = (
                        value[mine] if blocked else value
                    )
            part.load_state_dict(tree)
