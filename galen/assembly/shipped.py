"""The recipes that come with galen, by name, beside those of a person's own by path."""

from importlib.resources import files
from pathlib import Path

from galen.assembly.recipe import Recipe, RecipeError


def shipped_recipes() -> list[str]:
    """Names of the recipes that come with galen."""
    folder = Path(str(files("galen") / "recipes"))
    return sorted(str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.toml"))


def find_recipe(name: str) -> Recipe:
    """A shipped recipe by name, or one's own by the path of its TOML file.

    Raises:
        RecipeError: there is neither, or it cannot be read.
    """
    if name in shipped_recipes():
        return Recipe.read(Path(str(files("galen") / "recipes" / f"{name}.toml")))
    path = Path(name)
    if not path.exists():
        raise RecipeError(
            f"{name!r} is neither a file nor a shipped recipe ({', '.join(shipped_recipes())})."
        )
    return Recipe.read(path)
