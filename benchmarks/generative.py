"""Generators of semantic ids on any file with user_id, item_id and pos.

    python -m benchmarks.generative --interactions FILE [--items FILE] [--people N] --json FILE

Quality as in `benchmarks.sequences` (full ranking over all items, all users, item-level hits, ties
pessimistic), the report on the codes, how many written ids are of no item or may not be shown, and
the milliseconds of single requests on one thread, eligibility included. `popular`, `item_graph`
and `sasrec` are always in the table; intervals of its means over seeds are bootstraps over users.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.cut import cut
from benchmarks.rows import Row, write_rows
from benchmarks.seeds import mean_of_seeds
from galen.assembly.shipped import find_recipe
from galen.assembly.split import protocol_named
from galen.assembly.train import Trained, train
from galen.compare.cost import measured
from galen.data.importing.importer import import_shop
from galen.data.shop import Shop
from galen.evaluate.intervals import mean_interval
from galen.evaluate.offline import Question, Result, answer
from galen.generative.generator import GeneratorIndex
from galen.generative.tiger import TigerIndex
from galen.generative.tokenizing.code_report import code_report
from galen.generative.tokenizing.item_vectors import ItemVectors
from galen.generative.tokenizing.tokenizers import TOKENIZERS

ALWAYS = ("popular", "item_graph", "sasrec")
QUALITY = ("hr@5", "hr@10", "ndcg@10")
SHOWN = ("collisions", "invalid", "p50_ms", "p99_ms")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, required=True)
    parser.add_argument("--items", type=Path)
    parser.add_argument("--models", default="generator,generator_parallel,generator_dense")
    parser.add_argument("--protocol", default="strict")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--requests", type=int, default=500, help="single requests that are timed")
    parser.add_argument("--people", type=int, default=0, help="drawn from the file; 0 for all")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console(width=140)
    rows: list[Row] = []
    means: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = cut(options.interactions, options.items, options.people, 0, Path(folder))
        import_shop("sequences", paths, Path(folder) / "shop", now=datetime.now(UTC))
        shop = Shop.open(Path(folder) / "shop")
        for model in dict.fromkeys([*ALWAYS, *options.models.split(",")]):
            runs = []
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                row, result = _measure(shop, options, model, seed)
                rows.append(row)
                runs.append(result)
                write_rows(options.json, rows)
                console.print(_told(row))
            means[model] = mean_of_seeds(model, runs)
    console.print(_table(rows, means))


def _measure(shop: Shop, options: argparse.Namespace, model: str, seed: int) -> tuple[Row, Result]:
    protocol = protocol_named(options.protocol)
    with measured() as cost:
        trained = train(find_recipe(model), shop, protocol, seed=seed, progress=lambda what: None)
        assert trained.split.test is not None
        question = Question.of(trained.split.test, trained.people, seed=seed)
        pipeline = trained.parts.pipeline(trained.split.final.catalogue, question.store)
        result = answer(question, model, pipeline)
    metrics = result.mean() | _times(trained, question, options.requests)
    name = options.interactions.parent.name or options.interactions.stem
    for index in trained.parts.retrievers.values():
        if isinstance(index, GeneratorIndex | TigerIndex):
            metrics |= _codes(index, trained, question, seed)
    row = Row(
        benchmark="generative",
        data=name + (f", {options.people} people" if options.people else ""),
        model=model,
        protocol=protocol,
        seed=seed,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )
    return row, result


def _times(trained: Trained, question: Question, requests: int) -> dict[str, float]:
    """Milliseconds of single requests for ten items through the whole pipeline.

    `cpu_` is the time of the processor, which other work on the machine moves less.
    """
    pipeline = trained.parts.pipeline(trained.split.final.catalogue, question.store)
    each, used = [], []
    for row in range(min(requests, len(question.requests))):
        one = question.requests.part(row, row + 1)
        started, before = time.perf_counter(), time.thread_time()
        pipeline.run(one, 10)
        used.append(1000 * (time.thread_time() - before))
        each.append(1000 * (time.perf_counter() - started))
    told = {"p": each, "cpu_p": used}
    return {
        f"{name}{share}_ms": float(np.quantile(times, share / 100))
        for name, times in told.items()
        for share in (50, 99)
    }


def _codes(
    index: GeneratorIndex | TigerIndex, trained: Trained, question: Question, seed: int
) -> dict[str, float]:
    """The report on the codes, and the share of written ids that are of nothing or forbidden."""
    settings, data = index.settings, trained.split.final
    vectors = ItemVectors(settings.sources, settings.vector_size).fit(data, settings.seed)
    spec = TOKENIZERS[settings.tokenizer](settings.sizes)
    figures = code_report(index.ids, vectors, spec, seed=seed).figures()
    draw = np.random.default_rng(seed)
    part = question.requests.part(0, min(1000, len(question.requests)))
    shown = draw.random((len(part), len(index.ids))) < 0.5
    found = index.generate(part, 50, lambda people, items: shown[people, :items])
    wrong = ~shown[found.request, found.item]
    figures["invalid"] = float(wrong.mean()) if len(found) else 0.0
    figures["parameters"] = float(index.parameters)
    return figures


def _told(row: Row) -> str:
    known = [
        f"{name} {row.metrics[name]:.4f}" for name in (*QUALITY, *SHOWN) if name in row.metrics
    ]
    return f"{row.model} seed {row.seed}: " + "  ".join(known) + f"  {row.cpu_seconds:.0f} CPU s"


def _table(rows: Sequence[Row], means: Mapping[str, Result]) -> Table:
    table = Table(title="full ranking, all users; means over seeds")
    for heading in ("model", *QUALITY, *SHOWN, "CPU s"):
        table.add_column(heading, justify="right")
    for model, mean in means.items():
        mine = [row for row in rows if row.model == model]
        quality = [str(mean_interval(mean.by_request[metric], seed=0)) for metric in QUALITY]
        shown = [
            f"{np.mean([row.metrics[name] for row in mine]):.4f}" if name in mine[0].metrics else ""
            for name in SHOWN
        ]
        table.add_row(model, *quality, *shown, f"{np.mean([row.cpu_seconds for row in mine]):.0f}")
    return table


if __name__ == "__main__":
    main()
