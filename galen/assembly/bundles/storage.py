"""Learned parts of several recipes in one folder: each channel once, whoever asks it."""

from collections.abc import Iterable
from pathlib import Path

from galen.assembly.learned_channels import Key, lesson_of
from galen.assembly.parts import (
    Parts,
    feature_specs,
    loaded_fuser,
    loaded_ranker,
    retriever_spec,
)
from galen.assembly.recipes.recipe import Recipe
from galen.pipeline.stages import Retriever
from galen.recall.fusion import FusionModel

RECIPES = "recipes"
"""The folder of what recipes of surfaces have for themselves; the first recipe's lies above it."""


def save_parts(folder: Path, main: Parts, others: Iterable[Parts]) -> None:
    """Write the parts of a recipe, and of others what the ones before them have not written."""
    written: set[Key] = set()
    named = {parts.recipe.name: parts for parts in (main, *others)} | {main.recipe.name: main}
    for name, parts in named.items():
        place = _folder_of(name, main.recipe.name, folder)
        for channel, retriever in parts.retrievers.items():
            key = lesson_of(parts.recipe, channel)
            if key not in written:
                retriever.save(_made(place / "recall" / channel))
                written.add(key)
        if isinstance(parts.fuser, FusionModel):
            parts.fuser.save(_made(place / "fusion"))
        if parts.ranker is not None:
            parts.ranker.save(_made(place / "rank"))
        for own, features in parts.features.items():
            features.save(_made(place / "features" / own))


def load_parts(folder: Path, main: Recipe, others: Iterable[Recipe]) -> dict[str, Parts]:
    """The parts of each recipe by its name, as they were written."""
    read: dict[Key, Retriever] = {}
    loaded = {}
    named = {recipe.name: recipe for recipe in (main, *others)} | {main.name: main}
    for name, recipe in named.items():
        place = _folder_of(name, main.name, folder)
        retrievers = {}
        for channel in recipe.recall:
            key = lesson_of(recipe, channel)
            if key not in read:
                read[key] = retriever_spec(recipe, channel).load(place / "recall" / channel)
            retrievers[channel] = read[key]
        fuser, ranker = loaded_fuser(recipe, place), loaded_ranker(recipe, place)
        features = {
            own: spec.load(place / "features" / own) for own, spec in feature_specs(recipe).items()
        }
        loaded[name] = Parts(recipe, retrievers, fuser, ranker, features)
    return loaded


def _folder_of(name: str, main: str, folder: Path) -> Path:
    return folder if name == main else folder / RECIPES / name


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
