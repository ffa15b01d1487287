"""Next-item quality on any file with user_id, item_id and pos.

    python -m benchmarks.sequences --interactions FILE [--items FILE] --models best --json FILE

`--models` takes shipped recipes by name or one's own by path; popular and item_graph are always
in the table. Full ranking over all items, all users, item-level hits, ties pessimistic, items of
the history excluded as each recipe says; intervals are bootstraps over users.
"""

import argparse
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row, measured, write_rows
from galen.assembly.shipped import find_recipe
from galen.assembly.split import Protocol
from galen.assembly.train import train
from galen.data.importing.importer import import_shop
from galen.data.shop import Shop
from galen.evaluate.offline import HEADLINE, Question, Result, answer

ALWAYS = ("popular", "item_graph")
"""The rows that every table starts with."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, required=True)
    parser.add_argument("--items", type=Path)
    parser.add_argument("--models", default="fused,best", help="comma-separated recipes")
    parser.add_argument("--protocol", default="strict,refit", help="strict, refit or both")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    console = Console(width=140)
    models = list(dict.fromkeys([*ALWAYS, *options.models.split(",")]))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {"interactions": options.interactions}
        if options.items:
            paths["items"] = options.items
        import_shop("sequences", paths, Path(folder) / "shop", now=datetime.now(UTC))
        shop = Shop.open(Path(folder) / "shop")
        for protocol in options.protocol.split(","):
            results: dict[str, list[Result]] = {}
            for model in models:
                for seed in range(options.seeds):
                    row, result = _measure(shop, options.interactions, model, protocol, seed)
                    console.print(
                        f"{protocol} {model} seed {seed}: "
                        + "  ".join(f"{m} {row.metrics[m]:.4f}" for m in HEADLINE)
                        + f"  {row.cpu_seconds:.0f} CPU s"
                    )
                    rows.append(row)
                    results.setdefault(model, []).append(result)
                    write_rows(options.json, rows)
            console.print(_table(protocol, results))
    write_rows(options.json, rows)


def _measure(
    shop: Shop, interactions: Path, model: str, protocol: Protocol, seed: int
) -> tuple[Row, Result]:
    with measured() as cost:
        trained = train(find_recipe(model), shop, protocol, seed=seed, progress=lambda what: None)
        test = trained.split.test
        assert test is not None
        question = Question.of(test, trained.people, seed=seed)
        pipeline = trained.parts.pipeline(trained.split.final.catalogue, question.store)
        result = answer(question, model, pipeline)
    metrics = result.mean() | {"requests": float(len(question.requests))}
    everybody = question.slices[0]
    for metric in HEADLINE:
        interval = result.interval(metric, everybody, seed=seed)
        metrics |= {f"{metric}_low": interval.low, f"{metric}_high": interval.high}
    for part in question.slices[1:]:
        key = part.name.replace(" ", "_").lower()
        metrics |= {
            f"{m}/{key}": float(result.by_request[m][part.requests].mean()) for m in HEADLINE
        }
    data = interactions.parent.name or interactions.stem
    row = Row(
        benchmark="sequences",
        data=data,
        model=model,
        protocol=protocol,
        seed=seed,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )
    return row, result


def _table(protocol: str, results: dict[str, list[Result]]) -> Table:
    """Means over seeds; the gain is over the model of the row above, paired by user."""
    table = Table(title=f"{protocol}, all users, all items")
    for heading in ("model", *HEADLINE, "gain in hr@10 over row above", "in ndcg@10"):
        table.add_column(heading)
    above: Result | None = None
    for model, runs in results.items():
        mean = Result(
            model,
            {m: np.mean([r.by_request[m] for r in runs], axis=0) for m in HEADLINE},
            {},
            (),
        )
        cells = [model, *(f"{mean.by_request[m].mean():.4f}" for m in HEADLINE)]
        if above is not None:
            cells += [str(mean.over(above, m, seed=0)) for m in ("hr@10", "ndcg@10")]
        table.add_row(*cells)
        above = mean
    return table


if __name__ == "__main__":
    main()
