"""Averaged weights: an exponential mean over steps, which is scored and kept instead of the last.

Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
"""

import copy

import torch
from torch import Tensor, nn


class Averaged:
    """The mean of a network's weights; its buffers are the network's newest."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.network = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in a step. The mean of the first steps is a plain one."""
        self.steps += 1
        weight = max(1 - self.decay, 1 / self.steps)
        mean: list[Tensor] = [p.detach() for p in self.network.parameters()]
        newest: list[Tensor] = [p.detach() for p in network.parameters()]
        torch._foreach_lerp_(mean, newest, weight)
        for held, fresh in zip(self.network.buffers(), network.buffers(), strict=True):
            held.copy_(fresh)

    def tensors(self) -> dict[str, Tensor]:
        return dict(self.network.state_dict())
