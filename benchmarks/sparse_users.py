"""What the ways add for people of few events, beside a placebo of what was written.

    python -m benchmarks.sparse_users SHOP --protocol global-time --folder FOLDER --json FILE

The recipes learn and are asked as `galen compare` does it; once more from the same shop with a
placebo of its tables, where each row says of another item, or key, what was written of this one:
what a recipe still adds with it, the tables do not. People of at most three events are counted, by
NDCG@10, means over seeds. A folder that has steps of it is gone on from.
"""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from galen.assembly.split import protocol_named
from galen.compare.comparison import Comparison
from galen.compare.cost import Cost, HourlyPrices
from galen.compare.running import ComparisonPlan, run_plan
from galen.data.arrays import Floats
from galen.data.enriched import enriched_folder, made_from, read_all, write_enriched
from galen.evaluate.intervals import Interval, mean_interval, paired_interval

METRIC: Final = "ndcg@10"
FEW: Final = ("history 0", "history 1-3")
PLACEBO: Final = ", placebo"
SPOKEN_OF: Final = {
    "relations": ("first", "second"),
    "samples": ("item", "other"),
}
"""By table: the columns of what it speaks of; of other tables it is the first."""


@dataclass(frozen=True)
class Asked:
    """What the people of few events were told by one recipe."""

    name: str
    by_person: Floats  # (R,)
    training: Cost


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, compare, print the table and write the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shop", type=Path)
    parser.add_argument("--recipes", default="classic,scaled,enriched,hybrid", help="first: base")
    parser.add_argument("--again", default="enriched,hybrid", help="of these, with the placebo")
    parser.add_argument("--protocol", default="global-time")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    console = Console(width=140)
    if not any(enriched_folder(options.shop).glob("*.parquet")):
        parser.error(f"{options.shop} has no tables to take a placebo of; see galen enrich.")
    placebo = placebo_of(options.shop, options.folder / "placebo", seed=0)
    runs: list[list[Asked]] = []
    for seed in range(options.seeds):
        runs.append([])
        for shop, names, suffix in (
            (options.shop, options.recipes, ""),
            (placebo, options.again, PLACEBO),
        ):
            plan = ComparisonPlan(
                shop=shop,
                recipes=tuple(names.split(",")),
                folder=options.folder / f"steps{seed}",
                protocol=protocol_named(options.protocol),
                seed=seed,
                steps=("learned",),
            )
            runs[-1] += ask(plan, suffix, console)
    rows = rows_of(options.shop.name, options.protocol, runs)
    console.print(table_of(rows))
    write_rows(options.json, rows)


def placebo_of(shop: Path, folder: Path, *, seed: int) -> Path:
    """The shop once more, its tables saying of each key what was written of another."""
    for old in (folder, enriched_folder(folder)):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(shop, folder)
    tables = enriched_folder(shop)
    for path in sorted(tables.glob("*.parquet")):
        table = read_all(tables, path.stem)
        names = SPOKEN_OF.get(path.stem, table.column_names[:1])
        write_enriched(
            enriched_folder(folder), path.stem, _exchanged(table, names, seed), made_from(table)
        )
    return folder


def _exchanged(table: pa.Table, names: Sequence[str], seed: int) -> pa.Table:
    """What some columns speak of, each replaced by another of them wherever it stands."""
    chunks = [chunk for name in names for chunk in table[name].chunks]
    values = pc.unique(pa.chunked_array(chunks)).drop_null().sort()
    order = np.random.default_rng(seed).permutation(len(values))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)  # in a ring, so that none keeps its own
    for name in names:
        place = pc.index_in(table[name], value_set=values)
        told = values.take(pa.array(other)).take(place)
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at), told)
    return table


def ask(plan: ComparisonPlan, suffix: str, console: Console) -> list[Asked]:
    """Learn what has not learned yet, and read what people of few events were told."""
    ran = run_plan(plan, lambda what, *_: console.print(what, style="dim"))
    for name, why in ran.failed.items():
        console.print(f"{name} failed: {why}")
    told = Comparison.read(ran, HourlyPrices())
    few = np.any([part.requests for part in told.slices if part.name in FEW], axis=0)
    return [
        Asked(entry.name + suffix, entry.by_person[METRIC][few], entry.learned.training)
        for entry in told.entries
    ]


def rows_of(data: str, protocol: str, runs: Sequence[Sequence[Asked]]) -> list[Row]:
    """One row for each recipe: means over seeds, and gains over the first one and the placebo."""
    mean = {one.name: np.mean([_of(run, one.name) for run in runs], axis=0) for one in runs[0]}
    base, *_ = mean
    rows = []
    for one in runs[0]:
        metrics = _three(METRIC, mean_interval(mean[one.name], seed=0))
        for name, other in (("over_base", base), ("over_placebo", one.name + PLACEBO)):
            if other in mean and other != one.name:
                gain = paired_interval(mean[one.name], mean[other], seed=0)
                metrics |= _three(name, gain)
        metrics |= {"people": float(len(one.by_person)), "seeds": float(len(runs))}
        cost = one.training
        seconds = (cost.cpu_seconds, cost.wall_seconds, cost.peak_memory_bytes)
        rows.append(Row("sparse_users", data, one.name, protocol, 0, metrics, *seconds))
    return rows


def _of(run: Sequence[Asked], name: str) -> Floats:
    return next(one.by_person for one in run if one.name == name)


def _three(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def table_of(rows: Sequence[Row]) -> Table:
    """As a person reads it."""
    people, seeds = rows[0].metrics["people"], rows[0].metrics["seeds"]
    title = f"{rows[0].data}: {people:.0f} people of at most three events, {seeds:.0f} seeds"
    table = Table(title=title)
    for heading in ("recipe", METRIC, f"over {rows[0].model}", "over its placebo", "CPU s"):
        table.add_column(heading)
    for row in rows:
        cells = [_cell(row, name) for name in (METRIC, "over_base", "over_placebo")]
        table.add_row(row.model, *cells, f"{row.cpu_seconds:.0f}")
    return table


def _cell(row: Row, name: str) -> str:
    if name not in row.metrics:
        return ""
    ends = (row.metrics[name], row.metrics[f"{name}_low"], row.metrics[f"{name}_high"])
    return str(Interval(*ends))


if __name__ == "__main__":
    run_in_words(main)
