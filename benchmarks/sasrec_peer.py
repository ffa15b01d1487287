"""SASRec beside RecTools' on the same file, one thread each: seconds to the peer's quality.

    python -m benchmarks.sasrec_peer --interactions FILE --peer PYTHON \
        --peer-script ../shared/peers/rectools_sasrec.py --json FILE

The peer runs first, in its own environment, for `--peer-epochs`; its quality is NDCG@10 of
everybody's second newest item, weights from what came before it. Then galen learns from the same
events and is asked the same after each epoch (not counted), until it is as good or its own rule
stops it. Seconds are those of the processor, in learning.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.cut import shop_of
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.assembly.split import Moment, split_by
from galen.compare.cost import measured
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.nn.learning.course import Epoch
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut, Judge
from galen.recall.sequence import SequenceModel


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, run both, print how they compare and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, required=True)
    parser.add_argument("--peer", type=Path, help="a Python that has RecTools installed")
    parser.add_argument("--peer-script", type=Path)
    parser.add_argument("--peer-epochs", type=int, default=12)
    parser.add_argument("--target", type=float, help="NDCG@10 to reach where no peer is run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    if (options.peer is None) == (options.target is None):
        parser.error("give either --peer with --peer-script, or --target")
    torch.set_num_threads(1)
    peer = _peer(options) if options.peer else {}
    target = peer["metrics"]["ndcg@10"] if peer else options.target
    row = _measure(options, target)
    print("galen: " + "  ".join(f"{name} {value:.4g}" for name, value in row.metrics.items()))
    if peer:
        seconds = row.metrics["cpu_seconds_to_target"]
        ratio = seconds / peer["cpu_seconds"]
        print(f"{seconds:.0f} CPU s to NDCG@10 {target:.4f}; the peer {peer['cpu_seconds']:.0f}")
        print(f"ratio {ratio:.3f}")
        row.metrics.update(peer_ndcg=target, peer_cpu_seconds=peer["cpu_seconds"], ratio=ratio)
    write_rows(options.json, [row])


def _peer(options: argparse.Namespace) -> dict[str, Any]:
    """The peer's row of the second newest items."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        command = [options.peer, options.peer_script, options.interactions]
        command += ["--epochs", str(options.peer_epochs), "--blocks", "1", "--factors", "64"]
        command += ["--seed", str(options.seed), "--json", str(file)]
        one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run(command, check=True, env={**os.environ, **one})
        rows: list[dict[str, Any]] = json.loads(file.read_text())
    return next(row for row in rows if row["split"] == "valid")


def _measure(options: argparse.Namespace, target: float) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        paths = {"interactions": options.interactions}
        data = Dataset.read(shop_of(paths, Path(folder) / "shop"))
    split = split_by("strict", data)
    spec = SequenceModel(backbone="sasrec", layers=1, width=64, seed=options.seed)
    watcher = _Watcher(Judge(asked_of(split.valid), spec.length, spec.repeat), target)
    with measured() as cost:
        index = spec.fit(split.final, watch=watcher)
    return Row(
        benchmark="sasrec_peer",
        data=options.interactions.parent.name,
        model="sasrec",
        protocol="strict, second newest item",
        seed=options.seed,
        metrics={
            "ndcg@10": watcher.best,
            "target": target,
            "cpu_seconds_to_target": watcher.reached,
            "epochs": float(len(index.course.epochs)),
        },
        cpu_seconds=cost.cpu_seconds - watcher.asking,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )


def asked_of(moment: Moment) -> HeldOut:
    """Everybody of a moment, with what they took until then and what they took next."""
    past = moment.past.of(*TAKEN)
    item, kind = past.item.astype(np.int64), past.kind.astype(np.int64)
    whole = Columns(past.offsets, item, kind, np.zeros(len(past)))
    return HeldOut(whole.of(moment.users), moment.truth_item)


class _Watcher:
    """Asks after each epoch, and keeps when the target was reached."""

    def __init__(self, judge: Judge, target: float) -> None:
        self._judge, self._target = judge, target
        self._began = time.process_time()
        self.asking = 0.0  # seconds of the processor
        self.best, self.reached = 0.0, float("nan")

    def __call__(self, epoch: Epoch, network: torch.nn.Module) -> None:
        started = time.process_time()
        found = self._judge(network)["ndcg"]
        seconds = started - self._began - self.asking
        self.asking += time.process_time() - started
        self.best = max(self.best, found)
        if np.isnan(self.reached) and found >= self._target:
            self.reached = seconds
        print(f"epoch {epoch.epoch}: NDCG@10 {found:.4f} after {seconds:.0f} CPU s", flush=True)


if __name__ == "__main__":
    run_in_words(main)
