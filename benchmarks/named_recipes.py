"""Recipes by the names that a command line gives, all found before the first has learned."""

from collections.abc import Iterable

from galen.assembly.recipes.recipe import Recipe
from galen.assembly.recipes.shipped import find_recipe, shipped_recipes


def recipes_named(names: Iterable[str], room: str = "") -> dict[str, Recipe]:
    """Recipes by name, where `room` is what shipped names may be given without, such as `ctr/`.

    Raises:
        RecipeError: one is neither shipped nor a file, or its file is no recipe.
    """
    shipped = shipped_recipes()
    return {name: find_recipe(room + name if room + name in shipped else name) for name in names}
