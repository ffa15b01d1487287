"""What tables of language models cost a request: latency with them, without them, without channels.

    python -m benchmarks.enriched_latency --requests 3000 --json FILE

A synthetic shop is trained three times with the recipe `shop`: as it is, with the channels `i2i`
and `needs` that count for themselves, and with the same channels reading the tables `relations`
and `needs` that rules wrote before. Requests of the same people go to the three services in turn,
in an order drawn anew each time, so that what else the machine does falls on all alike.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.latency import p50_and_p99
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.assembly.bundles.bundle import save_bundle
from galen.assembly.recipes.recipe import RecallPart, Recipe
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.split import split_by
from galen.assembly.train import train
from galen.compare.cost import measured
from galen.data.arrays import Floats
from galen.data.dataset import Dataset
from galen.data.enriched import enriched_folder
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.journal import Journal
from galen.enrich.running.runner import Running, microseconds, run
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tasks import TASKS, Sources
from galen.knowledge.build import built_in
from galen.serve.messages import RecommendRequest
from galen.serve.service import Service
from galen.serve.settings import Settings

SLATE = 20
WARM = 100  # requests of each service that are not counted
TABLES = ("relations", "needs")
RESAMPLES = 1000


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, serve three times, print and write the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, measured() as cost:
        took = _took(Path(folder), options)
    rows = []
    for name, seconds in took.items():
        metrics = _figures(seconds, took["counted"], options.seed)
        told = "  ".join(f"{key} {value:.3f}" for key, value in metrics.items())
        print(f"{name:>8}  {told}")
        data = f"synthetic, {options.users} people, {options.items} items"
        protocol = f"{options.requests} requests in process, slates of {SLATE}"
        price = cost.cpu_seconds, cost.wall_seconds, cost.peak_memory_bytes
        row = Row("enriched_latency", data, name, protocol, options.seed, metrics, *price)
        rows.append(row)
    write_rows(options.json, rows)


def write_tables(shop: Shop) -> None:
    """Let rules write the tables that the channels read, from what the oldest lesson knows."""
    moments = max(part.moments for part in (find_recipe("shop").rank,) if part is not None)
    data = split_by("full", Dataset.read(shop), moments=max(moments, 1)).train[-1].fit
    graph = built_in()
    sources = Sources(data, graph, Vocabulary.of(data.catalogue, graph))
    folder = enriched_folder(shop.folder)
    for name in TABLES:
        opened = TASKS[name](sources)
        with Journal(folder) as journal:
            running = Running(workers=1, batch=256)
            run(opened.task, opened.rules, journal, folder, now=microseconds, running=running)


def recipes() -> Mapping[str, Recipe]:
    """The recipe `shop` as it is, with channels that count, and with channels that read tables."""
    shop = find_recipe("shop")
    counted = {"i2i": RecallPart("i2i", 100, settings={"relations": "rules"})}
    counted |= {"needs": RecallPart("needs", 100, settings={"half_life": 90.0})}
    read = {"i2i": RecallPart("i2i", 100, settings={"relations": "table"})}
    read |= {"needs": RecallPart("needs", 100, settings={"table": "needs"})}
    return {
        "shop": shop,
        "counted": replace(shop, recall={**shop.recall, **counted}),
        "tables": replace(shop, recall={**shop.recall, **read}),
    }


def _took(folder: Path, options: argparse.Namespace) -> dict[str, Floats]:
    """Seconds of each request, by service, those of one person side by side."""
    settings = SyntheticSettings(users=options.users, items=options.items, seed=options.seed)
    shop = synthesize(folder / "shop", settings, lambda *_: None)
    write_tables(shop)
    services = {}
    for name, recipe in recipes().items():
        trained = train(recipe, shop, "full", seed=options.seed, progress=lambda _: None)
        now = datetime.now(UTC)
        bundle = save_bundle(folder / f"{name}-bundle", trained, shop="synthetic", seed=0, now=now)
        quiet = Settings(log_impressions=False)
        services[name] = Service.open(shop, bundle, folder / f"{name}-log", quiet)
    random = np.random.default_rng(options.seed)
    names = list(services)
    took = {name: np.empty(options.requests) for name in names}
    try:
        for number in range(-WARM, options.requests):
            asked = RecommendRequest(user=f"user-{random.integers(options.users):07d}", n=SLATE)
            for place in random.permutation(len(names)):
                name = names[place]
                since = time.perf_counter()
                services[name].recommend(asked)
                if number >= 0:
                    took[name][number] = time.perf_counter() - since
    finally:
        for service in services.values():
            service.close()
    return took


def _figures(seconds: Floats, beside: Floats, seed: int) -> dict[str, float]:
    """Milliseconds, and the ratio of p99 to that of the channels that count, with an interval."""
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(seconds), (RESAMPLES, len(seconds)))
    ratios = np.percentile(seconds[drawn], 99, axis=1) / np.percentile(beside[drawn], 99, axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return {
        **p50_and_p99(seconds * 1e3),
        "p99_ratio": float(np.percentile(seconds, 99) / np.percentile(beside, 99)),
        "ratio_low": float(low),
        "ratio_high": float(high),
    }


if __name__ == "__main__":
    run_in_words(main)
