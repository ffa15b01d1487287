"""Training steps of ranking networks on one GPU: samples a second and shares of what it can do.

    python -m benchmarks.ctr_gpu --models dlrm,dcnv2,din,rankmixer,hstu --batch 65536 --json FILE
    python -m benchmarks.ctr_gpu --device cpu --batch 512 --steps 3 --parameters 1e6 \\
        --block-parameters 1e4

Mini-batches are drawn on the device in the shape of Criteo Terabyte before the clock starts. A step
is forward, backward and update in bfloat16: dense Adam, and row-wise Adagrad of touched rows. The
median is of CUDA events; the host waits for the device at the end only. RankMixer reads a quarter
of `--batch` rows, HSTU `--batch` events. FLOPs are those of products of matrices as PyTorch counts
them; bytes are an estimate of lookups and updates alone (see `_table_bytes`).
"""

import argparse
import gc
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.criteo_shape import drawn, schema_of
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.nn.inputs import Inputs, SampleLesson
from galen.nn.learning.losses import ObjectiveLoss
from galen.nn.learning.precision import resolved
from galen.nn.tables.embedding import FusedTable
from galen.nn.tables.rowwise import RowwiseAdagrad
from galen.rank.networks.dcnv2 import DcnV2
from galen.rank.networks.din import Din
from galen.rank.networks.dlrm import Dlrm
from galen.rank.networks.hstu import Hstu
from galen.rank.networks.rankmixer import RankMixer
from galen.rank.networks.spec import NetworkSpec

BATCHES = 4  # that are cycled through: together far larger than the cache of a device
PEAKS = {  # dense bfloat16 FLOP/s and bytes a second, from NVIDIA's data sheets
    "NVIDIA H200": (989e12, 4.8e12),
    "NVIDIA H200 NVL": (836e12, 4.8e12),
    "NVIDIA H100 80GB HBM3": (989e12, 3.35e12),
    "NVIDIA A100-SXM4-80GB": (312e12, 2.04e12),
}


class NoMemoryError(RuntimeError):
    """The device has not enough memory for a model; the message says what to make smaller."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One model as it is measured."""

    made: Callable[[int], NetworkSpec]  # by size
    width: int  # of embeddings
    rows: Callable[[int], int] = lambda batch: batch
    history: int = 0  # events a row
    sized: bool = False  # grows until its dense part has the asked number of parameters
    target: tuple[str, float] = ("samples_per_second", 0.0)


WORKLOADS = {
    "dlrm": Workload(
        lambda _: Dlrm(128, (512, 256), (1024, 1024, 512, 256), dropout=0.0, norm="none"),
        128,
        target=("samples_per_second", 6e6),
    ),
    "dcnv2": Workload(
        lambda _: DcnV2(32, 3, 512, hidden=(1024, 512, 256), dropout=0.0, norm="none"),
        32,
        target=("samples_per_second", 3e6),
    ),
    "din": Workload(lambda _: Din(16), 16, history=100, target=("samples_per_second", 2e5)),
    "rankmixer": Workload(
        RankMixer,
        16,
        lambda batch: max(1, batch // 4),
        sized=True,
        target=("share_of_peak_flops", 0.4),
    ),
    "hstu": Workload(
        Hstu,
        16,
        lambda batch: max(1, batch // 256),
        history=256,
        sized=True,
        target=("share_of_peak_flops", 0.3),
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure each model and print a line for it; exit with 1 if one fails.

    Results of models before one that fails are kept.
    """
    options = _options(arguments)
    rows: list[Row] = []
    failed = False
    for name in options.models.split(","):
        try:
            rows.append(_measure(name, options))
        except NoMemoryError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
        else:
            print(_line(rows[-1], WORKLOADS[name]))
            write_rows(options.json, rows)
        gc.collect()
        torch.cuda.empty_cache()
    if options.device == "cpu":
        print("on a CPU, shares of peak FLOPs and of memory bandwidth are not measured.")
    if failed:
        sys.exit(1)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=",".join(WORKLOADS), help="comma-separated")
    parser.add_argument("--batch", type=int, default=65_536)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--parameters", type=float, default=4e9, help="of the tables")
    parser.add_argument(
        "--block-parameters",
        type=float,
        default=1.5e8,
        help="at least, of the dense part of rankmixer and hstu",
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--compile", action="store_true", help="of all but the lookups")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    unknown = [name for name in options.models.split(",") if name not in WORKLOADS]
    if unknown:
        parser.error(f"there is no workload {unknown[0]!r}; there are {', '.join(WORKLOADS)}.")
    if min(options.batch, options.steps) < 1:
        parser.error("--batch and --steps are 1 at least.")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch sees no GPU here; choose --device cpu, with small settings.")
    return options


class _Repeated(FusedTable):
    """Gradients name a row as often as it was looked up; the optimiser adds them up.

    To make rows unique first would sort them a second time and wait for the device.
    """

    @torch.compiler.disable  # type: ignore[untyped-decorator] # it can give no sparse gradient
    def _looked_up(self, rows: Tensor) -> Tensor:
        return functional.embedding(rows, self.weight, sparse=True)


class _Learner:
    """A network on a device, with what a step needs."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        self.device, self.network = device, network.train()
        self.called: Callable[[Inputs], Tensor] = network
        tables = [m for m in network.modules() if isinstance(m, FusedTable)]
        for table in tables:
            table.__class__ = _Repeated  # the same tensors, looked up otherwise
        self.tables = [table.weight for table in tables]
        known = {id(weight) for weight in self.tables}
        self.dense = [p for p in network.parameters() if id(p) not in known]
        self.loss = ObjectiveLoss([1.0]).to(device)
        self.kind = resolved("auto", device)
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.Adam(self.dense, lr=1e-3, fused=True),
            RowwiseAdagrad(self.tables, rate=0.01),
        ]

    def gradients(self, lesson: SampleLesson) -> Tensor:
        """Forward and backward; the loss."""
        with torch.autocast(self.device.type, self.kind, enabled=self.kind != torch.float32):
            logits = self.called(lesson.inputs)
        loss: Tensor = self.loss(logits, lesson.labels, lesson.weight)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def update(self) -> None:
        """Step every weight and forget gradients."""
        for part in self.parts:
            part.step()
            part.zero_grad(set_to_none=True)

    def step(self, lesson: SampleLesson) -> Tensor:
        """One step; the loss, which is not yet waited for."""
        loss = self.gradients(lesson)
        self.update()
        return loss


def _measure(name: str, options: argparse.Namespace) -> Row:
    """One model: build, count, warm up, time.

    Raises:
        NoMemoryError: the device has not enough memory.
    """
    device, workload = torch.device(options.device), WORKLOADS[name]
    rows = workload.rows(options.batch)
    with measured() as cost:
        try:
            metrics = _metrics(workload, rows, device, options)
        except RuntimeError as error:
            if not _lacks_memory(error):
                raise
            raise NoMemoryError(
                f"the device has not enough memory for {rows} rows a step and "
                f"{options.parameters:.3g} numbers in tables; make --batch or --parameters smaller"
                f"{', or --block-parameters' if workload.sized else ''}."
            ) from None
    where = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    return Row(
        benchmark="ctr_gpu",
        data=f"synthetic, Criteo Terabyte shape, {rows} rows a step",
        model=name,
        protocol=f"{where}, {options.steps} steps{', compiled' if options.compile else ''}",
        seed=options.seed,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )


def _lacks_memory(error: RuntimeError) -> bool:
    """On a CPU the error has no class of its own."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def _metrics(
    workload: Workload, rows: int, device: torch.device, options: argparse.Namespace
) -> dict[str, float]:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    schema = schema_of(options.parameters, workload.width, workload.history)
    spec = workload.made(_size(workload, options.block_parameters))
    torch.manual_seed(options.seed)
    with device:  # gigabytes of tables are drawn where they are used
        learner = _Learner(spec.build(schema, ("click",)), device)
    draw = torch.Generator(device).manual_seed(options.seed)
    lessons = [drawn(schema, rows, draw) for _ in range(BATCHES)]
    flops, moved = _counted(learner, lessons[0])
    if options.compile:
        learner.called = torch.compile(learner.network)
    seconds, median = _timed(learner, lessons, options.steps)
    metrics = {
        "samples_per_second": rows * options.steps / seconds,
        "step_milliseconds": 1000 * median,
        "flops_per_step": flops,
        "table_bytes_per_step": moved,
        "table_parameters": float(sum(weight.numel() for weight in learner.tables)),
        "dense_parameters": float(sum(weight.numel() for weight in learner.dense)),
    }
    if device.type == "cuda":
        metrics["device_peak_bytes"] = float(torch.cuda.max_memory_allocated())
        if (peak := PEAKS.get(torch.cuda.get_device_name())) is not None:
            metrics["share_of_peak_flops"] = flops / median / peak[0]
            metrics["share_of_peak_bandwidth"] = moved / median / peak[1]
    return metrics


def _size(workload: Workload, parameters: float) -> int:
    """The least power of 4 whose dense part has so many parameters; 1 where there is no size."""
    size = 1
    while workload.sized and size < 4**10:
        with torch.device("meta"):  # shapes without numbers
            schema = schema_of(0, workload.width, workload.history)
            network = workload.made(size).build(schema, ("click",))
        tables = {id(m.weight) for m in network.modules() if isinstance(m, FusedTable)}
        if sum(p.numel() for p in network.parameters() if id(p) not in tables) >= parameters:
            break
        size *= 4
    return size


def _counted(learner: _Learner, lesson: SampleLesson) -> tuple[float, float]:
    """FLOPs of a step in products of matrices, and bytes that it moves for its tables."""
    with FlopCounterMode(display=False) as counter:
        learner.gradients(lesson)
    moved = sum(_table_bytes(weight) for weight in learner.tables)
    learner.update()
    return float(counter.get_total_flops()), float(moved)


def _table_bytes(weight: Tensor) -> int:
    """Least bytes of float32 that lookups and updates of a step move.

    Each lookup reads a row and writes it out, and its gradient is written and read; each touched
    row is read and written by the update, with its one number of state.
    """
    assert weight.grad is not None
    lookups = weight.grad._nnz()
    touched = len(torch.unique(weight.grad._indices()))
    width = weight.shape[1]
    return 4 * (4 * lookups * width + 2 * touched * (width + 1))


def _timed(learner: _Learner, lessons: Sequence[SampleLesson], steps: int) -> tuple[float, float]:
    """Seconds of all steps, and their median, after a warm-up.

    Raises:
        FloatingPointError: the loss is not finite, so that the times mean nothing.
    """
    cuda = learner.device.type == "cuda"
    for step in range(2 * len(lessons) if cuda else 1):
        loss = learner.step(lessons[step % len(lessons)])
    float(loss)  # waits for the device
    if cuda:
        marks = [torch.cuda.Event(True) for _ in range(steps + 1)]  # type: ignore[no-untyped-call]
        marks[0].record()
        for step in range(steps):
            loss = learner.step(lessons[step % len(lessons)])
            marks[step + 1].record()
        torch.cuda.synchronize()
        each = [a.elapsed_time(b) / 1000 for a, b in pairwise(marks)]
    else:
        each = []
        for step in range(steps):
            started = time.perf_counter()
            loss = learner.step(lessons[step % len(lessons)])
            each.append(time.perf_counter() - started)
    if not math.isfinite(float(loss)):
        raise FloatingPointError("the loss is not finite after the last step.")
    return sum(each), statistics.median(each)


def _line(row: Row, workload: Workload) -> str:
    """What was measured, beside its target."""
    metrics, (wanted, target) = row.metrics, workload.target
    parts = [
        f"{row.model}: {metrics['samples_per_second']:,.0f} samples/s",
        f"{metrics['step_milliseconds']:.2f} ms a step",
        f"{metrics['table_parameters'] / 1e9:.3g} B parameters in tables",
        f"{metrics['dense_parameters'] / 1e6:.3g} M dense",
    ]
    for name, shown in (("flops", "FLOPs"), ("bandwidth", "memory bandwidth")):
        share = metrics.get(f"share_of_peak_{name}")
        found = "not measured" if share is None else f"{100 * share:.1f} %"
        parts.append(f"share of peak {shown} {found}")
    if "device_peak_bytes" in metrics:
        parts.append(f"{metrics['device_peak_bytes'] / 2**30:.1f} GiB peak")
    asked = f"{100 * target:.0f} % of peak FLOPs" if target < 1 else f"{target:,.0f} samples/s"
    reached = metrics.get(wanted) if "device_peak_bytes" in metrics else None
    verdict = "not measured" if reached is None else "met" if reached >= target else "missed"
    return "; ".join([*parts, f"target {asked}: {verdict}"])


if __name__ == "__main__":
    run_in_words(main)
