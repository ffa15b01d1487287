"""What safety costs in hits: the whole recommender with the gate against itself without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from galen.evaluate.intervals import Interval, paired_interval
from galen.evaluate.run import Evaluation

METRICS: Final = ("hr@10", "ndcg@10")


@dataclass(frozen=True, slots=True)
class SafetyCost:
    """Of one metric in one slice, over the same requests."""

    part: str
    requests: int
    metric: str
    without: float
    through: float  # the gate
    change: Interval  # through - without


def cost_of_safety(evaluation: Evaluation) -> list[SafetyCost]:
    """By slice and metric; nothing where the gate was not asked."""
    if evaluation.guarded is None:
        return []
    results = evaluation.results
    free, gated = results[evaluation.main].by_request, results[evaluation.guarded].by_request
    found = []
    for part in evaluation.question.slices:
        rows = part.requests
        for metric in METRICS:
            before, after = free[metric][rows], gated[metric][rows]
            change = paired_interval(after, before, seed=evaluation.seed)
            means = float(before.mean()), float(after.mean())
            found.append(SafetyCost(part.name, int(rows.sum()), metric, *means, change))
    return found


def safety_table(costs: Sequence[SafetyCost], title: str) -> Table:
    """Slices in rows; intervals are 95 % bootstraps of the paired difference."""
    table = Table(title=f"What safety costs: {title}")
    for heading in ("slice", "people", f"{METRICS[0]} → gated", *(f"change {m}" for m in METRICS)):
        table.add_column(heading, no_wrap=True)
    for part in dict.fromkeys(cost.part for cost in costs):
        mine = [cost for cost in costs if cost.part == part]
        first = f"{mine[0].without:.3f} → {mine[0].through:.3f}"
        changes = [cost.change.told("+.3f") for cost in mine]
        table.add_row(part, f"{mine[0].requests:,}", first, *changes)
    return table


def safety_figures(costs: Sequence[SafetyCost]) -> dict[str, dict[str, object]]:
    """The same as a tree for JSON: by slice, then by metric."""
    found: dict[str, dict[str, object]] = {}
    for cost in costs:
        part = found.setdefault(cost.part, {"requests": cost.requests})
        part[cost.metric] = {
            "without": cost.without,
            "with": cost.through,
            "change": cost.change.value,
            "low": cost.change.low,
            "high": cost.change.high,
        }
    return found
