"""What one request of candidates costs a network on one core, for every way of serving it.

    python -m benchmarks.ranker_latency --models dcnv2,deepfm --rows 100 --json FILE

ONNX Runtime is measured where `pip install galen[onnx]` was done. Weights are random; fields are
shaped like Frappe's. Milliseconds of the middle and the slowest hundredth of calls, and the largest
difference of a logit from the network in float32.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from benchmarks.latency import clocked, p50_and_p99
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.assembly.catalog import NETWORKS
from galen.compare.cost import measured
from galen.data.extras import EXTRAS
from galen.features.encoding.schema import Category, Schema
from galen.nn.exporting import Session
from galen.nn.inputs import Inputs
from galen.nn.tables.compact import Kind, compacted
from galen.rank.serving import FILE, Serving, example_of, write_exported

TABLES: Final[tuple[Kind, ...]] = ("float32", "bfloat16", "int8")
WARMING: Final = 20  # calls that are not counted
SIZES = (957, 4082, 8, 8, 3, 4, 3, 10, 81, 234)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="dcnv2,deepfm,finalmlp,rankmixer")
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = []
    for name in options.models.split(","):
        with measured() as cost:
            metrics = _measure(name, options.rows, options.calls)
        told = "  ".join(f"{metric} {value:.3g}" for metric, value in metrics.items())
        print(f"{name}, {options.rows} candidates: {told}")
        rows.append(
            Row(
                benchmark="ranker_latency",
                data=f"random, {options.rows} candidates",
                model=name,
                protocol="one core",
                seed=0,
                metrics=metrics,
                cpu_seconds=cost.cpu_seconds,
                wall_seconds=cost.wall_seconds,
                peak_memory_bytes=cost.peak_memory_bytes,
            )
        )
    write_rows(options.json, rows)


def _measure(name: str, rows: int, calls: int) -> dict[str, float]:
    torch.manual_seed(0)
    schema = Schema(categories=tuple(Category(f"field{p}", s) for p, s in enumerate(SIZES)))
    network = NETWORKS[name]().build(schema, ("click",)).eval()
    inputs = example_of(schema, rows=rows, people=1, seed=0)
    with torch.inference_mode():
        own = network(inputs).numpy()
    metrics: dict[str, float] = {}
    for tables in TABLES:
        small = compacted(network, tables)
        ways = {"eager": _eager(small, inputs)}
        if all(map(find_spec, EXTRAS["onnx"])):
            ways["onnx"] = _onnx(schema, network, tables, inputs)
        for engine, call in ways.items():
            way = f"{engine}_{tables}"
            metrics |= {f"{way}_{key}": value for key, value in _times(call, calls).items()}
            metrics[f"{way}_difference"] = float(np.abs(call() - own).max())
    return metrics


def _eager(network: nn.Module, inputs: Inputs) -> Callable[[], Any]:
    def call() -> Any:
        with torch.inference_mode():
            return network(inputs).numpy()

    return call


def _onnx(schema: Schema, network: nn.Module, tables: Kind, inputs: Inputs) -> Callable[[], Any]:
    with tempfile.TemporaryDirectory() as folder:
        write_exported(schema, network, Serving("onnx", tables), Path(folder))
        session = Session(Path(folder) / FILE)
    return lambda: session(inputs)


def _times(call: Callable[[], Any], calls: int) -> dict[str, float]:
    each = [clocked(call) for _ in range(calls + WARMING)]
    return p50_and_p99(each[WARMING:])


if __name__ == "__main__":
    run_in_words(main)
