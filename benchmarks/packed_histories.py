"""Backbones over packed histories beside the same over padded ones: processor time of a real event.

    python -m benchmarks.packed_histories --length 200 --people 64 --json FILE

Lengths are skewed: their mean is a quarter of the longest. The padded form gives every history the
longest one's places, as a (people, length, width) tensor does; one step is forward and backward.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.nn.sequences.backbones.backbone import Backbone, Kind, Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.jagged import layout_of

KINDS: tuple[Kind, ...] = ("sasrec", "ligr", "hstu", "gru4rec")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = []
    for kind in KINDS:
        with measured() as cost:
            metrics = _measure(kind, options)
        told = "  ".join(f"{name} {value:.3g}" for name, value in metrics.items())
        print(f"{kind}: {told}")
        rows.append(
            Row(
                benchmark="packed_histories",
                data=f"{options.people} histories, {options.length} the longest",
                model=kind,
                protocol="forward and backward",
                seed=0,
                metrics=metrics,
                cpu_seconds=cost.cpu_seconds,
                wall_seconds=cost.wall_seconds,
                peak_memory_bytes=cost.peak_memory_bytes,
            )
        )
    write_rows(options.json, rows)


def _measure(kind: Kind, options: argparse.Namespace) -> dict[str, float]:
    torch.manual_seed(0)
    network = backbone(Shape(kind, options.width, 2, 1, 0.1, options.length)).train()
    lengths = skewed(options.people, options.length)
    full = torch.full_like(lengths, options.length)
    seconds: dict[str, list[float]] = {"packed": [], "padded": []}
    for _ in range(options.steps + 1):  # in turns, so that what else the machine does meets both
        seconds["packed"].append(_step(network, lengths))
        seconds["padded"].append(_step(network, full))
    events = int(lengths.sum())
    packed, padded = (1e6 * float(np.median(s[1:])) / events for s in seconds.values())
    return {
        "packed_microseconds": packed,
        "padded_microseconds": padded,
        "times_cheaper": padded / packed,
        "mean_length": events / options.people,
    }


def skewed(people: int, longest: int) -> Tensor:
    """(people,): lengths from an exponential, a quarter of the longest on average."""
    draw = np.random.default_rng(0).exponential(longest / 4, people)
    lengths = np.clip(draw.round(), 1, longest).astype(np.int64)
    lengths[0] = longest
    return torch.from_numpy(lengths)


def _step(network: Backbone, lengths: Tensor) -> float:
    """Processor seconds of one step over histories of these lengths."""
    layout = layout_of(lengths)
    events = torch.randn(int(lengths.sum()), network.shape.width)
    at = torch.arange(len(events), dtype=torch.float64) * 1e4
    started = time.process_time()
    network(events, at, layout).square().mean().backward()
    return time.process_time() - started


if __name__ == "__main__":
    run_in_words(main)
