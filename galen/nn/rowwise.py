"""Adam for tables larger than a mini-batch: only touched rows change, one second moment a row.

The row-wise second moment is that of Mudigere et al., "Software-Hardware Co-design for Fast and
Scalable Training of Deep Learning Recommendation Models" (row-wise Adagrad), ISCA 2022.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class RowwiseAdam(torch.optim.Optimizer):
    """Gradients are sparse; `l2` decays a row when it is touched."""

    def __init__(
        self,
        tables: Iterable[Tensor],
        *,
        rate: float,
        l2: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        tiny: float = 1e-8,
    ) -> None:
        super().__init__(tables, {"lr": rate, "l2": l2, "betas": betas, "tiny": tiny})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update the rows that have a gradient."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is not None:
                    self._update(table, table.grad.coalesce(), group)

    def _update(self, table: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[table]
        if not state:
            state["mean"] = torch.zeros_like(table)
            state["square"] = torch.zeros(len(table), device=table.device)
            state["steps"] = torch.zeros(len(table), device=table.device)
        rows, values = gradient.indices()[0], gradient.values()
        fast, slow = group["betas"]
        held = table[rows]
        values = values + group["l2"] * held
        steps = state["steps"][rows] + 1  # of each row: a rare row's moments are not too small
        mean = state["mean"][rows].lerp_(values, 1 - fast)
        square = state["square"][rows].lerp_(values.square().mean(1), 1 - slow)
        state["steps"][rows], state["mean"][rows], state["square"][rows] = steps, mean, square
        size = (square / (1 - slow**steps)).sqrt_().add_(group["tiny"])
        table[rows] = held - (group["lr"] / (1 - fast**steps) / size)[:, None] * mean
