"""Preference training of a generator against more of the training it had, on any file with
user_id, item_id and pos.

    python -m benchmarks.preference --interactions FILE [--items FILE] --people 3000 --json FILE

`supervised` learns for `--epochs` epochs; `s_dpo` and `policy_gradient` go on from its weights;
`supervised_longer` goes on as before for as many epochs as the dearer of the two took CPU seconds.
Every choice (which epoch, whether preferences are kept) is made on people held out of training; HR
and NDCG are of the test items, full ranking. `no_item` and `ineligible` are shares of ids drawn
freely, code by code: those of no item, and those of items that the person had taken already.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.cut import cut, shop_of
from benchmarks.protocol_rows import Terms
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from benchmarks.slate_figures import figures, gains, slates_of
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import protocol_named
from galen.assembly.train import train
from galen.compare.cost import measured
from galen.data.arrays import Floats
from galen.data.shop import Shop
from galen.evaluate.intervals import paired_interval
from galen.evaluate.offline import Question
from galen.features.tokenizing.item_vectors import ItemVectors
from galen.generative.generator_index import GeneratorIndex
from galen.generative.preferring.group_policy import drawn_ids

METHODS = ("s_dpo", "policy_gradient")
SHOWN = (
    "hr@10",
    "ndcg@10",
    "coverage@10",
    "ild_category@10",
    "no_item",
    "ineligible",
    "held_out_before",
    "held_out_after",
    "kept",
    "learning_cpu_s",
)
FILTERS = ["hidden", "prescription", "stock", "region", "age"]


@dataclass(frozen=True)
class Arm:
    """One way of learning, and what it came to."""

    row: Row
    ndcg: Floats  # (R,)
    index: GeneratorIndex


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and the verdict, write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, required=True)
    parser.add_argument("--items", type=Path)
    parser.add_argument("--people", type=int, default=0, help="drawn from the file; 0 for all")
    parser.add_argument("--epochs", type=int, default=15, help="of supervised training")
    parser.add_argument("--preference-epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1e-5, help="of preference training")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console, rows = Console(width=160), list[Row]()
    with tempfile.TemporaryDirectory() as folder:
        paths = cut(options.interactions, options.items, options.people, 0, Path(folder))
        shop = shop_of(paths, Path(folder) / "shop")
        for seed in range(options.seeds):
            arms = _arms(shop, options, seed)
            rows += [arm.row for arm in arms.values()]
            write_rows(options.json, rows)
            for method in METHODS:
                console.print(_verdict(method, arms, seed))
    console.print(_table(rows))


def _arms(shop: Shop, options: argparse.Namespace, seed: int) -> dict[str, Arm]:
    arms = {"supervised": _arm(shop, options, "supervised", seed, options.epochs)}
    for method in METHODS:
        table = {"method": method, "epochs": options.preference_epochs}
        table |= {"learning_rate": options.rate}
        arms[method] = _arm(shop, options, method, seed, options.epochs, table)
    spent = [arms[m].index.preferred for m in METHODS]
    more = max(p.cpu_seconds for p in spent if p is not None)
    each = arms["supervised"].row.metrics["learning_cpu_s"] / options.epochs
    epochs = options.epochs + ceil(more / each)
    arms["supervised_longer"] = _arm(shop, options, "supervised_longer", seed, epochs)
    return arms


def _arm(
    shop: Shop,
    options: argparse.Namespace,
    model: str,
    seed: int,
    epochs: int,
    preference: dict[str, Any] | None = None,
) -> Arm:
    settings: dict[str, Any] = {"quota": 50, "epochs": epochs, "patience": epochs}
    if preference:
        settings["preference"] = preference
    tree = {"name": model, "filters": FILTERS, "recall": {"generator": settings}}
    protocol = protocol_named("strict")
    with measured() as cost:
        recipe = Recipe.from_tree(tree, where="the benchmark")
        trained = train(recipe, shop, protocol, seed=seed, progress=lambda what: None)
        assert trained.split.test is not None
        question = Question.of(trained.split.test, trained.people, seed=seed)
        pipeline = trained.parts.pipeline(trained.split.final.catalogue, question.store)
        slates = slates_of(question, pipeline)
    index = trained.parts.retrievers["generator"]
    assert isinstance(index, GeneratorIndex)
    vectors = ItemVectors(("attributes", "text")).fit(trained.split.final, 0)
    metrics = figures(question, slates, vectors) | _learning(index) | _free(index, question, seed)
    terms = Terms.of(trained.parts, protocol, question)
    name = options.interactions.parent.name or options.interactions.stem
    told = f"{metrics['learning_cpu_s']:.0f} CPU s, NDCG@10 {metrics['ndcg@10']:.4f}"
    print(f"{model} seed {seed}: {told}", flush=True)
    row = Row(
        benchmark="preference",
        data=name + (f", {options.people} people" if options.people else ""),
        model=model,
        protocol=protocol,
        seed=seed,
        metrics=metrics | terms.numbers(),
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
        facts=terms.facts(),
    )
    return Arm(row, gains(question, slates)["ndcg@10"], index)


def _learning(index: GeneratorIndex) -> dict[str, float]:
    """What learning took, and what people held out said of it."""
    course, preferred = index.course, index.preferred
    spent, held_out = course.epochs[-1].cpu_seconds, course.epochs[course.best].valid["ndcg"]
    told = {
        "learning_cpu_s": spent,
        "epochs": float(len(course.epochs)),
        "best": float(course.best),
    }
    if preferred is None:
        return told | {"held_out_before": held_out}
    told["learning_cpu_s"] += preferred.cpu_seconds
    return told | {
        "preference_cpu_s": preferred.cpu_seconds,
        "held_out_before": preferred.before,
        "held_out_after": preferred.after,
        "kept": float(preferred.kept),
    }


def _free(index: GeneratorIndex, question: Question, seed: int) -> dict[str, float]:
    """Shares of ids drawn freely that are of no item, and of items taken before."""
    part = question.requests.part(0, min(500, len(question.requests)))
    draw, missing, taken, count = torch.Generator().manual_seed(seed), 0, 0, 0
    history = part.taken
    width = len(index.ids)
    before = np.unique(history.request * width + history.item)
    for rows, said in index.continued(part, 1):
        with torch.inference_mode():
            item = drawn_ids(index.head, index.writer.trie, said.states, 20, draw).item.numpy()
        missing += int((item < 0).sum())
        taken += int((np.isin(rows[:, None] * width + item, before) & (item >= 0)).sum())
        count += item.size
    return {"no_item": missing / max(count, 1), "ineligible": taken / max(count, 1)}


def _verdict(method: str, arms: dict[str, Arm], seed: int) -> str:
    """In words: does preference training help?"""
    arm, preferred = arms[method], arms[method].index.preferred
    assert preferred is not None
    if not preferred.kept:
        return (
            f"seed {seed}: {method} does not help: on people held out NDCG@10 went from "
            f"{preferred.before:.4f} to {preferred.after:.4f}, so the supervised weights were kept."
        )
    told = []
    for other in ("supervised", "supervised_longer"):
        apart = paired_interval(arm.ndcg, arms[other].ndcg, seed=seed)
        says = "helps" if apart.low > 0 else "does not help" if apart.high < 0 else "shows no help"
        told.append(
            f"{says} over {other} ({apart.value:+.4f} [{apart.low:+.4f}, {apart.high:+.4f}])"
        )
    return f"seed {seed}: {method} {' and '.join(told)} in NDCG@10 of the test items."


def _table(rows: Sequence[Row]) -> Table:
    """Means over seeds."""
    table = Table(title="full ranking, test items; means over seeds")
    for heading in ("model", *SHOWN):
        table.add_column(heading, justify="right")
    for model in dict.fromkeys(row.model for row in rows):
        mine = [row for row in rows if row.model == model]
        cells = [
            f"{np.mean([row.metrics[name] for row in mine]):.4f}" if name in mine[0].metrics else ""
            for name in SHOWN
        ]
        table.add_row(model, *cells)
    return table


if __name__ == "__main__":
    run_in_words(main)
