"""A comparison as headed rows of words: the same for the terminal and for the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from galen.compare.comparison import Comparison, Entry
from galen.compare.exam import DRAWN
from galen.compare.findings import METRIC, Findings

NOT_RUN: Final = "not run"
MEBI: Final = 2**20


@dataclass(frozen=True, slots=True)
class Lines:
    """One table of words."""

    title: str
    note: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables_of(findings: Findings) -> list[Lines]:
    """Quality, cost, slices, and what each part contributes."""
    return [
        _quality(findings),
        _cost(findings.comparison),
        _slices(findings),
        *_parts(findings.comparison),
    ]


def _quality(findings: Findings) -> Lines:
    comparison = findings.comparison
    plan = comparison.ran.plan
    note = (
        f"{plan.protocol}, seed {plan.seed}, {comparison.people:,} people, full ranking, through "
        f"the gate under {plan.pack}. Forbidden: rows of the first ten with the gate / without, of "
        f"the rows that {DRAWN:,} people at most would see."
    )
    headings = ("recipe", "NDCG@10", "HR@10", "MRR", "recall@50", "gAUC", "coverage", "novelty",
                "forbidden")  # fmt: skip
    return Lines("Quality", note, headings, [_quality_of(findings, e) for e in comparison.entries])


def _quality_of(findings: Findings, entry: Entry) -> list[str]:
    means, learned = entry.learned.means, entry.learned
    free = learned.without_gate
    degraded = f" (degraded: {', '.join(learned.degraded)})" if learned.degraded else ""
    return [
        entry.name + degraded,
        str(findings.intervals[entry.name][METRIC]),
        *(f"{means[name]:.4f}" for name in ("hr@10", "mrr", "recall@50")),
        "-" if math.isnan(entry.gauc) else f"{entry.gauc:.4f}",
        f"{means['coverage@10']:.3f}",
        f"{means['novelty@10']:.2f}",
        f"{learned.with_gate.forbidden:,} / {free.forbidden:,} of {free.shown:,}",
    ]


def _cost(comparison: Comparison) -> Lines:
    prices = comparison.prices
    note = (
        f"Training at ${prices.cpu_hour:g} a CPU hour and ${prices.gpu_hour:g} a GPU hour; "
        f"latency in process at {comparison.ran.plan.rate:g} requests a second, from when each "
        "was due; req/s of one core, one after the other; memory of training and evaluation, and "
        "of serving. Figures of a machine that others use are upper bounds."
    )
    headings = ("recipe", "CPU s", "wall s", "GPU s", "cost", "GiB", "bundle MiB", "p50 ms",
                "p99 ms", "req/s", "served GiB")  # fmt: skip
    return Lines("Cost", note, headings, [_cost_of(comparison, e) for e in comparison.entries])


def _cost_of(comparison: Comparison, entry: Entry) -> list[str]:
    training, served = entry.learned.training, entry.latency
    row = [
        entry.name,
        f"{training.cpu_seconds:,.1f}",
        f"{training.wall_seconds:,.1f}",
        f"{training.gpu_seconds:,.0f}",
        f"${comparison.prices.of(training):.5f}",
        f"{entry.learned.whole.peak_memory_bytes / MEBI / 1024:.2f}",
        f"{entry.learned.bundle_bytes / MEBI:.1f}",
    ]
    if served is None:
        return [*row, *[NOT_RUN] * 4]
    short = "" if served.answered == served.planned else f" ({served.answered} answered)"
    late = f" ({served.degraded} degraded)" if served.degraded else ""
    return [
        *row,
        f"{served.p50_ms:.1f}",
        f"{served.p99_ms:.1f}{short}{late}",
        f"{served.requests_per_second:.0f}",
        f"{served.memory_bytes / MEBI / 1024:.2f}",
    ]


def _slices(findings: Findings) -> Lines:
    names = [entry.name for entry in findings.comparison.entries]
    rows = []
    for verdict in findings.verdicts:
        cells = []
        for name in names:
            sure = name == verdict.best or not verdict.over_best[name].surely
            cells.append(f"{verdict.means[name]:.4f}{'' if sure else ' ↓'}")
        rows.append([verdict.slice, f"{verdict.people:,}", *cells])
    note = f"↓: surely worse than the best of the slice ({findings.compared} comparisons, Holm)."
    return Lines("NDCG@10 by slice", note, ("slice", "people", *names), rows)


def _parts(comparison: Comparison) -> list[Lines]:
    asked = {e.name: e.left_out for e in comparison.entries if e.left_out is not None}
    rows = [
        [name, one.part, f"{one.change:+.4f}", f"[{one.low:+.4f}, {one.high:+.4f}]"]
        for name, left_out in asked.items()
        for one in left_out.changes
    ]
    if not rows:
        return []
    people = max(left_out.people for left_out in asked.values())
    note = (
        f"Left out of the same learned parts, nothing learned again, as {people:,} people ask. A "
        "negative change is what the part contributes; intervals are 95 % paired bootstraps, not "
        "corrected."
    )
    headings = ("recipe", "without", "change of NDCG@10", "95 %")
    return [Lines("What each part contributes", note, headings, rows)]
