"""Adam for a network's dense part and for its tables, each with its own rate and decay.

Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
"""

import torch
from torch import Tensor, nn

from galen.nn.embedding import FusedTable
from galen.nn.rowwise import RowwiseAdam


class Optimiser:
    """Steps every weight of a network once, after clipping."""

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
        self.clipped = dense if touched else [*dense, *tables]
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
            nn.utils.clip_grad_norm_(self.clipped, clip)
        for part in self.parts:
            part.step()
            part.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """Moments and step counts by place."""
        found: dict[str, Tensor] = {}
        for place, part in enumerate(self.parts):
            for number, state in part.state_dict()["state"].items():
                for name, value in state.items():
                    found[f"{place}.{number}.{name}"] = torch.as_tensor(value)
        return found

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `tensors` gave."""
        for place, part in enumerate(self.parts):
            tree = part.state_dict()
            tree["state"] = {}
            for key, value in tensors.items():
                owner, number, name = key.split(".")
                if int(owner) == place:
                    tree["state"].setdefault(int(number), {})[name] = value
            part.load_state_dict(tree)
