"""`galen scale`: does a family of networks get better with compute, and by which law?"""

from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from rich.table import Table

from galen.assembly.experiments.scaling import (
    Ladder,
    Point,
    Progress,
    SizedRecipe,
    climb,
    family_of,
)
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.data.arrays import Floats
from galen.data.drawing import svg
from galen.data.json_file import write_json_file
from galen.data.page import write_page
from galen.evaluate.power_law import Fitted, fit_power_law, frontier
from galen.rank.resampling import ends

INK, ACCENT, PALE = "#1f2a2e", "#2f7d6b", "#b9cfc8"


@dataclass(frozen=True)
class Prediction:
    """What the law said of a size before it was trained, and what came."""

    size: int
    said: float
    low: float
    high: float
    came: float

    @property
    def error(self) -> float:
        """The share by which it was wrong."""
        return (self.said - self.came) / self.came


@dataclass(frozen=True)
class Scaling:
    """Points, the law of their frontier, and how a prediction held."""

    points: list[Point]
    law: Fitted
    floor: float | None  # the least possible loss, where a generator knows it
    prediction: Prediction | None

    @property
    def verdict(self) -> str:
        """What the law says, in words."""
        most = max(point.compute for point in self.points)
        gain, low, high = self.law.gain_per_doubling(most)
        exponent, bounds = self.law.law.exponent, self.law.interval("exponent")
        words = (
            f"loss = {self.law.law.floor:.5f} + {self.law.law.scale:.3g} · C^-{exponent:.3g} "
            f"(exponent {bounds[0]:.3g} to {bounds[1]:.3g}); at the largest compute a doubling "
            f"lowers the loss by {gain:.3%} [{low:.3%}, {high:.3%}]."
        )
        if self.law.flat:
            words = "The curve is flat: more compute does not surely lower the loss here. " + words
        if self.floor is not None:
            best = min(point.loss for point in self.points)
            words += f" The best is {best - self.floor:.5f} above the floor of {self.floor:.5f}."
        if self.prediction is not None:
            said = self.prediction
            words += (
                f" Size {said.size} was predicted at {said.said:.5f} [{said.low:.5f}, "
                f"{said.high:.5f}] before it was trained; it came to {said.came:.5f}, an error "
                f"of {said.error:+.2%}."
            )
        return words


def scale(
    recipe: Recipe,
    table: Path,
    folder: Path,
    ladder: Ladder,
    *,
    predict: int | None,
    progress: Progress,
) -> Scaling:
    """Train the ladder, fit the law, and hold it against a larger size that it has not seen.

    Points are kept in `folder`; a run that was broken off goes on with the next one.

    Raises:
        RecipeError: the recipe's model has no size, or there are too few points for a law.
        TableError: the table cannot be read.
    """
    if len(ladder.sizes) * len(ladder.shares) < 4:
        raise RecipeError("a law needs four points or more; give more sizes or shares.")
    if predict is not None and predict <= max(ladder.sizes):
        raise RecipeError(f"size {predict} is not beyond the ladder's {max(ladder.sizes)}.")
    family = family_of(recipe, table, folder, seed=ladder.seed)
    points = climb(family, ladder, progress)
    prediction = None
    if predict is not None:
        progress(f"size {predict}, which the law has not seen")
        prediction, point = _held_out(family, points, predict, ladder.seed)
        points = [*points, point]
    return Scaling(points, _law(points, family.floor, ladder.seed), family.floor, prediction)


def _held_out(
    family: SizedRecipe, points: list[Point], size: int, seed: int
) -> tuple[Prediction, Point]:
    law = _law(points, family.floor, seed)
    most = max(point.rows for point in points)
    epochs = float(np.median([point.epochs for point in points if point.rows == most]))
    said, low, high = law.at(family.flops_per_row(size) * most * epochs)
    point = family.point(size, 1.0)
    return Prediction(size, said, low, high, point.loss), point


def _law(points: list[Point], floor: float | None, seed: int) -> Fitted:
    """Of the points that no cheaper one is better than; of all where those are fewer than four."""
    compute, loss = _columns(points)
    kept = frontier(compute, loss)
    if kept.sum() < 4:
        kept = np.ones(len(points), bool)
    return fit_power_law(compute[kept], loss[kept], seed=seed, floor=floor)


def _columns(points: list[Point]) -> tuple[Floats, Floats]:
    return np.array([p.compute for p in points]), np.array([p.loss for p in points])


def table_of(scaling: Scaling, title: str) -> Table:
    """Every point, the cheapest first."""
    table = Table(title=title, caption=scaling.verdict, caption_justify="left")
    headings = ("size", "rows", "epochs", "dense", "in tables", "FLOPs a row", "compute")
    for heading in (*headings, "loss", "AUC", "CPU s"):
        table.add_column(heading, justify="right")
    for point in sorted(scaling.points, key=lambda p: p.compute):
        table.add_row(
            str(point.size),
            f"{point.rows:,}",
            str(point.epochs),
            f"{point.dense_parameters:,}",
            f"{point.table_parameters:,}",
            f"{point.flops_per_row:.3g}",
            f"{point.compute:.3g}",
            f"{point.loss:.5f}",
            f"{point.auc:.5f}",
            f"{point.cpu_seconds:.0f}",
        )
    return table


def write_report(scaling: Scaling, title: str, path: Path) -> None:
    """One HTML page with its plot inside."""
    points = sorted(scaling.points, key=lambda point: point.compute)
    write_page(
        path,
        "galen.evaluate",
        "scaling.html",
        title=title,
        verdict=scaling.verdict,
        points=points,
        plot=_plot(scaling),
    )


def write_figures(scaling: Scaling, path: Path) -> None:
    """Every figure as JSON."""
    figures = {
        "points": [msgspec.to_builtins(point) for point in scaling.points],
        "law": asdict(scaling.law.law),
        "intervals": {n: scaling.law.interval(n) for n in ("floor", "scale", "exponent")},
        "flat": scaling.law.flat,
        "floor": scaling.floor,
        "prediction": None if scaling.prediction is None else asdict(scaling.prediction),
        "verdict": scaling.verdict,
    }
    write_json_file(path, figures)


def _plot(scaling: Scaling) -> Markup:
    compute, loss = _columns(scaling.points)
    rows = np.array([point.rows for point in scaling.points])
    figure = Figure(figsize=(8, 4.5))
    axes = figure.add_subplot()
    amounts = sorted(set(rows.tolist()))
    for place, amount in enumerate(amounts):
        shade = 0.25 + 0.75 * (place + 1) / len(amounts)
        mine = rows == amount
        order = np.argsort(compute[mine])
        axes.plot(
            compute[mine][order],
            loss[mine][order],
            "o-",
            color=ACCENT,
            alpha=shade,
            label=f"{amount:,} rows",
        )
    grid = np.geomspace(compute.min(), 2 * compute.max(), 60)
    draws = np.stack([draw.at(grid) for draw in scaling.law.draws])
    low, high = ends(draws)
    axes.fill_between(grid, low, high, color=PALE, alpha=0.5, linewidth=0)
    axes.plot(grid, scaling.law.law.at(grid), color=INK, linestyle="--", label="law")
    if scaling.floor is not None:
        axes.axhline(scaling.floor, color=INK, linewidth=0.8, label="least possible")
    axes.set_xscale("log")
    axes.set_xlabel("training compute, FLOPs")
    axes.set_ylabel("log-loss on test")
    axes.legend(frameon=False)
    return svg(figure)
