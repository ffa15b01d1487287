"""What a bundle says of itself, in every format that there has been."""

from dataclasses import replace
from typing import Any, Final

import msgspec

from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import Protocol
from galen.data.enriched import Extent
from galen.data.mendable import MendableError

FORMAT: Final = 4
READ: Final = (1, 2, 3, FORMAT)
"""Formats that can be read: the first held one recipe for every surface, the first two did not
say whose rows they learned, the first three not from which events."""


class BundleError(MendableError):
    """A bundle cannot be used; the message says which file and what to do."""


class BundleManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a bundle is made of, and from what."""

    format: int
    version: str  # of the content: the same recipe with the same files has the same version
    recipe: dict[str, Any]  # of every surface that is not named below
    recipes: dict[str, dict[str, Any]] = {}  # of these surfaces, by the recipe's name
    surfaces: dict[str, str] = {}  # surface -> name among them
    shop: str
    protocol: Protocol
    seed: int
    items: int  # rows of the catalogue that it was trained on
    catalogue: str = ""  # digest of their ids; empty before format 3
    learned: Extent | None = None  # events that it learned from; None before format 4
    trained_at: str  # ISO 8601, UTC
    files: dict[str, str]  # path -> SHA-256

    def whole_recipe(self, where: str) -> Recipe:
        """The recipe with those of surfaces.

        Raises:
            RecipeError: a part is not one that galen knows.
        """
        trees = {**self.recipes, self.recipe["name"]: self.recipe}
        surfaces = {surface: trees[name] for surface, name in self.surfaces.items()}
        return Recipe.from_tree(self.recipe | {"surfaces": surfaces}, where=where)


def described(recipe: Recipe) -> dict[str, Any]:
    """The fields of a manifest that tell of recipes; one that serves two surfaces stands once."""
    own = recipe.name
    return {
        "recipe": replace(recipe, surfaces={}).to_tree(),
        "recipes": {r.name: r.to_tree() for r in recipe.surfaces.values() if r.name != own},
        "surfaces": {surface: r.name for surface, r in recipe.surfaces.items()},
    }


class _Kind(msgspec.Struct, frozen=True):
    """What every manifest says of itself."""

    kind: str = "recommender"
    format: int = FORMAT
    tables: dict[str, Any] | None = None  # a shop has them


def read_manifest(text: bytes, where: str) -> BundleManifest:
    """A manifest of any format that can be read.

    Raises:
        BundleError: it is of another format, a shop's, of a run over a table, or cannot be read.
    """
    try:
        facts = msgspec.json.decode(text, type=_Kind)
        if facts.tables is not None:
            raise BundleError(
                f"{where} is a shop's, not a bundle's. The shop comes first, then the bundle that "
                "`galen train` made of it."
            )
        if facts.kind == "table":
            raise BundleError(
                f"{where} is of a run that ranks a table of samples; it recommends nothing by "
                "itself. Train its recipe on a shop, or give `galen evaluate` the folder of "
                "samples."
            )
        if facts.format not in READ:
            raise BundleError(
                f"{where} has format {facts.format}; this galen reads {READ[0]} to {READ[-1]}. "
                "Train again, or serve it with the galen that made it."
            )
        return msgspec.json.decode(text, type=BundleManifest)
    except msgspec.DecodeError as error:
        raise BundleError(f"{where} cannot be read ({error}); train again.") from error
