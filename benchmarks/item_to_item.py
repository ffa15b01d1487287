"""What goes with an item, against what a shop itself says is bought together with it.

    python -m benchmarks.item_to_item --interactions FILE --items FILE --relations FILE --json FILE

FILE of relations has `asin`, `related_asin` and `relation`; it is the truth and no model sees it.
Everybody's last two items are left out of learning. Each item that has a truth is asked about as
if it were a person's only one. An item is cold if fewer than --cold events of it are learned from;
`cold_sources` are such items asked about, `cold_targets` the truths that are such items. Intervals
are bootstraps over the items asked about. Settings are chosen on one half of the items that have a
truth (`--part validation`), figures are of the other half. With `--shop` a shop is read that was
imported before, and its table `relations` where it has one.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.asking import K, slates_of
from benchmarks.cut import shop_of
from benchmarks.random_in_category import RandomInCategory
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from galen.compare.cost import measured
from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.data.enriched import read_enriched
from galen.data.lookup import place_within
from galen.data.schema import TAKEN, Kind
from galen.data.shop import Shop
from galen.evaluate.intervals import mean_interval
from galen.pipeline.candidates import Candidates, Histories, Requests
from galen.pipeline.stages import RetrieverSpec
from galen.recall.content import Content
from galen.recall.i2i import I2i
from galen.recall.item_graph import ItemGraph

MODELS: Final[Mapping[str, Callable[[int], RetrieverSpec]]] = {
    "random_in_category": lambda seed: RandomInCategory(seed=seed),
    "co_occurrence": lambda seed: ItemGraph(),
    "content": lambda seed: Content(seed=seed),
    "i2i": lambda seed: I2i(seed=seed),
    "i2i_substitutes": lambda seed: I2i(substitutes=True, seed=seed),
}
WANTED: Final = 0.85
"""Precision that is asked for where a model has judged the pairs."""
DEPTHS: Final = (1, 5, 10)


@dataclass(frozen=True)
class Truth:
    """Pairs that the shop says are bought together, by item rows."""

    source: Ints  # (T,) ascending
    target: Ints  # (T,)

    @property
    def asked(self) -> Ints:
        return np.unique(self.source)

    def part(self, name: str) -> "Truth":
        """Half of the items are for choosing settings, the other half for the figures."""
        if name == "all":
            return self
        half = np.random.default_rng(0).permutation(int(self.source.max(initial=0)) + 1) % 2
        rows = half[self.source] == (name == "test")
        return Truth(self.source[rows], self.target[rows])

    def holds(self, source: Ints, target: Ints, items: int) -> Bools:
        return np.isin(source * items + target, self.source * items + self.target)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path)
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--relations", type=Path, required=True)
    parser.add_argument("--shop", type=Path)
    parser.add_argument("--relation", default="bought_together")
    parser.add_argument("--part", choices=("all", "test", "validation"), default="test")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--cold", type=int, default=5, help="events below which an item is cold")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    console = Console(width=150)
    data = read_data(options)
    truth = read_truth(data, options.items, options.relations, options.relation)
    truth = truth.part(options.part)
    learning = data.without_last(2)
    rows: list[Row] = []
    for model in options.models.split(","):
        for seed in range(options.seeds):
            rows.append(_measure(learning, truth, options, model, seed))
            console.print(_told(rows[-1]))
            write_rows(options.json, rows)
    console.print(_table(rows))
    console.print(_judge(data, options), soft_wrap=True)


def read_data(options: argparse.Namespace) -> Dataset:
    """A shop's events that say what people wanted."""
    if options.shop is not None:
        return Dataset.read(Shop.open(options.shop)).of(*TAKEN)
    with tempfile.TemporaryDirectory() as folder:
        paths = {"interactions": options.interactions, "items": options.items}
        return Dataset.read(shop_of(paths, Path(folder) / "shop")).of(*TAKEN)


def read_truth(data: Dataset, items: Path, relations: Path, relation: str) -> Truth:
    """Pairs of one relation between two items of the catalogue."""
    named = pq.read_table(items, columns=["item_id", "asin"]).to_pydict()
    row_of = data.catalogue.row_of
    row = {
        asin: row_of[str(item)]
        for item, asin in zip(named["item_id"], named["asin"], strict=True)
        if str(item) in row_of
    }
    table = pq.read_table(relations, columns=["asin", "related_asin", "relation"])
    table = table.filter(pc.equal(table["relation"], relation))
    ends = zip(table["asin"].to_pylist(), table["related_asin"].to_pylist(), strict=True)
    pairs = {(row[a], row[b]) for a, b in ends if a in row and b in row and a != b}
    found = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return Truth(found[:, 0], found[:, 1])


def asked_about(items: Ints) -> Requests:
    """Requests of people who took one item each."""
    count = len(items)
    nothing = np.zeros(count, np.int64)
    kinds = np.full(count, int(Kind.PURCHASE))
    history = Histories(np.arange(count + 1), items, kinds, nothing)
    ages = np.full(count, np.nan)
    return Requests(nothing - 1, nothing + 1, history, nothing, ages, [None] * count, nothing)


def figures(
    found: Candidates, truth: Truth, events: Ints, cold: int, seed: int
) -> dict[str, float]:
    """Precision and recall, for all and for cold items; `found` answers every item in turn."""
    items = len(events)
    asked = truth.asked
    place = place_within(found.request)
    right = truth.holds(found.request, found.item, items)
    metrics: dict[str, float] = {"asked": float(len(asked)), "truths": float(len(truth.source))}
    known = np.bincount(truth.source, minlength=items)
    for depth in DEPTHS:
        hits = np.bincount(found.request[right & (place < depth)], minlength=items)
        share = hits / depth
        _told_as(metrics, f"precision@{depth}/all", share[asked], seed)
        _told_as(
            metrics, f"precision@{depth}/cold_sources", share[asked[events[asked] < cold]], seed
        )
        metrics[f"ceiling@{depth}"] = float((np.minimum(known[asked], depth) / depth).mean())
    hits = np.bincount(found.request[right], minlength=items)
    _told_as(metrics, f"recall@{K}/all", hits[asked] / known[asked], seed)
    is_cold = events < cold
    few = np.bincount(truth.source, is_cold[truth.target], minlength=items)
    won = np.bincount(found.request[right], is_cold[found.item[right]], minlength=items)
    some = np.flatnonzero(few > 0)
    _told_as(metrics, f"recall@{K}/cold_targets", won[some] / few[some], seed)
    answered = np.bincount(found.request, minlength=items) > 0
    metrics["answered"] = float(answered.mean())
    metrics["answered_cold"] = float(answered[is_cold].mean()) if is_cold.any() else float("nan")
    shown = np.zeros(items, bool)
    shown[found.item] = True
    metrics["coverage"] = float(shown.mean())
    metrics["coverage_cold"] = float(shown[is_cold].mean()) if is_cold.any() else float("nan")
    metrics["cold_items"] = float(is_cold.sum())
    metrics["gap"] = WANTED - metrics["precision@1/all"]
    return metrics


def _told_as(metrics: dict[str, float], name: str, values: Floats, seed: int) -> None:
    interval = mean_interval(np.asarray(values, np.float64), seed=seed)
    metrics[name] = interval.value
    metrics[f"{name}_low"], metrics[f"{name}_high"] = interval.low, interval.high


def _measure(
    learning: Dataset, truth: Truth, options: argparse.Namespace, model: str, seed: int
) -> Row:
    events = np.bincount(learning.item, minlength=len(learning.catalogue))
    with measured() as cost:
        index = MODELS[model](seed).fit(learning)
        found = slates_of(index, asked_about(np.arange(len(events))))
    source = options.interactions or options.shop
    return Row(
        benchmark="item_to_item",
        data=source.parent.name if options.interactions else source.name,
        model=model,
        protocol=f"{options.part}, {options.relation}, last two left out, cold < {options.cold}",
        seed=seed,
        metrics=figures(found, truth, events, options.cold, seed),
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )


def _told(row: Row) -> str:
    return f"{row.model} seed {row.seed}: precision@1 {row.metrics['precision@1/all']:.4f}"


def _table(rows: Sequence[Row]) -> Table:
    """One line for each model and seed, with its intervals."""
    first = rows[0].metrics
    table = Table(
        title=f"{first['asked']:.0f} items asked about, {first['truths']:.0f} truths, "
        f"{first['cold_items']:.0f} cold items; ceiling of precision@1 {first['ceiling@1']:.2f}, "
        f"@5 {first['ceiling@5']:.2f}"
    )
    shown = (
        *("precision@1/all", "precision@5/all", "precision@1/cold_sources"),
        *(f"recall@{K}/all", f"recall@{K}/cold_targets"),
    )
    plain = ("answered_cold", "coverage", "coverage_cold")
    for heading in ("model", *shown, *plain, "CPU s"):
        table.add_column(heading, justify="right")
    for row in rows:
        told = [
            f"{row.metrics[n]:.4f}\n{row.metrics[f'{n}_low']:.3f}…{row.metrics[f'{n}_high']:.3f}"
            for n in shown
        ]
        told += [f"{row.metrics[name]:.3f}" for name in plain]
        table.add_row(row.model, *told, f"{row.cpu_seconds:.0f}")
    return table


def _judge(data: Dataset, options: argparse.Namespace) -> str:
    """Who judged the pairs of words, or how to have them judged."""
    if data.enriched is not None and (data.enriched / "relations.parquet").exists():
        judge = read_enriched(data.enriched, "relations", [])["model"][0].as_py()
        return f"The pairs of words were judged by {judge}; {WANTED} is asked of a language model."
    return (
        f"No model has judged the pairs of words: rules related them, and {WANTED} is not asked of "
        "rules. Needs a model endpoint:\n"
        "  galen import sequences SHOP --path interactions=INTERACTIONS --items ITEMS\n"
        "  galen enrich run relations SHOP --before-split strict --provider PROVIDER.toml\n"
        f"  python -m benchmarks.item_to_item --shop SHOP --items ITEMS --relations RELATIONS "
        f"--relation {options.relation} --models i2i"
    )


if __name__ == "__main__":
    run_in_words(main)
