"""A comparison as headed rows of words: the same for the terminal and for the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from galen.compare.comparison import Comparison, Entry
from galen.compare.exam import DRAWN
from galen.compare.figures import COVERAGE, GAUC, METRICS, NAMES, NOVELTY
from galen.compare.findings import EVERYBODY, Findings
from galen.compare.verdicts import Paired

NOT_RUN: Final = "not run"
MEBI: Final = 2**20
LESS: Final = "↓: surely less than the highest (p < .05, Holm)."
BESIDE: Final = (GAUC, COVERAGE, NOVELTY)
FORMS: Final = dict.fromkeys(NAMES, ".4f") | {COVERAGE: ".3f", NOVELTY: ".2f"}


About: TypeAlias = Literal["everybody", "changes", "cost", "slices", "parts"]


@dataclass(frozen=True, slots=True)
class TextTable:
    """One table of words."""

    title: str
    note: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    about: About
    drawn: Sequence[str] = ()  # metrics of which a page has plots beside it


def tables_of(findings: Findings) -> list[TextTable]:
    """Quality, its changes from the first recipe, cost, slices, what each part contributes."""
    return [
        _quality(findings),
        _beside(findings),
        *_changes(findings),
        _cost(findings.comparison),
        *_by_slice(findings, ("ndcg@10", "hr@10"), drawn=METRICS),
        *_by_slice(findings, (COVERAGE, NOVELTY), drawn=(COVERAGE, NOVELTY)),
        *_by_slice(findings, (GAUC,), drawn=(GAUC,)),
        *_parts(findings.comparison),
    ]


def _quality(findings: Findings) -> TextTable:
    comparison = findings.comparison
    plan = comparison.ran.plan
    note = (
        f"{plan.protocol}, seed {plan.seed}, {comparison.people:,} people, full ranking, through "
        f"the gate under {plan.pack}; 95 % bootstraps over people. {LESS}"
    )
    metrics = list(METRICS)
    rows = []
    for entry in comparison.entries:
        degraded = entry.learned.degraded
        why = f" (degraded: {', '.join(degraded)})" if degraded else ""
        rows.append([entry.name + why, *(_sure(findings, m, entry) for m in metrics)])
    headings = ("recipe", *(NAMES[m] for m in metrics))
    return TextTable("Quality", note, headings, rows, "everybody", metrics)


def _beside(findings: Findings) -> TextTable:
    """What a recipe is chosen by besides hits: the ranker, what slates hold, what they must not."""
    note = (
        "gAUC: the ranker on what was shown in the test window, mean over objectives. Coverage: "
        "share of the catalogue in the first ten of all people; novelty: mean bits of what is "
        "shown. Forbidden: rows of the first ten with the gate / without, of the rows that "
        f"{DRAWN:,} people at most would see."
    )
    rows = []
    for entry in findings.comparison.entries:
        with_gate, free = entry.learned.with_gate, entry.learned.without_gate
        forbidden = f"{with_gate.forbidden:,} / {free.forbidden:,} of {free.shown:,}"
        rows.append([entry.name, *(_sure(findings, m, entry) for m in BESIDE), forbidden])
    headings = ("recipe", *(NAMES[metric] for metric in BESIDE), "forbidden")
    return TextTable("Ranking, reach and safety", note, headings, rows, "everybody", BESIDE)


def _sure(findings: Findings, metric: str, entry: Entry) -> str:
    """A recipe's figure with its interval; without one where figures of before lack it."""
    found = findings.interval(metric, entry.name)
    if found is None:
        value = entry.gauc if metric == GAUC else entry.learned.means.get(metric, math.nan)
        return "-" if math.isnan(value) else f"{value:{FORMS[metric]}}"
    return f"{found.told(FORMS[metric])}{_less(findings, metric, entry.name, EVERYBODY)}"


def _less(findings: Findings, metric: str, name: str, slice_name: str) -> str:
    verdict = findings.verdict(metric, name, slice_name)
    if verdict is None or name == verdict.best:
        return ""
    return " ↓" if verdict.over_best[name].surely else ""


def _changes(findings: Findings) -> list[TextTable]:
    """Every metric of every recipe less that of the first one, for everybody."""
    first, *others = (entry.name for entry in findings.comparison.entries)
    if not others:
        return []
    rows = []
    for metric in findings.metrics:
        pairs = [findings.over(metric, name, first) for name in others]
        if any(pairs):
            rows.append([NAMES[metric], *(_change(pair, FORMS[metric]) for pair in pairs)])
    note = (
        "Paired by person, everybody; *: surely another figure (p < .05 after Holm's correction). "
        "gAUC of rankers that ordered the same impressions."
    )
    return [TextTable(f"Change from {first}", note, ("", *others), rows, "changes")]


def _change(pair: Paired | None, form: str) -> str:
    if pair is None:
        return "-"
    return f"{pair.change.told(f'+{form}')}{' *' if pair.surely else ''}"


def _cost(comparison: Comparison) -> TextTable:
    prices = comparison.prices
    note = (
        f"Training at ${prices.cpu_hour:g} a CPU hour and ${prices.gpu_hour:g} a GPU hour; "
        f"latency in process at {comparison.ran.plan.rate:g} requests a second, from when each "
        "was due; req/s of one core, one after the other; memory of training and evaluation, and "
        "of serving. Figures of a machine that others use are upper bounds."
    )
    headings = ("recipe", "CPU s", "wall s", "GPU s", "cost", "GiB", "bundle MiB", "p50 ms",
                "p99 ms", "req/s", "served GiB")  # fmt: skip
    rows = [_cost_of(comparison, entry) for entry in comparison.entries]
    return TextTable("Cost", note, headings, rows, "cost")


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


def _by_slice(
    findings: Findings, metrics: Sequence[str], *, drawn: Sequence[str]
) -> list[TextTable]:
    """Some metrics of the same people side by side, a row a slice; none where nothing has them."""
    families = [family for metric in metrics for family in findings.judged[metric]]
    if not families:
        return []
    names = [entry.name for entry in findings.comparison.entries]
    rows = []
    for verdict in families[0].verdicts:
        row = [verdict.slice, f"{verdict.people:,}"]
        for name in names:
            means = [_in_slice(findings, metric, name, verdict.slice) for metric in metrics]
            row.append(" / ".join(means))
        rows.append(row)
    compared = sum(family.compared for family in families)
    note = f"{LESS} {compared} comparisons, those of each metric corrected apart."
    if GAUC in metrics:
        note += " People who were shown something."
    title = f"{' / '.join(NAMES[metric] for metric in metrics)} by slice"
    return [TextTable(title, note, ("slice", "people", *names), rows, "slices", drawn)]


def _in_slice(findings: Findings, metric: str, name: str, slice_name: str) -> str:
    found = findings.interval(metric, name, slice_name)
    if found is None:
        return "-"
    return f"{found.value:{FORMS[metric]}}{_less(findings, metric, name, slice_name)}"


def _parts(comparison: Comparison) -> list[TextTable]:
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
    return [TextTable("What each part contributes", note, headings, rows, "parts")]
