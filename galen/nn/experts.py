"""Experts that tasks share through gates.

Ma et al., "Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts",
KDD 2018; Tang et al., "Progressive Layered Extraction (PLE)", RecSys 2020.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from galen.nn.dense import linear, tower


class ExpertGate(nn.Module):
    """Shares of experts, which add up to one."""

    def __init__(self, width: int, experts: int) -> None:
        super().__init__()
        self.shares = linear(width, experts, bias=False)

    def forward(self, values: Tensor) -> Tensor:
        """(B, experts) of values (B, width)."""
        return torch.softmax(self.shares(values), dim=1)


class Extraction(nn.Module):
    """One level: shared experts and experts of each task, mixed for each task, and for all.

    Takes a value for each task and, last, the shared one; gives as many. The shared one is left
    out at the last level, where nothing reads it.
    """

    def __init__(
        self, width: int, hidden: Sequence[int], tasks: int, shared: int, own: int, *, last: bool
    ) -> None:
        super().__init__()
        self.tasks, self.last = tasks, last
        self.shared = nn.ModuleList(tower(width, hidden) for _ in range(shared))
        self.own = nn.ModuleList(tower(width, hidden) for _ in range(own * tasks))
        self.gates = nn.ModuleList(ExpertGate(width, shared + own) for _ in range(tasks))
        self.shared_gate = None if last else ExpertGate(width, shared + own * tasks)

    def forward(self, values: list[Tensor]) -> list[Tensor]:
        """(B, last of `hidden`) for each of the values (B, width) that goes on."""
        shared = [expert(values[-1]) for expert in self.shared]
        each = len(self.own) // self.tasks
        answers = [expert(values[place // each]) for place, expert in enumerate(self.own)]
        own = [answers[task * each : (task + 1) * each] for task in range(self.tasks)]
        mixed = [
            mixture(gate(value), [*shared, *mine])
            for value, gate, mine in zip(values[: self.tasks], self.gates, own, strict=True)
        ]
        if self.shared_gate is not None:
            every = shared + answers
            mixed.append(mixture(self.shared_gate(values[-1]), every))
        return mixed


def mixture(shares: Tensor, experts: Sequence[Tensor]) -> Tensor:
    """(B, width): the experts' answers, each by its share (B, experts)."""
    stacked = torch.stack(list(experts), dim=1)
    return torch.einsum("be,bew->bw", shares.to(stacked.dtype), stacked)
