"""The full pipeline on a real chain's purchases, beside popularity and repurchase, by slice.

    python -m benchmarks.complete_journey --folder FOLDER --json FILE

Split by time: three windows of a tenth of the year at its end; each is predicted from what was
known when it began. `--departments` keeps the health-like ones by default.
"""

import argparse
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.named_recipes import recipes_named
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.train import train
from galen.compare.cost import measured
from galen.data.importing.importer import ImportSettings, import_shop
from galen.data.shop import Shop
from galen.eligibility.guard import Guard
from galen.evaluate.command import table_of
from galen.evaluate.guarded import Guarded
from galen.evaluate.offline import HEADLINE
from galen.evaluate.run import Evaluation, evaluate

HEALTH = "DRUG GM,COSMETICS,NUTRITION"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the tables and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--departments", default=HEALTH, help="empty for all")
    parser.add_argument("--models", default="shop", help="comma-separated recipes")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--pack", default="us", help="rules through which it is asked as well")
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    recipes = recipes_named(options.models.split(","))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "shop"
        chosen = {"departments": options.departments} if options.departments else {}
        import_shop(
            "complete-journey",
            {"folder": options.folder},
            place,
            now=datetime.now(UTC),
            settings=ImportSettings(options=chosen),
        )
        shop = Shop.open(place)
        for model, recipe in recipes.items():
            for seed in range(options.seeds):
                rows += _measure(shop, recipe, model, seed, options.pack)
                write_rows(options.json, rows)


def _measure(shop: Shop, recipe: Recipe, model: str, seed: int, pack: str) -> list[Row]:
    with measured() as cost:
        trained = train(recipe, shop, "global-time", seed=seed, progress=lambda what: None)
        guard = Guard.of(trained.split.final.catalogue, pack=pack)
        done = evaluate(
            trained.parts,
            trained.split,
            trained.people,
            seed=seed,
            progress=lambda what: None,
            guarded=Guarded(guard, shop.read("users")),
        )
    Console(width=112).print(table_of(done, [], f"{model} on complete_journey, seed {seed}"))
    return [
        Row(
            benchmark="complete_journey",
            data="complete_journey",
            model=name,
            protocol="global-time",
            seed=seed,
            metrics=_figures(done, name),
            cpu_seconds=cost.cpu_seconds,
            wall_seconds=cost.wall_seconds,
            peak_memory_bytes=cost.peak_memory_bytes,
        )
        for name in done.results
    ]


def _figures(done: Evaluation, name: str) -> dict[str, float]:
    result = done.results[name]
    figures = result.mean() | {"requests": float(len(done.question.requests))}
    for part in done.question.slices:
        key = part.name.replace(" ", "_").lower()
        for metric in HEADLINE:
            interval = result.interval(metric, part, seed=done.seed)
            figures[f"{metric}/{key}"] = interval.value
            figures[f"{metric}_low/{key}"] = interval.low
            figures[f"{metric}_high/{key}"] = interval.high
    return figures


if __name__ == "__main__":
    run_in_words(main)
