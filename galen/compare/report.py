"""The page of a comparison: one HTML file with its plots inside, read without a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from galen.compare.comparison import Entry
from galen.compare.figures import NAMES
from galen.compare.findings import Findings
from galen.compare.lines import TextTable, tables_of
from galen.data.drawing import plain, svg
from galen.data.page import write_page
from galen.evaluate.report import ACCENT, INK, PALE

COLOURS: Final = ("#2f7d6b", "#c8743a", "#4a6fa5", "#8a5a83", "#9aa33f", "#7a7f80", "#b9606a")


def write_report(findings: Findings, path: Path) -> None:
    """Write the page; the folder is made where it is missing."""
    comparison = findings.comparison
    write_page(
        path,
        "galen.compare",
        "report.html",
        title=f"Recipes compared on {comparison.ran.plan.shop.name}",
        findings=findings,
        notes=findings.notes(),
        tables=[(table, _plots(findings, table)) for table in tables_of(findings)],
    )


def _plots(findings: Findings, table: TextTable) -> list[tuple[str, Markup]]:
    """What a table says, drawn; nothing where a drawing adds nothing to it."""
    entries = findings.comparison.entries
    known = [metric for metric in findings.metrics if metric in table.drawn]
    if table.about == "everybody":
        return [(f"{NAMES[m]} with its 95 % interval", _bars(findings, m)) for m in known]
    if table.about == "slices":
        return [(f"{NAMES[m]} by slice", _by_slice(findings, m)) for m in known]
    if table.about == "parts":
        parted = [e for e in entries if e.left_out is not None and e.left_out.changes]
        return [(f"What each part of {entry.name} contributes", _parts(entry)) for entry in parted]
    return _costs(findings, entries) if table.about == "cost" else []


def _costs(findings: Findings, entries: Sequence[Entry]) -> list[tuple[str, Markup]]:
    seconds = [entry.learned.training.cpu_seconds for entry in entries]
    plots = [("Quality against training", _against(findings, entries, seconds, "CPU s"))]
    served = [entry for entry in entries if entry.latency is not None]
    if served:
        p99 = [entry.latency.p99_ms for entry in served if entry.latency is not None]
        plots.append(("Quality against latency", _against(findings, served, p99, "p99, ms")))
    return plots


def _bars(findings: Findings, metric: str) -> Markup:
    names = [plain(entry.name) for entry in findings.comparison.entries]
    figure = Figure(figsize=(8, 0.45 * len(names) + 1))
    axes = figure.add_subplot()
    for row, entry in enumerate(findings.comparison.entries):
        found = findings.interval(metric, entry.name)
        if found is None:
            continue
        axes.barh(row, found.value, color=COLOURS[row % len(COLOURS)], height=0.6)
        axes.plot([found.low, found.high], [row, row], color=INK, linewidth=1.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(NAMES[metric])
    return svg(figure)


def _by_slice(findings: Findings, metric: str) -> Markup:
    """A row a slice and a dot a recipe."""
    names = [entry.name for entry in findings.comparison.entries]
    figure = Figure(figsize=(8, 0.32 * len(findings.verdicts) + 1.4))
    axes = figure.add_subplot()
    rows = np.arange(len(findings.verdicts))
    found = [
        [findings.interval(metric, name, verdict.slice) for verdict in findings.verdicts]
        for name in names
    ]
    means = np.array([[np.nan if i is None else i.value for i in of_one] for of_one in found])
    for row, ends in enumerate(means.T):
        known = ends[~np.isnan(ends)]
        if len(known):
            axes.plot([known.min(), known.max()], [row, row], color=PALE, linewidth=2, zorder=1)
    for place, (name, values) in enumerate(zip(names, means, strict=True)):
        axes.scatter(values, rows, color=COLOURS[place % len(COLOURS)], label=plain(name), zorder=2)
    axes.set_yticks(rows, [plain(f"{v.slice} ({v.people:,})") for v in findings.verdicts])
    axes.invert_yaxis()
    axes.set_xlabel(NAMES[metric])
    _legend_above(axes, len(names))
    return svg(figure)


def _against(
    findings: Findings, entries: Sequence[Entry], cost: Sequence[float], what: str
) -> Markup:
    figure = Figure(figsize=(6.5, 4))
    axes = figure.add_subplot()
    order = [entry.name for entry in findings.comparison.entries]
    for entry, x in zip(entries, cost, strict=True):
        found = findings.verdicts[0].intervals[entry.name]
        colour = COLOURS[order.index(entry.name) % len(COLOURS)]
        axes.plot([x, x], [found.low, found.high], color=colour, linewidth=1.5)
        axes.scatter([x], [found.value], color=colour, label=plain(entry.name), zorder=2)
    if min(cost) > 0 and max(cost) > 10 * min(cost):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, 1.1 * max(*cost, 1e-9))
    axes.set_xlabel(what)
    axes.set_ylabel("NDCG@10")
    _legend_above(axes, len(entries))
    return svg(figure)


def _parts(entry: Entry) -> Markup:
    """What NDCG@10 loses without each part: to the right is a gain by the part."""
    assert entry.left_out is not None
    changes = entry.left_out.changes
    figure = Figure(figsize=(8, 0.4 * len(changes) + 1))
    axes = figure.add_subplot()
    for row, one in enumerate(changes):
        colour = ACCENT if one.high < 0 else COLOURS[1] if one.low > 0 else PALE
        axes.barh(row, -one.change, color=colour, height=0.6)
        axes.plot([-one.high, -one.low], [row, row], color=INK, linewidth=1.5)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(changes)), [plain(one.part) for one in changes])
    axes.invert_yaxis()
    axes.set_xlabel("NDCG@10 that the part adds to the whole")
    return svg(figure)


def _legend_above(axes: Axes, columns: int) -> None:
    axes.legend(
        frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=min(columns, 5), fontsize=9
    )
