"""Adam and Adagrad for tables larger than a mini-batch: only touched rows change, one size a row.

One second moment a row, and row-wise Adagrad itself, are those of Mudigere et al.,
"Software-Hardware Co-design for Fast and Scalable Training of Deep Learning Recommendation Models",
ISCA 2022.
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


class RowwiseAdagrad(torch.optim.Optimizer):
    """The cheapest for huge tables: one number a row is kept, and the host never waits.

    Gradients are sparse and may name a row any number of times. Their shape alone, not which rows
    they name, decides what is launched, so that a GPU is never asked how many rows there were.
    """

    def __init__(self, tables: Iterable[Tensor], *, rate: float, tiny: float = 1e-8) -> None:
        super().__init__(tables, {"lr": rate, "tiny": tiny})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update the rows that have a gradient."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is not None and table.grad._nnz():
                    self._update(table, table.grad, group)

    def _update(self, table: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[table]
        if not state:
            state["square"] = torch.zeros(len(table), device=table.device)
        rows, summed = _summed(gradient, len(table))
        norm = torch.linalg.vector_norm(summed, dim=1)  # without a copy as large as the gradient
        _add(state["square"], rows, norm.square_().div_(table.shape[1]))
        size = state["square"][rows].sqrt_().add_(group["tiny"])
        _add(table, rows, summed.mul_((-group["lr"] / size)[:, None]))


def _summed(gradient: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Rows (n,) and their gradients (n, width), each row once, then zeros for any other rows.

    There are as many as the gradient has entries, however many of them name the same row. The zeros
    go to rows that are spread out, because adding to one place n times would be slow.
    """
    rows, values = gradient._indices()[0], gradient._values()
    ordered, order = rows.sort()
    first = torch.ones_like(ordered, dtype=torch.bool)
    torch.ne(ordered[1:], ordered[:-1], out=first[1:])
    place = first.cumsum(0) - 1
    summed = _add(
        torch.zeros_like(values), torch.empty_like(place).scatter_(0, order, place), values
    )
    named = torch.arange(len(rows), device=rows.device) % length
    return named.scatter_(0, place, ordered), summed


def _add(total: Tensor, rows: Tensor, values: Tensor) -> Tensor:
    """Add in place by row; which of two ways does not sort depends on the device."""
    if total.device.type == "cpu":  # 5 times as fast there
        return total.index_put_((rows,), values, accumulate=True)
    return total.index_add_(0, rows, values)
