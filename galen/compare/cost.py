"""What a block of code takes: processor and wall seconds, memory, seconds with a GPU held."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATUS: Final = Path("/proc/self/status")


@dataclass
class Cost:
    """Filled when the block ends."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0  # of the whole process so far
    gpu_seconds: float = 0.0  # wall seconds, where the process holds a GPU at the end of the block


@contextmanager
def measured() -> Iterator[Cost]:
    """Count the processor and wall seconds of a block, and the process's peak memory."""
    cost = Cost()
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        yield cost
    finally:
        cost.cpu_seconds = time.process_time() - cpu
        cost.wall_seconds = time.perf_counter() - wall
        cost.peak_memory_bytes = peak_memory()
        cost.gpu_seconds = cost.wall_seconds if holds_gpu() else 0.0


def peak_memory() -> int:
    """Bytes of this process at its largest.

    Not `ru_maxrss` where it can be helped: Linux hands that of the process that started this one
    on, so that a small child of a large parent would look large.
    """
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory_now() -> int:
    """Bytes that this process has in memory; its peak where the system does not tell."""
    return _status("VmRSS") or peak_memory()


def holds_gpu() -> bool:
    """Has this process begun to use a GPU?"""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())


def _status(name: str) -> int:
    if not STATUS.exists():
        return 0
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True, slots=True)
class HourlyPrices:
    """What an hour costs, in US dollars; stated beside every sum."""

    cpu_hour: float = 0.05
    gpu_hour: float = 2.5

    def of(self, cost: Cost) -> float:
        """Dollars that a block cost: its processor seconds, and those with a GPU held."""
        return cost.cpu_seconds / 3600 * self.cpu_hour + cost.gpu_seconds / 3600 * self.gpu_hour
