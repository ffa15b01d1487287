"""Recipes by name or path: those that come with galen, one's own, and those that stand on others.

    extends = "classic"              # a shipped recipe, or a path beside this file
    without = ["rerank", "recall.als"]
    rank = {model = "channel", channel = "generator"}

Tables are laid over those of the other recipe key by key; a part of another model takes the whole
place of the one before it, and so does a list.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from galen.assembly.recipe import Recipe, RecipeError

EXTENDS: Final = "extends"
WITHOUT: Final = "without"
OUTERMOST: Final = ("rank", "rerank", "blend", "fusion", "tune", "samples")
"""Keys that a recipe may be without, besides single channels."""


def shipped_recipes() -> list[str]:
    """Names of the recipes that come with galen."""
    folder = _shipped()
    return sorted(str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.toml"))


def find_recipe(name: str) -> Recipe:
    """A shipped recipe by name, or one's own by the path of its TOML file.

    Raises:
        RecipeError: there is neither, it is not TOML, a key or a value is not one that galen
            knows, or recipes extend each other in a circle.
    """
    path = _path(name, Path())
    return Recipe.from_tree({"name": path.stem, **_tree(path, ())}, where=str(path))


def _shipped() -> Path:
    return Path(str(files("galen") / "recipes"))


def _path(name: str, beside: Path) -> Path:
    if name in shipped_recipes():
        return _shipped() / f"{name}.toml"
    path = beside / name
    if not path.exists():
        raise RecipeError(
            f"{name!r} is neither a file nor a shipped recipe ({', '.join(shipped_recipes())})."
        )
    return path


def _tree(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """What a file says, laid over what it extends; `above` are the files that extend it."""
    if path in above:
        circle = " → ".join(str(one) for one in (*above[above.index(path) :], path))
        raise RecipeError(f"recipes extend each other in a circle: {circle}.")
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: {error}") from error
    base, without = tree.pop(EXTENDS, None), tree.pop(WITHOUT, [])
    if base is None:
        if without:
            raise RecipeError(f"{path}: `without` needs `extends`, which names what to leave out.")
        return tree
    if not isinstance(base, str) or not isinstance(without, list):
        raise RecipeError(f"{path}: `extends` is a name or a path, `without` a list of keys.")
    under = _tree(_path(base, path.parent), (*above, path))
    for key in without:
        _leave_out(under, str(key), f"{path}: without")
    return _laid_over(under, tree)


def _leave_out(tree: dict[str, Any], key: str, where: str) -> None:
    known = list(_removable(tree))
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RecipeError(f"{where}: there is no {key!r} to leave out.{hint}")
    outer, _, inner = key.partition(".")
    if inner:
        del tree[outer][inner]
    else:
        del tree[outer]


def _removable(tree: Mapping[str, Any]) -> Iterator[str]:
    yield from (key for key in OUTERMOST if key in tree)
    yield from (f"recall.{name}" for name in tree.get("recall", {}))


def _laid_over(under: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    whole = dict(under)
    for key, value in own.items():
        before = whole.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            same = value.get("model", before.get("model")) == before.get("model")
            whole[key] = _laid_over(before, value) if same else value
        else:
            whole[key] = value
    return whole
