"""Dropout with eight masks from each 64-bit random number.

Srivastava et al., "Dropout", JMLR 2014. Random numbers are the dearest part of dropout on a CPU
(a third of a step of a 400 × 3 network); a probability in steps of 1/256 is fine enough.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEPS = 256


class Dropout(nn.Module):
    """Zeroes a share of the inputs in training and scales the others up, by torch's own seed."""

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise ValueError(f"dropout is a share in 0 … 1, not {share}")
        self.dropped = round(share * _STEPS)  # of 256

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or not self.dropped:
            return values
        if values.device.type != "cpu":
            return functional.dropout(values, self.dropped / _STEPS)
        drawn = torch.empty((values.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = drawn.view(torch.uint8)[: values.numel()].view(values.shape) >= self.dropped
        return values * kept.to(values.dtype).mul_(_STEPS / (_STEPS - self.dropped))
