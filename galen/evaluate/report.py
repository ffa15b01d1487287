"""The report of an evaluation: one HTML page with its plots inside, read without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from galen.data.drawing import plain, svg
from galen.data.page import write_page
from galen.evaluate.impressions import Ranked
from galen.evaluate.run import Evaluation

METRICS = ("hr@10", "ndcg@10", "mrr", "recall@50")
INK, ACCENT, PALE = "#1f2a2e", "#2f7d6b", "#b9cfc8"
BESIDE = ("#c8743a", "#4a6fa5")  # of what a model is compared with


@dataclass(frozen=True)
class ModelLine:
    """One model of the table, with intervals as words."""

    name: str
    cells: tuple[str, ...]
    gain: str


def write_report(evaluation: Evaluation, ranked: Sequence[Ranked], title: str, path: Path) -> None:
    """Write the page; the folder is made where it is missing."""
    write_page(
        path,
        "galen.evaluate",
        "report.html",
        title=title,
        evaluation=evaluation,
        requests=len(evaluation.question.requests),
        metrics=METRICS,
        lines=_lines(evaluation),
        slices=_slices(evaluation),
        catalogue=_catalogue(evaluation),
        ranked=ranked,
        plots=[
            ("HR@10 of every model, with its 95 % interval", _bars(evaluation)),
            ("HR@10 by slice", _by_slice(evaluation)),
            *[(f"Calibration of {one.objective}", _calibration(one)) for one in ranked],
        ],
    )


def _lines(evaluation: Evaluation) -> list[ModelLine]:
    everybody = evaluation.question.slices[0]
    main = evaluation.results[evaluation.main]
    lines = []
    for name, result in evaluation.results.items():
        cells = [str(result.interval(m, everybody, seed=evaluation.seed)) for m in METRICS]
        gain = ""
        if name != evaluation.main:
            gain = str(main.over(result, "ndcg@10", seed=evaluation.seed))
        lines.append(ModelLine(name, tuple(cells), gain))
    return lines


def _slices(evaluation: Evaluation) -> list[tuple[str, int, list[str]]]:
    return [
        (
            part.name,
            int(part.requests.sum()),
            [
                f"{r.by_request['hr@10'][part.requests].mean():.4f}"
                for r in evaluation.results.values()
            ],
        )
        for part in evaluation.question.slices
    ]


def _catalogue(evaluation: Evaluation) -> list[tuple[str, list[str]]]:
    return [
        (name, [f"{value:.4f}" for value in result.of_catalogue.values()])
        for name, result in evaluation.results.items()
    ]


def _bars(evaluation: Evaluation) -> Markup:
    everybody = evaluation.question.slices[0]
    names = list(evaluation.results)
    seed = evaluation.seed
    found = [r.interval("hr@10", everybody, seed=seed) for r in evaluation.results.values()]
    figure = Figure(figsize=(8, 0.4 * len(names) + 1))
    axes = figure.add_subplot()
    colours = [ACCENT if name == evaluation.main else PALE for name in names]
    axes.barh([plain(name) for name in names], [i.value for i in found], color=colours)
    for row, interval in enumerate(found):
        axes.plot([interval.low, interval.high], [row, row], color=INK, linewidth=1.5)
    axes.invert_yaxis()
    axes.set_xlabel("HR@10")
    return svg(figure)


def _by_slice(evaluation: Evaluation) -> Markup:
    parts = evaluation.question.slices
    chosen = [evaluation.main, *(n for n in ("item_graph", "popular") if n in evaluation.results)]
    figure = Figure(figsize=(8, 0.5 * len(parts) + 1.2))
    axes = figure.add_subplot()
    for place, name in enumerate(dict.fromkeys(chosen)):
        values = evaluation.results[name].by_request["hr@10"]
        rows = [row + (place - 1) * 0.25 for row in range(len(parts))]
        means, colour = [values[p.requests].mean() for p in parts], (ACCENT, *BESIDE)[place]
        axes.barh(rows, means, height=0.25, label=plain(name), color=colour)
    axes.set_yticks(range(len(parts)), [plain(p.name) for p in parts])
    axes.invert_yaxis()
    axes.set_xlabel("HR@10")
    axes.legend(frameon=False)
    return svg(figure)


def _calibration(ranked: Ranked) -> Markup:
    figure = Figure(figsize=(4.5, 4))
    axes = figure.add_subplot()
    top = float(max(ranked.said.max(), ranked.seen.max(), 1e-6)) * 1.05
    axes.plot([0, top], [0, top], color=PALE)
    axes.plot(ranked.said, ranked.seen, "o-", color=ACCENT, markersize=4)
    axes.set_xlabel("predicted")
    axes.set_ylabel("observed")
    return svg(figure)
