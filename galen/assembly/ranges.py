"""The `[tune]` table of a recipe: which of the model's settings are searched, and how far."""

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from galen.assembly import catalog
from galen.assembly.parts import BLEND
from galen.assembly.recipes.recipe import RankPart, Recipe, RecipeError
from galen.data.did_you_mean import did_you_mean
from galen.nn.learning.training import Training

SHAPES: Final = "[a, b, …] or {low = …, high = …, log = true}"
DIGITS: Final = 4  # of a searched number, so that the written recipe is the one that was tried


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values."""

    values: tuple[Any, ...]

    def holds(self, value: object) -> bool:
        """May the search try this value?"""
        return value in self.values


@dataclass(frozen=True, slots=True)
class Span:
    """Any number from `low` to `high`, both included; whole ones where the setting is an integer.

    With `log`, equal ratios are equally far apart.
    """

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Are only integers tried?"""
        return isinstance(self.low, int)

    def holds(self, value: object) -> bool:
        """May the search try this value? One that is no number never."""
        return isinstance(value, int | float) and self.low <= value <= self.high

    def rounded(self, value: float) -> float:
        """The number with few digits, still within the range."""
        if self.whole:
            return value
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)


Range = Choice | Span


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting that may be searched: its type, and what it is where a recipe does not say."""

    type: Any
    default: Any = None


def ranges_of(recipe: Recipe) -> dict[str, Range]:
    """The ranges that a recipe declares, by the path of the setting.

    Raises:
        RecipeError: a path is of no setting of the model, or a range makes no sense for it.
    """
    where = f"recipe {recipe.name!r}: [tune]"
    if recipe.rank is None:
        raise RecipeError(f"recipe {recipe.name!r} has no [rank] to tune.")
    if not recipe.tune or not isinstance(recipe.tune, Mapping):
        raise RecipeError(f'{where} is missing or no table; it takes "rank.<setting>" = {SHAPES}.')
    settings = dict(_settings(recipe.rank, "rank"))
    ranges = {}
    for path, span in recipe.tune.items():
        if path not in settings:
            quoted = " Paths are in quotes." if path == "rank" else ""
            hint = did_you_mean(path, settings)
            raise RecipeError(f"{where}: unknown setting {path!r}.{hint}{quoted}")
        ranges[path] = _range(span, settings[path].type, f"{where}: {path!r}")
    return ranges


def own_values(recipe: Recipe, ranges: Mapping[str, Range]) -> dict[str, Any]:
    """What the recipe itself says of each range's setting, where that lies within the range."""
    assert recipe.rank is not None
    settings = dict(_settings(recipe.rank, "rank"))
    tree = recipe.to_tree()
    found = {}
    for path, span in ranges.items():
        *folder, key = path.split(".")
        value = _at(tree, folder).get(key, settings[path].default)
        value = list(value) if isinstance(value, tuple) else value
        if span.holds(value):
            found[path] = value
    return found


def with_settings(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with other values at some paths."""
    tree = recipe.to_tree()
    for path, value in values.items():
        *folder, key = path.split(".")
        _at(tree, folder)[key] = value
    return Recipe.from_tree(tree, where=f"recipe {recipe.name!r}")


def _at(tree: Any, folder: list[str]) -> dict[str, Any]:
    for name in folder:
        tree = tree[int(name)] if isinstance(tree, list) else tree[name]
    found: dict[str, Any] = tree
    return found


def _settings(rank: RankPart, at: str) -> Iterator[tuple[str, _Setting]]:
    """Every setting of a ranking model that may be searched; a seed is none."""
    if rank.model == BLEND:
        for place, member in enumerate(rank.members):
            yield from _settings(member, f"{at}.members.{place}")
    elif rank.model in catalog.NETWORKS:
        yield from _fields(catalog.NETWORKS[rank.model], at)
        yield from _fields(Training, f"{at}.training")
        for objective in rank.shares:
            yield f"{at}.shares.{objective}", _Setting(float)
    elif rank.model in catalog.RANKERS:
        yield from _fields(catalog.RANKERS[rank.model], at)
    for place, piece in enumerate(rank.extend):
        yield from _fields(catalog.EXTENSIONS[piece.model], f"{at}.extend.{place}")


def _fields(kind: Any, at: str) -> Iterator[tuple[str, _Setting]]:
    types = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if field.init and field.name != "seed":
            yield f"{at}.{field.name}", _Setting(types[field.name], field.default)


def _range(span: Any, kind: Any, where: str) -> Range:
    if isinstance(span, list | tuple):
        values = [_value(one, kind, where) for one in span]
        if len(values) < 2 or any(one in values[:place] for place, one in enumerate(values)):
            raise RecipeError(f"{where}: a list of choices needs two or more, each once.")
        return Choice(tuple(span))
    if not isinstance(span, Mapping):
        raise RecipeError(f"{where} = {span!r} is no range; write {SHAPES}.")
    known = [field.name for field in dataclasses.fields(Span)]
    for key in span:
        if key not in known:
            raise RecipeError(f"{where}: unknown key {key!r}.{did_you_mean(key, known)}")
    if "low" not in span or "high" not in span:
        raise RecipeError(f"{where}: a range needs low and high; write {SHAPES}.")
    low, high = (_value(span[key], kind, f"{where}: {key}") for key in ("low", "high"))
    log = _value(span.get("log", False), bool, f"{where}: log")
    if isinstance(low, bool) or not isinstance(low, int | float):
        raise RecipeError(f"{where}: low and high are of numbers; write choices as a list.")
    if low >= high:
        raise RecipeError(f"{where}: low must be below high, {low} is not below {high}.")
    if log and low <= 0:
        raise RecipeError(f"{where}: with log = true, low must be above 0.")
    return Span(low, high, log)


def _value(value: Any, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise RecipeError(f"{where}: {value!r}: {error}") from error
