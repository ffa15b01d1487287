"""Slates written item by item against maximal marginal relevance and no reranking at all.

    python -m benchmarks.slates --interactions FILE [--items FILE] --people 3000 --json FILE
    python -m benchmarks.slates --synthetic 1000 --json FILE

One recommender is trained (strict protocol), then every reranker shapes the same pools of 50 rows.
HR and NDCG are of the test items, full ranking over all items; `ild` is the mean distance of pairs
of a slate's rows, by category and by vectors of attributes and text; milliseconds are of single
requests through the whole pipeline on one thread. No setting is chosen here: all shares that are
asked for are in the table.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.cut import cut, shop_of
from benchmarks.protocol_rows import Terms
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from benchmarks.slate_figures import figures, gains, single_requests, slates_of
from galen.assembly.parts import Parts
from galen.assembly.recipes.recipe import Recipe, RerankPart
from galen.assembly.split import protocol_named
from galen.assembly.train import train
from galen.compare.cost import measured
from galen.data.arrays import Floats
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.evaluate.intervals import paired_interval
from galen.evaluate.offline import Question
from galen.features.tokenizing.item_vectors import ItemVectors

SHOWN = ("hr@10", "ndcg@10", "coverage@10", "ild_category@10", "ild_vectors@10", "p50_ms", "p99_ms")
FILTERS = ["hidden", "prescription", "stock", "region", "age"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path)
    parser.add_argument("--items", type=Path)
    parser.add_argument("--people", type=int, default=0, help="drawn from the file; 0 for all")
    parser.add_argument("--synthetic", type=int, default=0, help="users of a made-up shop instead")
    parser.add_argument("--writers", default="generator,sequence", help="channels that lend")
    parser.add_argument("--shares", default="0.1,0.3,0.6")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--requests", type=int, default=300, help="single requests that are timed")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    if not options.interactions and not options.synthetic:
        parser.error("--interactions or --synthetic is needed")
    torch.set_num_threads(1)
    console, rows = Console(width=140), list[Row]()
    with tempfile.TemporaryDirectory() as folder:
        shop = _shop(options, Path(folder))
        for seed in range(options.seeds):
            for row, told in _measured(shop, options, seed):
                rows.append(row)
                console.print(told)
                write_rows(options.json, rows)
    console.print(_table(rows))


def _shop(options: argparse.Namespace, folder: Path) -> Shop:
    if options.synthetic:
        settings = SyntheticSettings(users=options.synthetic, items=500)
        return synthesize(folder / "shop", settings, progress=lambda what, done, whole: None)
    paths = cut(options.interactions, options.items, options.people, 0, folder)
    return shop_of(paths, folder / "shop")


def ways(options: argparse.Namespace) -> dict[str, RerankPart | None]:
    """Rerankers by the name that they have in the table."""
    found: dict[str, RerankPart | None] = {
        "none": None,
        "mmr": RerankPart("mmr"),
        "mmr, balance 0.5": RerankPart("mmr", {"balance": 0.5}),
    }
    for channel in options.writers.split(","):
        for share in options.shares.split(","):
            settings = {"channel": channel, "share": float(share)}
            found[f"{channel} writes, share {share}"] = RerankPart("slate_writer", settings)
    return found


def _measured(shop: Shop, options: argparse.Namespace, seed: int) -> Iterator[tuple[Row, str]]:
    """Rows of one training, and each in words."""
    learning = {"epochs": options.epochs, "quota": 50}
    recall = {"item_graph": {"quota": 50}, "generator": learning, "sequence": learning}
    tree = {"name": "slates", "filters": FILTERS, "recall": recall}
    protocol = protocol_named("strict")
    recipe = Recipe.from_tree(tree, where="the benchmark")
    trained = train(recipe, shop, protocol, seed=seed, progress=lambda what: None)
    assert trained.split.test is not None
    question = Question.of(trained.split.test, trained.people, seed=seed)
    catalogue = trained.split.final.catalogue
    vectors = ItemVectors(("attributes", "text")).fit(trained.split.final, 0)
    terms = Terms.of(trained.parts, protocol, question)
    plain: Floats | None = None
    for name, part in ways(options).items():
        pipeline = _with(trained.parts, part).pipeline(catalogue, question.store)
        with measured() as cost:
            slates = slates_of(question, pipeline)
        metrics = figures(question, slates, vectors)
        metrics |= single_requests(question, pipeline, options.requests)
        row = Row(
            benchmark="slates",
            data=_name(options),
            model=name,
            protocol=protocol,
            seed=seed,
            metrics=metrics | terms.numbers(),
            cpu_seconds=cost.cpu_seconds,
            wall_seconds=cost.wall_seconds,
            peak_memory_bytes=cost.peak_memory_bytes,
            facts=terms.facts(),
        )
        gain = gains(question, slates)["ndcg@10"]
        plain = gain if plain is None else plain
        apart = paired_interval(gain, plain, seed=seed)
        yield row, f"{name} seed {seed}: NDCG@10 over none {apart}"


def _with(parts: Parts, rerank: RerankPart | None) -> Parts:
    shaped = () if rerank is None else (rerank,)
    return replace(parts, recipe=replace(parts.recipe, rerank=shaped))


def _name(options: argparse.Namespace) -> str:
    if options.synthetic:
        return f"synthetic, {options.synthetic} people"
    name: str = options.interactions.parent.name or options.interactions.stem
    return name + (f", {options.people} people" if options.people else "")


def _table(rows: Sequence[Row]) -> Table:
    """Means over seeds."""
    table = Table(title="slates of 10 from the same pools; means over seeds")
    for heading in ("reranker", *SHOWN):
        table.add_column(heading, justify="right")
    for model in dict.fromkeys(row.model for row in rows):
        mine = [row for row in rows if row.model == model]
        cells = [f"{np.mean([row.metrics[name] for row in mine]):.4f}" for name in SHOWN]
        table.add_row(model, *cells)
    return table


if __name__ == "__main__":
    run_in_words(main)
