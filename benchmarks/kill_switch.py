"""From the acknowledgement of a withdrawal to the last slate that showed the item, under load.

    python -m benchmarks.kill_switch --rate 100 --withdrawals 100 --json FILE

A synthetic shop is served in this process; a thread asks for slates at a constant rate while
another withdraws items that slates show now, one after the other. Told is how long after the
acknowledgement the last answer with the item was given (0 where none was), and how long the
acknowledgement itself took, the write to the disk included.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.latency import p50_and_p99
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.assembly.bundles.bundle import save_bundle
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.train import train
from galen.compare.cost import measured
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.serve.messages import RecommendRequest, Withdrawal
from galen.serve.service import Service
from galen.serve.settings import Settings

SLATE = 20


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, serve, withdraw, print and write the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--items", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    parser.add_argument("--withdrawals", type=int, default=100)
    parser.add_argument("--recipe", default="shop")
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, measured() as cost:
        shown, times = _run(Path(folder), options)
    late = np.array([_late(shown, item, at) for item, _, at in times]) * 1e3
    acknowledged = np.array([at - since for _, since, at in times]) * 1e3
    metrics = {
        "requests": float(len(shown)),
        "withdrawals": float(len(times)),
        "late_p99_ms": float(np.percentile(late, 99)),
        "late_max_ms": float(late.max()),
        **p50_and_p99(acknowledged, of="acknowledged_"),
    }
    print("  ".join(f"{name} {value:,.1f}" for name, value in metrics.items()))
    row = Row(
        benchmark="kill_switch",
        data=f"synthetic, {options.users} people, {options.items} items",
        model=options.recipe,
        protocol=f"{options.rate:g} requests a second, slates of {SLATE}",
        seed=0,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )
    write_rows(options.json, [row])


Shown = list[tuple[float, frozenset[str]]]
"""When each answer was given, and what it showed."""


def _run(folder: Path, options: argparse.Namespace) -> tuple[Shown, list[tuple[str, float, float]]]:
    settings = SyntheticSettings(users=options.users, items=options.items, days=90, seed=0)
    shop = synthesize(folder / "shop", settings, lambda *_: None)
    trained = train(find_recipe(options.recipe), shop, "full", progress=lambda _: None)
    now = datetime.now(UTC)
    bundle = save_bundle(folder / "bundle", trained, shop="synthetic", seed=0, now=now)
    service = Service.open(shop, bundle, folder / "log", Settings(log_impressions=False))
    shown: Shown = []
    stop = threading.Event()

    def ask() -> None:
        start, number = time.perf_counter(), 0
        while not stop.is_set():
            asked = RecommendRequest(user=f"user-{number % options.users:07d}", n=SLATE)
            reply = service.recommend(asked)
            shown.append((time.perf_counter(), frozenset(item.id for item in reply.items)))
            number += 1
            time.sleep(max(0.0, start + number / options.rate - time.perf_counter()))

    asking = threading.Thread(target=ask)
    asking.start()
    times = []
    try:
        for _ in range(options.withdrawals):
            time.sleep(0.1)
            if not shown or not shown[-1][1]:
                continue
            item = min(shown[-1][1])
            since = time.perf_counter()
            service.kill_switch.put(Withdrawal(what="item", name=item)).result(timeout=20)
            times.append((item, since, time.perf_counter()))
        time.sleep(1.0)
    finally:
        stop.set()
        asking.join()
        service.close()
    return shown, times


def _late(shown: Shown, item: str, acknowledged: float) -> float:
    """Seconds from the acknowledgement to the last answer with the item; 0 where there is none."""
    return max(0.0, *(at - acknowledged for at, items in shown if item in items), 0.0)


if __name__ == "__main__":
    run_in_words(main)
