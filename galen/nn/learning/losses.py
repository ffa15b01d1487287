"""Losses of rows with one or more yes-or-no objectives, and terms that a block adds to them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.learning.distributed import total, workers


class ObjectiveLoss(nn.Module):
    """Weighted mean of binary cross entropies; a label that is NaN is left out of its mean.

    logits and labels (B, objectives), weight (B,).
    """

    def __init__(self, shares: Sequence[float]) -> None:
        """`shares` are the weights of the objectives."""
        super().__init__()
        self.shares: Tensor
        self.register_buffer("shares", torch.tensor(shares, dtype=torch.float32))

    def forward(self, logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
        known = ~torch.isnan(labels)
        each = functional.binary_cross_entropy_with_logits(
            logits.float(), torch.nan_to_num(labels), reduction="none"
        )
        counted = known * weight[:, None]
        # Processes that learn together each divide by the mean of their counts, so that the mean of
        # their losses is that of all rows.
        group = workers()
        rows = total(counted.sum(0).detach().clone()) / group.count
        means = (each * counted).sum(0) / rows.clamp_min(1e-12)
        return (means * self.shares).sum()


class Auxiliary(nn.Module):
    """Holds a term that a block adds to the loss of the step under way."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.value: Tensor | None = None

    def add(self, value: Tensor) -> None:
        """Remember a term; outside training it is of no use and is dropped."""
        if self.training:
            self.value = value


def auxiliary_loss(network: nn.Module) -> Tensor | None:
    """The sum of what blocks added since the last call, if any did."""
    total: Tensor | None = None
    for module in network.modules():
        if isinstance(module, Auxiliary) and module.value is not None:
            term = module.share * module.value
            total = term if total is None else total + term
            module.value = None
    return total
