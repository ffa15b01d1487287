"""Recipes as files: those that come with galen by name, one's own by path, and what they extend."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from galen.assembly.recipes.extending import WITHOUT, laid_over
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.data.did_you_mean import did_you_mean

EXTENDS: Final = "extends"
"""The key that names the recipe below: a shipped name, or a path from the file's folder."""

SURFACES: Final = "surfaces"
"""The table of surfaces that have another recipe, named in the same way."""


def shipped_recipes() -> list[str]:
    """Names of the recipes that come with galen."""
    folder = _folder()
    return sorted(str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.toml"))


def find_recipe(name: str) -> Recipe:
    """A shipped recipe by name, or one's own by the path of its TOML file.

    Raises:
        RecipeError: there is neither, or it cannot be read.
    """
    path = _found(name, Path())
    if path is None:
        raise RecipeError(
            f"{name!r} is neither a file nor a shipped recipe ({', '.join(shipped_recipes())})."
        )
    return read_recipe(path)


def read_recipe(path: Path) -> Recipe:
    """The recipe of a TOML file, laid over the one that it extends.

    Raises:
        RecipeError: a file is not TOML, a key or a value is not one that galen knows, or what it
            extends is not there or leads back to it.
    """
    return Recipe.from_tree(_tree(path, ()), where=str(path))


def _tree(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The file's keys over those of all files below it; `above` are the files that led here."""
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: {error}") from error
    own = {"name": path.stem, **own}
    here = (*above, path.resolve())
    if SURFACES in own:
        own[SURFACES] = _of_surfaces(own[SURFACES], path, here)
    if EXTENDS not in own:
        if WITHOUT in own:
            raise RecipeError(
                f"{path}: {WITHOUT} leaves parts out of a recipe that {EXTENDS} names."
            )
        return own
    below = _named(own.pop(EXTENDS), EXTENDS, path, here)
    return laid_over(_tree(below, here), own, str(path))


def _of_surfaces(named: object, path: Path, here: tuple[Path, ...]) -> dict[str, Any]:
    """The trees of the recipes that surfaces name."""
    if not isinstance(named, dict):
        raise RecipeError(f'{path}: [{SURFACES}] takes lines such as cart = "i2i".')
    return {
        surface: _tree(_named(name, f"[{SURFACES}] {surface}", path, here), here)
        for surface, name in named.items()
    }


def _named(name: object, key: str, path: Path, above: tuple[Path, ...]) -> Path:
    """The file of the recipe that a key of a file names."""
    at = f"{path}: {key} = {name!r}"
    if not isinstance(name, str):
        raise RecipeError(f"{at} must be the name of a shipped recipe, or a path.")
    below = _found(name, path.parent)
    if below is None:
        hint = did_you_mean(name, shipped_recipes())
        raise RecipeError(f"{at} is neither a shipped recipe nor a file beside it.{hint}")
    if below.resolve() in above:
        way = " → ".join(one.name for one in (*above, below))
        raise RecipeError(f"{at} leads back to where it began: {way}.")
    return below


def _found(name: str, folder: Path) -> Path | None:
    """A shipped recipe's file, else the file of that path from the folder, if there is one."""
    if name in shipped_recipes():
        return _folder() / f"{name}.toml"
    path = folder / name
    return path if path.is_file() else None


def _folder() -> Path:
    return Path(str(files("galen") / "recipes"))
