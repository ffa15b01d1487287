"""`galen evaluate TABLE RUN …`: runs over one table side by side, on its test part."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from galen.assembly.table import LEARNED_FROM, TableBundle, TableRun, read_parts
from galen.data.arrays import Floats
from galen.data.json_file import write_json_file
from galen.data.mendable import MendableError
from galen.evaluate.table_slices import table_slices
from galen.features.encoding.samples import Samples
from galen.features.encoding.tables import digest_of
from galen.nn.tables.embedding import FusedTable
from galen.rank.network import NetworkModel
from galen.rank.score_intervals import IntervalEnds, bootstrap, paired_gain
from galen.rank.score_metrics import all_of, auc, field_calibration, log_loss, reliability

Progress = Callable[[str], None]


class TestPartError(MendableError):
    """The test part cannot be evaluated on; the message says why."""

    __test__ = False  # pytest takes a name that starts so for a test


@dataclass(frozen=True)
class ObjectiveFigures:
    """One objective of one run on the test part."""

    run: str
    objective: str
    rows: int
    metrics: dict[str, float]
    intervals: dict[str, IntervalEnds]
    over_first: IntervalEnds | None  # of the gain in AUC over the first run, paired
    by_field: dict[str, float]  # calibration error over the values of a field
    slices: dict[str, dict[str, float]]  # rows, auc and logloss
    said: Floats  # (bins,)
    seen: Floats  # (bins,)


@dataclass(frozen=True)
class RunCost:
    """What a run took to learn, and how large it is."""

    run: str
    model: str
    figures: dict[str, float]
    course: list[dict[str, Any]]  # epochs of a network


@dataclass(frozen=True)
class TableComparison:
    """Runs over one table."""

    table: str
    seed: int
    judged: list[ObjectiveFigures]
    costs: list[RunCost]


def compare_runs(
    folder: Path, runs: Sequence[Path], *, seed: int = 0, progress: Progress
) -> TableComparison:
    """Ask every run about the table's test part, which none of them saw.

    Raises:
        BundleError: a run cannot be read, or learned from another table.
        TestPartError: no objective has labels of both classes.
        TableError: the test part is missing or cut short.
        SchemaError: a column is missing.
    """
    names, digest = _names(runs), digest_of(folder, LEARNED_FROM)
    judged: list[ObjectiveFigures] = []
    costs: list[RunCost] = []
    first: dict[str, Floats] = {}
    for name, path in zip(names, runs, strict=True):
        progress(f"asking {name}")
        bundle = TableBundle.open(path)
        bundle.check_learned_from(folder, digest)
        run = bundle.run()
        parts = read_parts(folder, run.encoder, ("train", "test"))
        scores = run.model.score(parts["test"])
        costs.append(_cost(name, run, bundle.folder))
        for place, objective in enumerate(run.model.objectives):
            probability = scores[:, place]
            base = first.setdefault(objective, probability)
            one = _judge(name, run, objective, probability, base, parts, seed)
            judged.extend([] if one is None else [one])
    if not judged:
        raise TestPartError(
            f"{folder / 'test.parquet'} has no objective with labels of both classes."
        )
    return TableComparison(folder.name, seed, judged, costs)


def _judge(
    name: str,
    run: TableRun,
    objective: str,
    probability: Floats,
    base: Floats,
    parts: dict[str, Samples],
    seed: int,
) -> ObjectiveFigures | None:
    test, schema = parts["test"], run.encoder.schema
    known, label, weight = test.known(objective)
    if len(np.unique(label[weight > 0])) < 2:
        return None
    mine, group = probability[known], test.group[known]
    categories = test.categories[known]
    slices = {}
    for part in table_slices(schema, parts["train"], test):
        rows = part.rows[known]
        if rows.any():
            slices[part.name] = {
                "rows": float(rows.sum()),
                "auc": auc(label[rows], mine[rows]),
                "logloss": log_loss(label[rows], mine[rows], weight[rows])
                if weight[rows].any()
                else float("nan"),
            }
    said, seen, _ = reliability(label, mine, weight=weight)
    return ObjectiveFigures(
        run=name,
        objective=objective,
        rows=len(label),
        metrics=all_of(label, mine, group, weight),
        intervals=bootstrap(label, mine, group, weight, seed=seed),
        over_first=None
        if base is probability
        else paired_gain(label, base[known], mine, group, seed=seed),
        by_field={
            field.name: field_calibration(label, mine, categories[:, place], weight)
            for place, field in enumerate(schema.categories)
        },
        slices=slices,
        said=said,
        seen=seen,
    )


def _cost(name: str, run: TableRun, folder: Path) -> RunCost:
    assert run.recipe.rank is not None
    figures: dict[str, float] = {}
    course: list[dict[str, Any]] = []
    path = folder / "rank" / "course.json"
    if isinstance(run.model, NetworkModel):
        tables = [m.weight for m in run.model.network.modules() if isinstance(m, FusedTable)]
        in_tables = sum(weight.numel() for weight in tables)
        total = sum(weight.numel() for weight in run.model.network.parameters())
        figures = {"dense parameters": total - in_tables, "parameters in tables": in_tables}
    if path.exists():
        course = json.loads(path.read_text())["epochs"]
        if course:
            steps = sum(epoch["step_cpu_seconds"] for epoch in course)
            figures["CPU seconds"] = course[-1]["cpu_seconds"]
            rows = sum(epoch["rows"] for epoch in course)
            figures["rows a CPU second"] = rows / max(steps, 1e-9)
    return RunCost(name, run.recipe.rank.model, figures, course)


def _names(runs: Sequence[Path]) -> list[str]:
    """The folders' names, numbered where two are alike."""
    plain = [path.name for path in runs]
    return [
        name if plain.count(name) == 1 else f"{name} {place + 1}"
        for place, name in enumerate(plain)
    ]


def table_of(comparison: TableComparison) -> Table:
    """Runs in rows, with 95 % intervals over groups."""
    table = Table(title=f"{comparison.table}, test part")
    for heading in (
        "run",
        "objective",
        "AUC",
        "gain over first",
        "gAUC",
        "logloss",
        "ECE",
        "CPU s",
    ):
        table.add_column(heading, no_wrap=True)
    seconds = {cost.run: cost.figures.get("CPU seconds") for cost in comparison.costs}
    for one in comparison.judged:
        metrics, sure, gain = one.metrics, one.intervals["auc"], one.over_first
        spent = seconds[one.run]
        table.add_row(
            one.run,
            one.objective,
            f"{metrics['auc']:.5f} [{sure.low:.4f}, {sure.high:.4f}]",
            "" if gain is None else f"[{gain.low:+.4f}, {gain.high:+.4f}]",
            f"{metrics['gauc']:.5f}",
            f"{metrics['logloss']:.5f}",
            f"{metrics['ece']:.4f}",
            "" if spent is None else f"{spent:.0f}",
        )
    return table


def write_figures(comparison: TableComparison, path: Path) -> None:
    """Every figure as JSON."""
    figures = {
        "table": comparison.table,
        "seed": comparison.seed,
        "runs": [
            {
                "run": one.run,
                "objective": one.objective,
                "rows": one.rows,
                "metrics": one.metrics,
                "intervals": {name: list(sure) for name, sure in one.intervals.items()},
                "gain in auc over the first": None if not one.over_first else [*one.over_first],
                "calibration by field": one.by_field,
                "slices": one.slices,
            }
            for one in comparison.judged
        ],
        "costs": {cost.run: {"model": cost.model, **cost.figures} for cost in comparison.costs},
    }
    write_json_file(path, figures)
