"""A recipe's declared ranges searched on a folder of samples; `test` is never read."""

import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from galen.assembly import catalog
from galen.assembly.check import check_for_samples
from galen.assembly.experiments.trials import Objective, Rows, TrialSearch, Tried, open_search
from galen.assembly.ranges import ranges_of, with_settings
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.assembly.recipes.recipe_text import toml_of, value_text
from galen.assembly.table import MEMORY
from galen.data.mendable import MendableError

Progress = Callable[[str], None]


class TuningError(MendableError):
    """A search found nothing; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a search may cost, over all its runs: equal bounds make two models comparable.

    Raises:
        RecipeError: a bound makes no sense.
    """

    trials: int = 30
    seconds: float | None = None  # of the processor; no trial begins when they are spent

    def __post_init__(self) -> None:
        if self.trials < 1 or (self.seconds is not None and self.seconds <= 0):
            raise RecipeError("a search needs one trial or more, and seconds above 0.")


class TuningResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a search came to, over all its runs."""

    recipe: str
    table: str
    objective: Objective
    seed: int
    trials: int
    pruned: int  # trials that were broken off, of `trials`
    cpu_seconds: float  # of all trials
    own: float | None  # of the recipe's own settings, where they lie within the ranges
    best: Tried
    importance: dict[str, float]  # of each setting, adding up to 1; empty where there is no telling
    tried: list[Tried]


def tune(
    recipe: Recipe,
    table: Path,
    folder: Path,
    budget: Budget,
    *,
    objective: Objective = "auc",
    seed: int = 0,
    progress: Progress,
    memory: int = MEMORY,
) -> TuningResult:
    """Try settings within a recipe's ranges until the budget is spent; the first are its own.

    Trials are kept in `folder`: a search that was broken off, or gets a larger budget, goes on
    with its next trial. `progress` is told a line of each. `memory` is as of `train_table`.

    Raises:
        RecipeError: the recipe has no ranges, or one makes no sense.
        TableError: train or valid is missing or cut short.
        SchemaError: a column is missing, or holds what no model can learn from.
        TuningError: no trial came to its end.
    """
    check_for_samples(recipe)
    ranges = ranges_of(recipe)
    assert recipe.rank is not None
    streams = recipe.rank.model in catalog.NETWORKS and not recipe.rank.extend
    rows = Rows.read(table, stream=streams, memory=memory)
    search = open_search(recipe, ranges, rows, folder, objective=objective, seed=seed)
    tried = search.tried()
    if tried:
        progress(f"{len(tried)} trials are there already")
    while len(tried) < budget.trials and not _spent(tried, budget):
        search.next()
        tried = search.tried()
        progress(f"trial {len(tried)} of {budget.trials}: {_last_in_words(tried, objective)}")
    return _tuning(search, table, tried)


def tuned_recipe(recipe: Recipe, tuning: TuningResult) -> Recipe:
    """The recipe with the best settings in place of its own."""
    return with_settings(recipe, tuning.best.settings)


def tuned_text(recipe: Recipe, tuning: TuningResult) -> str:
    """The tuned recipe as a TOML file that says where it comes from."""
    return toml_of(
        tuned_recipe(recipe, tuning),
        f"{tuning.recipe} tuned on {tuning.table}: validation {tuning.objective} "
        f"{tuning.best.value:.5f} in trial {tuning.best.number} of {tuning.trials}\n"
        f"({tuning.cpu_seconds:.0f} CPU seconds, seed {tuning.seed}).",
    )


def objective_named(name: str) -> Objective:
    """What a search goes by.

    Raises:
        RecipeError: it is neither auc nor loss.
    """
    for known in typing.get_args(Objective):
        if name == known:
            return cast(Objective, known)
    raise RecipeError(f"{name!r} is no objective; a search goes by auc or by loss.")


def summary(tuning: TuningResult) -> str:
    """The best settings, what they came to, and what mattered, for a person."""
    best, own, pruned = tuning.best, tuning.own, tuning.pruned
    lines = [
        f"{tuning.trials} trials ({pruned} broken off), {tuning.cpu_seconds:.0f} CPU seconds",
        f"best: validation {tuning.objective} {best.value:.5f} in trial {best.number}"
        + ("" if own is None else f"; the recipe's own settings {own:.5f}"),
    ]
    for name, value in best.settings.items():
        share = tuning.importance.get(name)
        weight = "" if share is None else f"  (importance {share:.0%})"
        lines.append(f"  {name} = {value_text(value)}{weight}")
    return "\n".join(lines)


def write_tuning(tuning: TuningResult, path: Path) -> None:
    """Every figure as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(tuning)) + b"\n")


def _tuning(search: TrialSearch, table: Path, tried: list[Tried]) -> TuningResult:
    best = _best(tried, search.objective)
    if best is None:
        why = f" The last one: {tried[-1].error}" if tried[-1].error else ""
        raise TuningError(
            f"none of {len(tried)} trials came to its end; mend the ranges, or give more "
            f"--trials.{why}"
        )
    return TuningResult(
        recipe=search.recipe.name,
        table=table.name,
        objective=search.objective,
        seed=search.seed,
        trials=len(tried),
        pruned=sum(one.value is None for one in tried),
        cpu_seconds=_seconds(tried),
        own=tried[0].value if search.own == tried[0].settings else None,
        best=best,
        importance=search.importance(),
        tried=tried,
    )


def _best(tried: list[Tried], objective: Objective) -> Tried | None:
    """The best trial that came to its end, the first of equals."""
    sign = 1.0 if objective == "loss" else -1.0
    ended = [(sign * one.value, one.number) for one in tried if one.value is not None]
    return tried[min(ended)[1] - 1] if ended else None


def _spent(tried: list[Tried], budget: Budget) -> bool:
    return budget.seconds is not None and _seconds(tried) >= budget.seconds


def _seconds(tried: list[Tried]) -> float:
    return round(sum(one.cpu_seconds for one in tried), 3)


def _last_in_words(tried: list[Tried], objective: Objective) -> str:
    """A line of the last trial."""
    last, best = tried[-1], _best(tried, objective)
    came = "broken off" if last.value is None else f"{objective} {last.value:.5f}"
    if last.error:
        came = f"failed ({last.error})"
    record = "" if best is None else f"; best {best.value:.5f} (trial {best.number})"
    settings = ", ".join(
        f"{name.removeprefix('rank.')} {value_text(value)}" for name, value in last.settings.items()
    )
    return f"{came}{record}; {last.cpu_seconds:.1f} CPU s; {settings}"
