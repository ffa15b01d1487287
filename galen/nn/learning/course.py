"""How training went, epoch by epoch, and which epoch was the best."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to."""

    epoch: int
    loss: float  # of training, mean of its steps
    valid: dict[str, float]  # "loss" and what is monitored
    rate: float
    rows: int
    step_cpu_seconds: float  # of training steps alone
    cpu_seconds: float  # since the start, evaluation included


@dataclass
class Course:
    """How training went, epoch by epoch, and which epoch was kept."""

    epochs: list[Epoch] = field(default_factory=list)
    best: int = -1
    precision: str = "float32"

    def better(self, monitor: str) -> bool:
        """Is the last epoch better than the best one before it? Of equal ones loss decides."""
        if self.best < 0:
            return True
        last, best = self.epochs[-1].valid, self.epochs[self.best].valid
        if monitor != "loss" and abs(last[monitor] - best[monitor]) > 1e-6:
            return last[monitor] > best[monitor]
        return last["loss"] < best["loss"] - 1e-6

    @property
    def goes_on(self) -> bool:
        """Is the last epoch's loss the lowest so far? Order may stand still while it falls."""
        *before, last = [epoch.valid["loss"] for epoch in self.epochs]
        return last < min(before, default=math.inf) - 1e-6

    @property
    def rows_per_cpu_second(self) -> float:
        """Training rows a second of processor time, without evaluation."""
        seconds = sum(epoch.step_cpu_seconds for epoch in self.epochs)
        return sum(epoch.rows for epoch in self.epochs) / max(seconds, 1e-9)
