"""What profiles of cohorts tell a ranker of impressions: without, with, and with words permuted.

    python -m benchmarks.profiles --users 5000 --seeds 3 --json FILE

Synthetic shops, global time. Rules write the table from what is before the oldest moment of
training; trees learn from impressions before the split and are judged by those after it. The
placebo has the weights of the same table under words permuted by seed: what it gains is no gain.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.assembly.examples.impressions import impression_examples
from galen.assembly.split import Split, split_by
from galen.compare.cost import measured
from galen.data.dataset import Dataset
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.journal import Journal
from galen.enrich.running.runner import run
from galen.enrich.tables.profiles import ProfilesTask, profile_rules
from galen.evaluate.impressions import rank_examples
from galen.features.from_tables import TableFeatures
from galen.features.profile_fit import CohortProfiles, ProfileFit
from galen.knowledge.build import built_in
from galen.llm.rules import RulesModel
from galen.rank.gbdt import Gbdt
from galen.rank.shop import learned

METRICS: Final = ("auc", "gauc")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, usual in (("users", 5_000), ("items", 1_000), ("days", 360), ("seeds", 3)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--moments", type=int, default=1, help="how old the table's cut is")
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            made = SyntheticSettings(options.users, options.items, options.days, seed)
            shop = synthesize(Path(folder) / "shop", made, lambda *_: None)
            rows += measure(shop, options.moments, seed)
            write_rows(options.json, rows)


def measure(shop: Shop, moments: int, seed: int) -> Iterator[Row]:
    """One row for each set of features; gains are over the declared ones alone."""
    split = split_by("global-time", Dataset.read(shop), moments=moments)
    profiles = written(split.train[-1].fit)
    base: dict[str, float] = {}
    for name, tables in (
        ("declared", ()),
        ("with profiles", (profiles,)),
        ("placebo", (permuted(profiles, seed),)),
    ):
        with measured() as cost:
            found = judged(shop, split, tables, seed)
        base = base or found
        gains = {f"{key} gain": value - base[key] for key, value in found.items() if key in base}
        figures = found | gains
        told = "  ".join(f"{key} {value:.4f}" for key, value in figures.items())
        print(f"seed {seed} {name}: {told}", flush=True)
        yield Row(
            benchmark="profiles",
            data=shop.manifest.name,
            model=name,
            protocol="global-time, impressions of the test window",
            seed=seed,
            metrics=figures,
            cpu_seconds=cost.cpu_seconds,
            wall_seconds=cost.wall_seconds,
            peak_memory_bytes=cost.peak_memory_bytes,
        )


def written(data: Dataset) -> CohortProfiles:
    """Profiles by the rules, from these events, through the runner."""
    assert data.enriched is not None
    task = ProfilesTask.of(data, built_in())
    now = int(data.at.max())
    with Journal(data.enriched) as journal:
        rules = RulesModel("profiles", 1, profile_rules(task))
        run(task, rules, journal, data.enriched, now=lambda: now)
    return ProfileFit().of(data)


def permuted(profiles: CohortProfiles, seed: int) -> CohortProfiles:
    """The same weights, each under another word."""
    table = profiles.profiles
    order = np.random.default_rng(seed).permutation(table.weight.shape[1])
    return replace(profiles, profiles=replace(table, weight=table.weight[:, order]))


def judged(
    shop: Shop, split: Split, tables: tuple[TableFeatures, ...], seed: int
) -> dict[str, float]:
    """AUC of trees on the test window, by objective, and of how many rows profiles were known."""
    learning, held_out, test = impression_examples(shop, split, seed=seed, tables=tables)
    spec = Gbdt(categories=False, trees=80, learning_rate=0.1, seed=seed)
    found = {
        f"{one.objective} {metric}": float(one.metrics[metric])
        for one in rank_examples(learned(spec, learning, held_out), test)
        for metric in METRICS
    }
    if tables:
        found["known in learning"] = float(learning.batch.per_row["profile_known"].mean())
    return found


if __name__ == "__main__":
    run_in_words(main)
