"""What one request of candidates costs a network on one core: eager, and in ONNX Runtime.

    python -m benchmarks.ranker_latency --models dcnv2,deepfm --rows 100 --json FILE

ONNX Runtime is measured where `pip install onnx onnxscript onnxruntime` was done. Weights are
random; fields are shaped like Frappe's. Milliseconds of the middle and the slowest hundredth of
calls, and the largest difference of a score between the two.
"""

import argparse
import importlib.util
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.rows import Row, measured, write_rows
from galen.assembly.catalog import NETWORKS
from galen.features.encoding.samples import Samples, empty_side
from galen.features.encoding.schema import Category, Schema
from galen.nn.inputs import Inputs
from galen.rank.lessons import inputs_of

SIZES = (957, 4082, 8, 8, 3, 4, 3, 10, 81, 234)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="dcnv2,deepfm,finalmlp,rankmixer")
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--json", type=Path)
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
    draw = np.random.default_rng(0)
    ids = np.stack([draw.integers(0, size, rows) for size in SIZES], axis=1)
    samples = Samples(
        categories=ids,
        labels={},
        weight=np.ones(rows, np.float32),
        group=np.zeros(rows, np.int64),
        **empty_side(rows),
    )

    def eager() -> Any:
        with torch.inference_mode():
            return network(inputs_of(samples, slice(0, rows))).numpy()

    metrics = {f"eager_{key}": value for key, value in _times(eager, calls).items()}
    exported = _onnx(network, inputs_of(samples, slice(0, rows)))
    if exported is not None:

        def onnx() -> Any:
            return exported(samples.categories)

        metrics |= {f"onnx_{key}": value for key, value in _times(onnx, calls).items()}
        metrics["difference"] = float(np.abs(onnx() - eager()).max())
    return metrics


def _times(call: Callable[[], Any], calls: int) -> dict[str, float]:
    for _ in range(20):
        call()
    each = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        each.append(1000 * (time.perf_counter() - started))
    return {"p50_ms": float(np.quantile(each, 0.5)), "p99_ms": float(np.quantile(each, 0.99))}


class _CategoriesOnly(nn.Module):
    """The network as a function of its one tensor that is not empty."""

    def __init__(self, network: nn.Module, inputs: Inputs) -> None:
        super().__init__()
        self.network, self.inputs = network, inputs

    def forward(self, categories: Tensor) -> Tensor:
        found: Tensor = self.network(self.inputs.with_categories(categories))
        return found


def _onnx(network: nn.Module, inputs: Inputs) -> Callable[[Any], Any] | None:
    """The network in ONNX Runtime; None where that is not installed."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    onnxruntime = importlib.import_module("onnxruntime")
    wrapped = _CategoriesOnly(network, inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(wrapped, (inputs.categories,), dynamo=True, verbose=False)
    assert program is not None
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        program.save(f"{folder}/network.onnx")
        session = onnxruntime.InferenceSession(f"{folder}/network.onnx", settings)
    name = session.get_inputs()[0].name
    return lambda categories: session.run(None, {name: categories})[0]


if __name__ == "__main__":
    main()
