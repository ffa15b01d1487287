"""Averaged weights: an exponential mean over steps, which is scored and kept instead of the last.

Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
"""

import copy

import torch
from torch import Tensor, nn


class Averaged:
    """The mean of a network's weights and of its running statistics, which belong to them."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.network = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in a step. The mean of the first steps is a plain one."""
        self.steps += 1
        weight = max(1 - self.decay, 1 / self.steps)
        mean, newest = _floats(self.network), _floats(network)
        torch._foreach_lerp_(mean, newest, weight)


def _floats(network: nn.Module) -> list[Tensor]:
    """Weights and running statistics; counts and offsets are not for averaging."""
    tensors = [*network.parameters(), *network.buffers()]
    return [tensor.detach() for tensor in tensors if tensor.is_floating_point()]
