"""How fast the synthetic shop is made, and read again into the feature store.

    python -m benchmarks.synthetic --users N --json FILE

The shop is written to a temporary folder; events a second count all that making it takes. The
store is measured on the same shop: replay, one event written, 500 candidates of one request.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import Cost, measured
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.features.store import FeatureStore
from galen.pipeline.candidates import Candidates

CANDIDATES = 500
ROUNDS = 500  # requests and writes that are timed


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    settings = SyntheticSettings(options.users, options.items, options.days, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        rows = [_make(Path(folder) / "shop", settings), _store(Path(folder) / "shop", settings)]
    for row in rows:
        figures = "  ".join(f"{name} {value:,.4g}" for name, value in row.metrics.items())
        print(f"{row.model}: {figures}  peak {row.peak_memory_bytes / 2**20:,.0f} MiB")
    write_rows(options.json, rows)


def _make(folder: Path, settings: SyntheticSettings) -> Row:
    with measured() as cost:
        shop = synthesize(folder, settings, lambda *_: None)
    events = shop.rows("events")
    metrics = {"events": float(events), "events_per_second": events / cost.wall_seconds}
    return _row("synthesize", settings, metrics, cost)


def _store(folder: Path, settings: SyntheticSettings) -> Row:
    data = Dataset.read(Shop.open(folder))
    with measured() as cost:
        store = FeatureStore.replay(data)
    random = np.random.default_rng(settings.seed)
    now = int(data.at.max(initial=0)) + 1
    assembled, written = [], []
    for step in range(ROUNDS):
        user, item = int(random.integers(data.users)), int(random.integers(len(data.catalogue)))
        requests = store.requests([user], now + step)
        drawn = random.integers(0, len(data.catalogue), CANDIDATES)
        candidates = Candidates(np.zeros(CANDIDATES, np.int64), drawn)
        start = time.perf_counter()
        store.assemble(requests, candidates)
        middle = time.perf_counter()
        store.write(user, item, int(Kind.CLICK), now + step)
        assembled.append(middle - start)
        written.append(time.perf_counter() - middle)
    metrics = {
        "events": float(len(data)),
        "replay_events_per_second": len(data) / cost.wall_seconds,
        "assemble_ms_p50": float(np.percentile(assembled, 50) * 1e3),
        "assemble_ms_p99": float(np.percentile(assembled, 99) * 1e3),
        "write_us_p50": float(np.percentile(written, 50) * 1e6),
    }
    return _row("feature_store", settings, metrics, cost)


def _row(model: str, settings: SyntheticSettings, metrics: dict[str, float], cost: Cost) -> Row:
    return Row(
        benchmark="synthetic",
        data=f"synthetic-{settings.users}",
        model=model,
        protocol="none",
        seed=settings.seed,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )


if __name__ == "__main__":
    run_in_words(main)
