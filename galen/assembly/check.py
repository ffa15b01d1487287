"""A recipe held against the catalogue of parts, before anything is trained."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from galen.assembly import catalog
from galen.assembly.recipe import Recipe, RecipeError, settings_of
from galen.recall.fusion import Fusion


def check_recipe(recipe: Recipe) -> None:
    """See that every part exists and takes the settings given to it.

    Raises:
        RecipeError: an unknown part or setting; the message names the nearest right one.
    """
    where = f"recipe {recipe.name!r}"
    for name, recall in recipe.recall.items():
        at = f"{where}: [recall.{name}]"
        settings_of(_part(catalog.RETRIEVERS, recall.model, at), recall.settings, at)
        if recall.quota < 1 or recall.deadline <= 0:
            raise RecipeError(f"{at}: quota and deadline must be above 0.")
    if not recipe.recall:
        raise RecipeError(f"{where}: it needs at least one [recall.<name>].")
    settings_of(Fusion, recipe.fusion, f"{where}: [fusion]")
    if recipe.rank is not None:
        at = f"{where}: [rank]"
        settings_of(_part(catalog.RANKERS, recipe.rank.model, at), recipe.rank.settings, at)
        _one_of(("auto", "impressions", "replay"), recipe.rank.examples, f"{at}: examples")
    for name in recipe.filters:
        _one_of(catalog.FILTERS, name, f"{where}: filters")
    for place, rerank in enumerate(recipe.rerank):
        at = f"{where}: [[rerank]] number {place + 1}"
        kind = _part(catalog.RERANKERS, rerank.model, at)
        known = {f.name for f in dataclasses.fields(kind)} - {"catalogue"}
        for key in rerank.settings:
            _one_of(known, key, at)
        settings_of(kind, rerank.settings, at)


def _part(table: Mapping[str, Any], name: str, where: str) -> type[Any]:
    _one_of(table, name, f"{where}: model")
    kind: type[Any] = table[name]
    return kind


def _one_of(known: Iterable[str], name: str, where: str) -> None:
    names = sorted(known)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RecipeError(f"{where}: {name!r} is not one of {', '.join(names)}.{hint}")
