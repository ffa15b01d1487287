"""Ranking models on a folder of samples: quality on the test part, and what learning costs.

    python -m benchmarks.ctr --data FOLDER --models fm,deepfm,dcnv2 --seeds 5 --json FILE
    python -m benchmarks.ctr --data FOLDER --models deepfm --peer PYTHON --peer-script FILE

`--models` takes shipped recipes by name (`ctr/` may be left out) or one's own by path. One thread.
Everything is chosen on `valid`; `test` is scored at the end, and after each epoch for
cpu_seconds_to_auc, whose own time is not counted. `auc_unseen_pairs` is over the test rows whose
(user, item) pair is no positive of train. With `--peer`, the peer's script runs on the same files
between our seeds, and ratios of the means are printed.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits
from torch import nn

from benchmarks.named_recipes import recipes_named
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.table import TableRun, learn_encoder, read_parts, train_table
from galen.compare.cost import measured
from galen.data.arrays import Bools, Floats
from galen.features.encoding.encoder import Encoder
from galen.features.encoding.samples import Samples
from galen.nn.learning.course import Epoch
from galen.nn.learning.precision import resolved
from galen.nn.predicting import predict
from galen.rank.lessons import in_order
from galen.rank.network import NetworkModel
from galen.rank.score_metrics import all_of, auc

SHOWN = ("auc", "logloss", "auc_unseen_pairs", "gauc", "samples_per_cpu_second")
PEERED = ("auc", "logloss", "auc_unseen_pairs", "samples_per_cpu_second", "eval_rows_per_second")


@dataclass(frozen=True)
class Paper:
    """What a model is asked: the test part, encoded once."""

    test: Samples
    known: Bools  # (N,) rows of it that have a label
    label: Floats  # (known rows,)
    weight: Floats
    unseen: Bools


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", default="fm,deepfm,dcnv2", help="comma-separated recipes")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument(
        "--target", type=float, default=0.984, help="AUC of cpu_seconds_to_auc; 1 is none"
    )
    parser.add_argument("--peer", type=Path, help="a Python that has the peer installed")
    parser.add_argument("--peer-script", type=Path)
    parser.add_argument("--peer-epochs", type=int, help="fewer epochs, to compare speed alone")
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    recipes = recipes_named(options.models.split(","), "ctr/")
    rows: list[Row] = []
    paper, speed = _paper(options.data)
    console = Console(width=140)
    console.print(f"preprocessing: {speed:,.0f} rows a CPU second")
    with threadpool_limits(limits=1):
        for seed in range(options.seeds):
            for model, recipe in recipes.items():
                rows.append(_measure(options.data, recipe, model, seed, paper, options.target))
                _say(console, rows[-1])
                if options.peer:
                    rows += _peer(options, model, seed)
                    _say(console, rows[-1])
                write_rows(options.json, rows)
    console.print(_table(rows))
    for line in _ratios(rows):
        console.print(line)


def _paper(folder: Path) -> tuple[Paper, float]:
    """The test part, and how many rows of all parts a CPU second reads and encodes."""
    learn_encoder(folder)  # the first call reads libraries, which is no work on rows
    started = time.process_time()
    encoder = learn_encoder(folder)
    parts = read_parts(folder, encoder, ("train", "valid", "test"))
    seconds = time.process_time() - started
    test = parts["test"]
    known, label, weight = test.known(next(iter(test.labels)))
    speed = sum(len(part) for part in parts.values()) / seconds
    unseen = _unseen_pairs(encoder, parts["train"], test)[known]
    return Paper(test, known, label, weight, unseen), speed


def _unseen_pairs(encoder: Encoder, train: Samples, test: Samples) -> Bools:
    """(N,): test rows whose (user, item) pair is no positive of train; none where not named."""
    schema = encoder.schema
    if not schema.user or not schema.item:
        return np.zeros(len(test), bool)
    places = schema.place(schema.user), schema.place(schema.item)
    width = schema.categories[places[1]].size
    label = next(iter(train.labels.values()))
    keys = [
        part.categories[:, places[0]] * width + part.categories[:, places[1]]
        for part in (train, test)
    ]
    known = (test.categories[:, places[0]] > 0) & (test.categories[:, places[1]] > 0)
    return ~np.isin(keys[1], keys[0][label > 0]) | ~known


def _measure(
    folder: Path, recipe: Recipe, name: str, seed: int, paper: Paper, target: float
) -> Row:
    reached: list[float] = []
    aside = 0.0

    def watch(epoch: Epoch, network: nn.Module) -> None:
        nonlocal aside
        if reached or target >= 1:
            return
        started = time.process_time()
        kind = resolved("auto", torch.device("cpu"))
        logits = predict(network, in_order(paper.test), kind)[:, 0].double().numpy()
        if auc(paper.label, logits[paper.known]) >= target:
            reached.append(epoch.cpu_seconds - aside)
        aside += time.process_time() - started

    with measured() as cost:
        run = train_table(recipe, folder, seed=seed, progress=lambda _: None, watch=watch)
    metrics = _metrics(run, paper)
    metrics["cpu_seconds_to_auc"] = reached[0] if reached else float("nan")
    return Row(
        benchmark="ctr",
        data=folder.name,
        model=name,
        protocol="train/valid/test",
        seed=seed,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds - aside,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )


def _metrics(run: TableRun, paper: Paper) -> dict[str, float]:
    started = time.process_time()
    scores = run.model.score(paper.test)[:, 0]
    seconds = time.process_time() - started
    scores = scores[paper.known]
    metrics = all_of(paper.label, scores, paper.test.group[paper.known], paper.weight)
    metrics["auc_unseen_pairs"] = auc(paper.label[paper.unseen], scores[paper.unseen])
    metrics["eval_rows_per_second"] = len(paper.test) / seconds
    if isinstance(run.model, NetworkModel):
        course = run.model.course
        metrics["samples_per_cpu_second"] = course.rows_per_cpu_second
        metrics["epochs"] = float(len(course.epochs))
        kind = resolved("auto", torch.device("cpu"))
        started = time.process_time()  # as validation during training scores
        run.model.logits(paper.test, kind)
        seconds = time.process_time() - started
        metrics["eval_rows_per_second"] = len(paper.test) / seconds
    return metrics


def _peer(options: argparse.Namespace, model: str, seed: int) -> list[Row]:
    """The rows that the peer's script writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.json"
        command = [options.peer, options.peer_script, options.data, "--models", model]
        command += ["--seed", 2021 + seed, "--json", out]
        if options.peer_epochs:
            command += ["--epochs", options.peer_epochs]
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
        found = json.loads(out.read_text())
    return [
        Row(
            benchmark="ctr",
            data=options.data.name,
            model=row["model"],
            protocol="train/valid/test",
            seed=seed,
            metrics=row["metrics"] | {"epochs": float(row["epochs"])},
            cpu_seconds=row["cpu_seconds"],
            wall_seconds=row["wall_seconds"],
            peak_memory_bytes=0,
        )
        for row in found
    ]


def _say(console: Console, row: Row) -> None:
    told = "  ".join(f"{m} {row.metrics[m]:.5g}" for m in SHOWN if m in row.metrics)
    console.print(f"{row.model} seed {row.seed}: {told}  {row.cpu_seconds:.0f} CPU s")


def _table(rows: list[Row]) -> Table:
    """Means over seeds, with their spread."""
    table = Table(title=f"{rows[0].data}, test part, mean ± sd of seeds")
    columns = [*SHOWN, "ne", "ece", "eval_rows_per_second", "cpu_seconds_to_auc"]
    for heading in ("model", *columns, "CPU s"):
        table.add_column(heading)
    for model in dict.fromkeys(row.model for row in rows):
        own = [row for row in rows if row.model == model]
        cells = []
        for metric in columns:
            values = np.array([row.metrics.get(metric, np.nan) for row in own])
            digits = 5 if abs(values.mean()) < 2 else 0
            spread = f" ± {values.std():.{digits}f}" if len(values) > 1 else ""
            cells.append("" if np.isnan(values).all() else f"{values.mean():.{digits}f}{spread}")
        seconds = np.mean([row.cpu_seconds for row in own])
        table.add_row(model, *cells, f"{seconds:.0f}")
    return table


def _ratios(rows: list[Row]) -> list[str]:
    """Ours over the peer's, of every model that both have."""
    lines = []
    for model in dict.fromkeys(row.model for row in rows):
        ours = [row for row in rows if row.model == model]
        peers = [row for row in rows if row.model.endswith(f":{model}")]
        if not peers:
            continue
        for metric in PEERED:
            mine, theirs = (np.mean([r.metrics[metric] for r in part]) for part in (ours, peers))
            told = f"difference {mine - theirs:+.5f}" if mine < 2 else f"ratio {mine / theirs:.2f}"
            lines.append(f"{model} {metric}: {mine:.5g} beside {theirs:.5g}, {told}")
    return lines


if __name__ == "__main__":
    run_in_words(main)
