"""HSTU over long histories, fused and by blocks, beside padded attention: events a second, memory.

    python -m benchmarks.long_histories --device cuda --lengths 2048,4096,8192 --json FILE
    python -m benchmarks.long_histories --device cpu --lengths 512 --people 4 --steps 2

Lengths are skewed: their mean is a quarter of the longest. A step is forward and backward. The
padded ways read tables as wide as the longest history; that of SASRec has softmax by PyTorch's own
kernel. `hstu-fused` needs a GPU. Real events alone are counted. FLOPs are those of HSTU's products
over events that are seen, thrice those of reading; their share of the device's peak is told where
that is known.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.ctr_gpu import PEAKS
from benchmarks.packed_histories import skewed
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words, whole_numbers
from galen.compare.cost import measured
from galen.nn.learning.precision import resolved
from galen.nn.sequences.backbones.backbone import Attention, Backbone, Kind, Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.jagged import layout_of


class Way(NamedTuple):
    """One way to read histories."""

    kind: Kind
    attention: Attention
    padded: bool


WAYS = {
    "sasrec-padded": Way("sasrec", "blocks", True),
    "hstu-padded": Way("hstu", "blocks", True),
    "hstu-blocks": Way("hstu", "blocks", False),
    "hstu-fused": Way("hstu", "fused", False),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--lengths", type=whole_numbers, default="2048,4096,8192")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    if unknown := set(options.ways.split(",")) - set(WAYS):
        parser.error(f"no such way: {', '.join(sorted(unknown))}; there are {', '.join(WAYS)}.")
    device, rows = torch.device(options.device), []
    for length in options.lengths:
        for name in options.ways.split(","):
            if WAYS[name].attention == "fused" and device.type != "cuda":
                print(f"{length} {name}: needs a GPU")
                continue
            rows.append(_row(name, length, options, device))
            told = "  ".join(f"{key} {value:.4g}" for key, value in rows[-1].metrics.items())
            print(f"{length} {name}: {told}{rows[-1].facts.get('failed', '')}")
    write_rows(options.json, rows)


def _row(name: str, length: int, options: argparse.Namespace, device: torch.device) -> Row:
    metrics: dict[str, float] = {}
    facts = {"device": _named(device), "precision": str(resolved("auto", device))}
    with measured() as cost:
        try:
            metrics = _measure(WAYS[name], length, options, device)
        except torch.OutOfMemoryError:
            facts["failed"] = "not enough memory"
    return Row(
        benchmark="long_histories",
        data=f"{options.people} histories, {length} the longest",
        model=name,
        protocol="forward and backward",
        seed=0,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
        facts=facts,
    )


def _measure(
    way: Way, length: int, options: argparse.Namespace, device: torch.device
) -> dict[str, float]:
    torch.manual_seed(0)
    shape = Shape(
        way.kind, options.width, options.layers, options.heads, 0.0, length, way.attention
    )
    network = backbone(shape).to(device).train()
    real = skewed(options.people, length)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    steps = [
        _step(network, torch.full_like(real, length) if way.padded else real, device)
        for _ in range(options.steps + 1)
    ]
    seconds = statistics.median(steps[1:])  # the first compiles and warms
    events, work = int(real.sum()), _flops(real, options.width, options.layers)
    metrics = {"events_per_second": events / seconds, "flops_per_second": work / seconds}
    if device.type == "cuda":
        metrics["peak_device_bytes"] = float(torch.cuda.max_memory_allocated(device))
    if peak := PEAKS.get(_named(device)):
        metrics["share_of_peak_flops"] = work / seconds / peak[0]
    return metrics


def _step(network: Backbone, lengths: Tensor, device: torch.device) -> float:
    """Seconds of one step over histories of these lengths: of the device, or of the processor."""
    layout = layout_of(lengths).to(device)
    events = torch.randn(int(lengths.sum()), network.shape.width, device=device)
    at = torch.arange(len(events), dtype=torch.float64, device=device) * 1e4
    kind = resolved("auto", device)
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    _settled(device)
    started = clock()
    with torch.autocast(device.type, kind, enabled=kind != torch.float32):
        states = network(events, at, layout)
    states.float().square().mean().backward()
    _settled(device)
    return clock() - started


def _flops(lengths: Tensor, width: int, layers: int) -> float:
    """Of one step over real events, by the products of a layer of HSTU and of its attention."""
    events = lengths.double()
    layer = 10 * events * width**2 + 2 * events * (events + 1) * width
    return 3.0 * layers * float(layer.sum())


def _settled(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _named(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"


if __name__ == "__main__":
    run_in_words(main)
