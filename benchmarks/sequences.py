"""Next-item quality on any file with user_id, item_id and pos.

    python -m benchmarks.sequences --interactions FILE [--items FILE] --models best --json FILE

`--models` takes shipped recipes by name or one's own by path; popular and item_graph are always
in the table. Full ranking over all items, all users, item-level hits, ties pessimistic, items of
the history excluded as each recipe says; intervals are bootstraps over users. `--alone` adds a row
for each channel of a recipe, learned once and asked alone; a second table tells them by slice.
A recipe's channels that have learned from the same events by the same seed do not learn them again,
so with two protocols the seconds of the second are what it adds.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.cut import cut
from benchmarks.rows import Row, parameters_of, write_rows
from benchmarks.seeds import mean_of_seeds
from galen.assembly.learned_channels import LearnedChannels
from galen.assembly.shipped import find_recipe
from galen.assembly.split import Protocol
from galen.assembly.train import train
from galen.compare.cost import Cost, measured
from galen.data.importing.importer import import_shop
from galen.data.shop import Shop
from galen.evaluate.offline import HEADLINE, Question, Result, answer
from galen.evaluate.run import stages_of
from galen.evaluate.slices import Slice

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
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--people", type=int, default=0, help="drawn from the file; 0 for all")
    parser.add_argument("--alone", action="store_true", help="each channel alone as well")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    console = Console(width=160)
    models = list(dict.fromkeys([*ALWAYS, *options.models.split(",")]))
    rows: list[Row] = []
    known: dict[tuple[str, int], LearnedChannels] = {}
    data = options.interactions.parent.name or options.interactions.stem
    data += f", {options.people} people" if options.people else ""
    with tempfile.TemporaryDirectory() as folder:
        paths = cut(options.interactions, options.items, options.people, 0, Path(folder))
        import_shop("sequences", paths, Path(folder) / "shop", now=datetime.now(UTC))
        shop = Shop.open(Path(folder) / "shop")
        for protocol in options.protocol.split(","):
            results: dict[str, list[Result]] = {}
            for model in models:
                for seed in range(options.first_seed, options.first_seed + options.seeds):
                    own = known.setdefault((model, seed), LearnedChannels())
                    learned = _learned(shop, model, protocol, seed, own, alone=options.alone)
                    for row, result in learned.rows(data):
                        console.print(_told(row))
                        rows.append(row)
                        results.setdefault(row.model, []).append(result)
                    slices = learned.question.slices
                    write_rows(options.json, rows)
            means = {name: mean_of_seeds(name, runs) for name, runs in results.items()}
            console.print(_table(protocol, means, slices[0]), _by_slice(protocol, means, slices))
    write_rows(options.json, rows)


@dataclass(frozen=True)
class _Learned:
    """A recipe that has learned, and what it answered; each of its channels too, if asked for."""

    protocol: str
    seed: int
    cost: Cost
    question: Question
    results: dict[str, Result]
    parameters: dict[str, int]

    def rows(self, data: str) -> Iterator[tuple[Row, Result]]:
        """Channels that learned together have the cost of all of them."""
        for name, result in self.results.items():
            row = Row(
                benchmark="sequences",
                data=data,
                model=name,
                protocol=self.protocol,
                seed=self.seed,
                metrics=self._metrics(name, result),
                cpu_seconds=self.cost.cpu_seconds,
                wall_seconds=self.cost.wall_seconds,
                peak_memory_bytes=self.cost.peak_memory_bytes,
            )
            yield row, result

    def _metrics(self, name: str, result: Result) -> dict[str, float]:
        metrics = result.mean() | {
            "requests": float(len(self.question.requests)),
            "parameters": float(self.parameters[name]),
        }
        everybody, *parts = self.question.slices
        for metric in HEADLINE:
            interval = result.interval(metric, everybody, seed=self.seed)
            metrics |= {f"{metric}_low": interval.low, f"{metric}_high": interval.high}
        for part in parts:
            key = part.name.replace(" ", "_").lower()
            metrics |= {
                f"{m}/{key}": float(result.by_request[m][part.requests].mean()) for m in HEADLINE
            }
        return metrics


def _learned(
    shop: Shop, model: str, protocol: Protocol, seed: int, known: LearnedChannels, *, alone: bool
) -> _Learned:
    with measured() as cost:
        recipe = find_recipe(model)
        trained = train(recipe, shop, protocol, seed=seed, progress=lambda what: None, known=known)
        test = trained.split.test
        assert test is not None
        question = Question.of(test, trained.people, seed=seed)
        catalogue = trained.split.final.catalogue
        whole = trained.parts.recipe.name
        pipeline = trained.parts.pipeline(catalogue, question.store)
        results = {whole: answer(question, whole, pipeline)}
    parameters = {whole: parameters_of(trained.parts)}
    for name, part in stages_of(trained.parts).items() if alone else ():
        if name != whole:
            told = f"{whole}, {name}"
            results[told] = answer(question, told, part.pipeline(catalogue, question.store))
            parameters[told] = parameters_of(part)
    return _Learned(protocol, seed, cost, question, results, parameters)


def _told(row: Row) -> str:
    figures = "  ".join(f"{metric} {row.metrics[metric]:.4f}" for metric in HEADLINE)
    return f"{row.protocol} {row.model} seed {row.seed}: {figures}  {row.cpu_seconds:.0f} CPU s"


def _table(protocol: str, means: Mapping[str, Result], everybody: Slice) -> Table:
    """Means over seeds; the gain is over the model of the row above, paired by user."""
    table = Table(title=f"{protocol}, all users, all items")
    for heading in ("model", *HEADLINE, "gain in hr@10 over row above", "in ndcg@10"):
        table.add_column(heading)
    above: Result | None = None
    for name, mean in means.items():
        cells = [name, *(str(mean.interval(m, everybody, seed=0)) for m in HEADLINE)]
        if above is not None:
            cells += [str(mean.over(above, m, seed=0)) for m in ("hr@10", "ndcg@10")]
        table.add_row(*cells)
        above = mean
    return table


def _by_slice(protocol: str, means: Mapping[str, Result], slices: Sequence[Slice]) -> Table:
    table = Table(title=f"{protocol}, ndcg@10 by slice")
    table.add_column("model")
    for part in slices[1:]:
        table.add_column(f"{part.name}\n{int(part.requests.sum())}", justify="right")
    for name, mean in means.items():
        ndcg = mean.by_request["ndcg@10"]
        table.add_row(name, *(f"{ndcg[part.requests].mean():.4f}" for part in slices[1:]))
    return table


if __name__ == "__main__":
    main()
