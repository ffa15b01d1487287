"""What policies learned from one log would earn, told by another: Open Bandit's real impressions.

    python -m benchmarks.open_bandit --data ../shared/data/open_bandit --models logistic,gbdt,fm

Models learn clicks from the Thompson-sampling log (`bts`) before the middle of the week, unweighted
and by 1/propensity (over that of the random policy, at most `--clip`). How sharp the policy over
their scores is, is chosen on the random log before the middle, by the lower end of SNIPS; its value
is told on the random log after the middle. Rows of `told from` tell a value that is known; DM and
DR there take the first model's predictions. Values are clicks an impression. One thread.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from rich.console import Console
from rich.table import Table
from scipy.special import logit, softmax
from threadpoolctl import threadpool_limits

from benchmarks.named_recipes import recipes_named
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.table import TableRun, train_table
from galen.compare.cost import Cost, measured
from galen.data.arrays import Bools, Floats, Ints
from galen.evaluate.bandit_log import BanditLog, Policy, unseen_mass
from galen.evaluate.intervals import Interval, mean_interval, paired_interval
from galen.evaluate.off_policy import dr, estimates, flat, ips

TRAIN, MIDDLE = 0.35, 0.5  # of the week; what lies between them is the models' valid
CHUNK = 20_000  # rows that are scored at once
DESCRIPTION = """\
item = "item_id"
labels = {click = "click"}
weight = "weight"
"""
SHOWN = ("ips", "clipped_ips", "snips", "dm", "dr")


@dataclass(frozen=True)
class Sharpness:
    """How a policy follows scores: `softmax` of log-odds / by, or the best but for a share `by`."""

    kind: Literal["softmax", "greedy"]
    by: float

    def policy(self, scores: Floats) -> Floats:
        """(N, K) probabilities; equal best items share."""
        if self.kind == "softmax":
            odds = logit(np.clip(scores, 1e-9, 1 - 1e-9))
            return np.asarray(softmax(odds / self.by, axis=1))
        best = scores == scores.max(axis=1, keepdims=True)
        greedy = best / best.sum(axis=1, keepdims=True)
        return np.asarray((1 - self.by) * greedy + self.by / scores.shape[1])


GRID = (
    *(Sharpness("softmax", by) for by in (4.0, 2.0, 1.0, 0.5)),
    *(Sharpness("greedy", by) for by in (0.9, 0.7, 0.5, 0.3)),
)


@dataclass(frozen=True)
class Campaign:
    """One policy's log of one campaign, in order of time."""

    log: BanditLog
    when: Floats  # (N,) 0 … 1, share of the week
    people: pa.Table  # (N,) position and the person's fields
    affinity: Floats  # (N, K) of the person with each item
    items: pa.Table  # (K,)

    def between(self, start: float, stop: float) -> "Campaign":
        rows: Bools = (self.when >= start) & (self.when < stop)
        people = self.people.filter(pa.array(rows))
        parts = self.log.take(rows), self.when[rows], people, self.affinity[rows]
        return Campaign(*parts, self.items)

    def uniform(self) -> Policy:
        every = np.full(self.affinity.shape, 1 / self.affinity.shape[1])
        return Policy.of(every, self.log)


@dataclass(frozen=True)
class Question:
    """Both logs of a campaign, and what is asked of them."""

    name: str
    logs: dict[str, Campaign]  # bts, random
    clip: float
    seed: int

    def row(self, model: str, metrics: dict[str, float], cost: Cost) -> Row:
        return Row(
            benchmark="open_bandit",
            data=f"open_bandit/{self.name}",
            model=model,
            protocol=f"bts before {MIDDLE} of the week, told on random after it",
            seed=self.seed,
            metrics=metrics,
            cpu_seconds=cost.cpu_seconds,
            wall_seconds=cost.wall_seconds,
            peak_memory_bytes=cost.peak_memory_bytes,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the tables and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", default="logistic,gbdt,fm", help="comma-separated recipes")
    parser.add_argument("--campaigns", default="men,women")
    parser.add_argument("--clip", type=float, default=10.0, help="of weights, told and learned by")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    recipes = recipes_named(options.models.split(","), "ctr/")
    rows: list[Row] = []
    console = Console(width=150)
    with threadpool_limits(limits=1):
        for name in options.campaigns.split(","):
            logs = {policy: campaign(options.data, name, policy) for policy in ("bts", "random")}
            for seed in range(options.seeds):
                found = _measured(Question(name, logs, options.clip, seed), recipes)
                console.print(_table(found, f"{name}, seed {seed}"))
                rows += found
                write_rows(options.json, rows)


def campaign(folder: Path, name: str, policy: str) -> Campaign:
    """The log of a policy (bts, random) of a campaign (men, women)."""
    table = pq.read_table(folder / f"{name}.parquet").sort_by("timestamp")
    at = np.asarray(table["timestamp"].cast(pa.int64()), dtype=np.float64)
    mine = pc.equal(table["policy"], policy)
    when = ((at - at.min()) / (at.max() - at.min() + 1))[np.asarray(mine)]
    table = table.filter(mine)
    items = pq.read_table(folder / f"{name}_items.parquet").sort_by("item_id")
    affinity = [table[f"user-item_affinity_{item}"] for item in items["item_id"].to_pylist()]
    log = BanditLog(
        action=np.asarray(table["item_id"], dtype=np.int64),
        position=np.asarray(table["position"], dtype=np.int64),
        reward=np.asarray(table["click"], dtype=np.float64),
        propensity=np.asarray(table["propensity_score"], dtype=np.float64),
    )
    people = table.select(["position", *(f"user_feature_{place}" for place in range(4))])
    return Campaign(log, when, people, np.stack(affinity, axis=1).astype(np.float64), items)


def _measured(question: Question, recipes: Mapping[str, Recipe]) -> list[Row]:
    """Rows of the known values, of telling them from the other log, and of every model."""
    rows, first = [], None
    for name, recipe in recipes.items():
        for weighted in (False, True):
            with measured() as cost, tempfile.TemporaryDirectory() as place:
                run = _learned(question, Path(place), recipe, weighted)
                metrics = _figures(question, run)
            first = first or run
            label = f"{name}, {'1/propensity' if weighted else 'unweighted'}"
            rows.append(question.row(label, metrics, cost))
    assert first is not None
    return [*_known(question, 0, None), *_known(question, MIDDLE, first), *rows]


def _learned(question: Question, folder: Path, recipe: Recipe, weighted: bool) -> TableRun:
    """A recipe's model of the early part of the bts log."""
    early = question.logs["bts"]
    for part, span in (("train", (0.0, TRAIN)), ("valid", (TRAIN, MIDDLE))):
        here = early.between(*span)
        weight = np.ones(len(here.log))
        if weighted:
            likelier = 1 / (len(here.items) * here.log.propensity)
            weight = np.minimum(likelier, question.clip)
            weight /= weight.mean()  # so that penalties weigh as much as without
        table = _rows(here, np.arange(len(here.log)), here.log.action)
        table = table.append_column("click", pa.array(here.log.reward.astype(np.int8)))
        pq.write_table(table.append_column("weight", pa.array(weight)), folder / f"{part}.parquet")
    (folder / "samples.toml").write_text(DESCRIPTION)
    return train_table(recipe, folder, seed=question.seed, progress=lambda _: None)


def _rows(here: Campaign, row: Ints, item: Ints) -> pa.Table:
    """Fields of logged rows with items, in step with each other."""
    table = here.people.take(pa.array(row))
    shown = here.items.take(pa.array(item))
    for name in shown.column_names:
        table = table.append_column(name, shown[name])
    return table.append_column("affinity", pa.array(here.affinity[row, item]))


def _scores(run: TableRun, here: Campaign) -> Floats:
    """(N, K) the model's chances of a click of every item at the logged position."""
    rows, items = here.affinity.shape
    step, found = max(1, CHUNK // items), []
    for start in range(0, rows, step):
        row = np.arange(start, min(start + step, rows))
        table = _rows(here, np.repeat(row, items), np.tile(np.arange(items), len(row)))
        found.append(run.model.score(run.encoder.encode(table, labelled=False))[:, 0])
    return np.concatenate(found).reshape(rows, items)


def _figures(question: Question, run: TableRun) -> dict[str, float]:
    """The sharpness that validation chooses, and the value of that policy on the test part."""
    random, seed = question.logs["random"], question.seed
    early, late = random.between(0, MIDDLE), random.between(MIDDLE, 1)
    scores = _scores(run, early)
    lower = [
        estimates(early.log, Policy.of(one.policy(scores), early.log), seed=seed, resamples=300)[
            "snips"
        ].interval.low
        for one in GRID
    ]
    chosen = GRID[int(np.argmax(lower))]
    predicted = _scores(run, late)
    policy = Policy.of(chosen.policy(predicted), late.log)
    metrics = _told(late, policy, predicted, question)
    metrics |= {"softmax" if chosen.kind == "softmax" else "epsilon": chosen.by}
    gains = {"ips": ips(late.log, policy), "dr": dr(late.log, policy, predicted)}
    for name, values in gains.items():
        gain = paired_interval(values, late.log.reward, seed=seed)
        metrics |= _ends(f"{name}_gain", gain)
    return metrics


def _told(
    here: Campaign, policy: Policy, predicted: Floats | None, question: Question
) -> dict[str, float]:
    found = estimates(here.log, policy, predicted=predicted, clip=question.clip, seed=question.seed)
    return flat(found) | {"unseen_mass": unseen_mass(here.log, policy)}


def _known(question: Question, start: float, run: TableRun | None) -> list[Row]:
    """Each logging policy's own clicks from `start`, and as the other policy's log tells them.

    Thompson sampling's chances of items that it did not show are not in the log: they are taken
    as the shares of its impressions at each position.
    """
    bts, random = (question.logs[name].between(start, 1) for name in ("bts", "random"))
    shares = np.zeros((1 + int(bts.log.position.max()), bts.affinity.shape[1]))
    np.add.at(shares, (bts.log.position, bts.log.action), 1)
    every = shares[random.log.position]
    sampled = Policy.of(every / every.sum(axis=1, keepdims=True), random.log)
    span = f"from {start:g}" if start else "whole week"
    rows = []
    for name, own, from_, other, policy in (
        ("random", random, "bts", bts, bts.uniform()),
        ("bts", bts, "random", random, sampled),
    ):
        truth = mean_interval(own.log.reward, seed=question.seed)
        with measured() as cost:
            predicted = None if run is None else _scores(run, other)
            metrics = _told(other, policy, predicted, question)
        metrics |= _ends("on_policy", truth)
        metrics |= {"clicks": float(own.log.reward.sum()), "rows": float(len(own.log))}
        rows.append(question.row(f"{name} told from {from_} log, {span}", metrics, cost))
    return rows


def _ends(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _table(rows: Sequence[Row], title: str) -> Table:
    table = Table(title=f"{title}: clicks per thousand impressions, 95 % intervals")
    for heading in ("policy", "chosen", "on policy", *SHOWN, "DR gain", "n_eff", "weight ≤"):
        table.add_column(heading)
    for row in rows:
        found = row.metrics
        cells = [_cell(found, name) for name in ("on_policy", *SHOWN, "dr_gain")]
        chosen = [f"{n} {found[n]:g}" for n in ("softmax", "epsilon") if n in found]
        sizes = ["", ""]
        if "ips" in found:
            sizes = [f"{found['ips_effective']:,.0f}", f"{found['ips_largest_weight']:,.1f}"]
        table.add_row(row.model, "".join(chosen), *cells, *sizes)
    return table


def _cell(found: dict[str, float], name: str) -> str:
    if name not in found:
        return ""
    value, low, high = (1000 * found[key] for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value:.2f}\n[{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    run_in_words(main)
