"""Dropout with eight masks from each 64-bit random number.

Srivastava et al., "Dropout", JMLR 2014. Random numbers are the dearest part of dropout on a CPU
(a third of a step of a 400 × 3 network); a probability in steps of 1/256 is fine enough.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEPS = 256


class Dropout(nn.Module):
    """Zeroes a share of the inputs in training and scales the others up, by torch's own seed.

    With `whole` above 0, that many last dimensions are zeroed together, or not at all.
    """

    def __init__(self, share: float, *, whole: int = 0) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise ValueError(f"dropout is a share in 0 … 1, not {share}")
        self.dropped, self.whole = round(share * _STEPS), whole  # of 256

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or not self.dropped:
            return values
        if values.device.type != "cpu" and not self.whole:
            return functional.dropout(values, self.dropped / _STEPS)
        apart = values.dim() - self.whole
        shape = (*values.shape[:apart], *[1] * self.whole)
        kept = _drawn(shape, values.device) >= self.dropped
        return values * kept.to(values.dtype).mul_(_STEPS / (_STEPS - self.dropped))


def _drawn(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Random bytes."""
    count = math.prod(shape)
    eights = torch.empty((count + 7) // 8, dtype=torch.int64, device=device)
    return eights.random_(-(2**63), None).view(torch.uint8)[:count].view(shape)
