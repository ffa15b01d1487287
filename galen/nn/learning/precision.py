"""Which number format pays on this machine: measured, not assumed.

bfloat16 is 2 to 3 times cheaper on processors that multiply it natively and up to 9 times dearer on
those that emulate it, and one cannot tell by the name of the device.
"""

import time
from functools import cache
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def resolved(precision: Precision, device: torch.device) -> torch.dtype:
    """The format to train and score in; `auto` measures a few products where it runs on a CPU."""
    if precision == "auto":
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
        return torch.bfloat16 if _bfloat16_pays() else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


@cache  # one answer in a process, or two trainings under one seed could differ on a busy machine
def _bfloat16_pays() -> bool:
    seconds = {torch.bfloat16: float("inf"), torch.float32: float("inf")}
    for _ in range(9):  # in turns, so that what else the machine does meets both
        for kind, best in seconds.items():
            seconds[kind] = min(best, _seconds(kind))
    return seconds[torch.bfloat16] < 0.8 * seconds[torch.float32]


def _seconds(kind: torch.dtype) -> float:
    """Processor time of a product of the size of a network's layer, with its gradient."""
    left = torch.full((2048, 384), 0.5, dtype=kind)
    right = torch.full((384, 384), 0.5, dtype=kind, requires_grad=True)
    start = time.process_time()
    torch.matmul(left, right).sum().backward()  # type: ignore[no-untyped-call]
    return time.process_time() - start


def products_in(kind: torch.dtype) -> torch.autocast:
    """Within it, a network's products on a CPU are of this format; sums and weights are not."""
    return torch.autocast("cpu", kind, enabled=kind != torch.float32)
