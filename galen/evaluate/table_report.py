"""The report of runs over a table: one HTML page with its plots inside."""

from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from galen.data.drawing import plain, svg
from galen.data.page import write_page
from galen.evaluate.table_runs import TableComparison

COLOURS = ("#2f7d6b", "#b5642b", "#3f5f9e", "#8a3f6b", "#6b6f2f", "#1f2a2e")


def write_report(comparison: TableComparison, path: Path) -> None:
    """Write the page; the folder is made where it is missing."""
    plots = [("AUC of every run, with its 95 % interval over groups", _bars(comparison))]
    if any(cost.course for cost in comparison.costs):
        plots.append(("Learning: AUC on validation by epoch", _curves(comparison)))
    objectives = list(dict.fromkeys(one.objective for one in comparison.judged))
    plots += [(f"Calibration of {name}", _calibration(comparison, name)) for name in objectives]
    write_page(path, "galen.evaluate", "table.html", comparison=comparison, plots=plots)


def _bars(comparison: TableComparison) -> Markup:
    figure = Figure(figsize=(8, 0.45 * len(comparison.judged) + 1))
    axes = figure.add_subplot()
    for place, one in enumerate(comparison.judged):
        low, high = one.intervals["auc"]
        value = one.metrics["auc"]
        axes.errorbar(
            value, place, xerr=[[value - low], [high - value]], fmt="o", color=COLOURS[0], capsize=3
        )
    names = [plain(f"{one.run}, {one.objective}") for one in comparison.judged]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("AUC")
    return svg(figure)


def _curves(comparison: TableComparison) -> Markup:
    figure = Figure(figsize=(8, 3.6))
    axes = figure.add_subplot()
    for place, cost in enumerate(comparison.costs):
        if cost.course:
            axes.plot(
                [epoch["epoch"] + 1 for epoch in cost.course],
                [epoch["valid"]["auc"] for epoch in cost.course],
                "o-",
                markersize=3,
                color=COLOURS[place % len(COLOURS)],
                label=plain(cost.run),
            )
    axes.set_xlabel("epoch")
    axes.set_ylabel("AUC on validation")
    axes.legend(frameon=False)
    return svg(figure)


def _calibration(comparison: TableComparison, objective: str) -> Markup:
    figure = Figure(figsize=(4.5, 4.5))
    axes = figure.add_subplot()
    mine = [one for one in comparison.judged if one.objective == objective]
    top = max(max(one.said.max(), one.seen.max()) for one in mine)
    axes.plot([0, top], [0, top], color="#dde6e3")
    for place, one in enumerate(mine):
        colour = COLOURS[place % len(COLOURS)]
        axes.plot(one.said, one.seen, "o-", markersize=3, color=colour, label=plain(one.run))
    axes.set_xlabel("said")
    axes.set_ylabel("seen")
    axes.legend(frameon=False)
    return svg(figure)
