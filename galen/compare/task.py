"""One step of one recipe, told to the process that runs it."""

from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import Protocol

StepName = Literal["learned", "latency", "left-out"]

STEPS: Final[tuple[StepName, ...]] = ("learned", "latency", "left-out")
"""In the order in which they are run: all recipes learn first, since the others need that."""


class ContestantTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a process needs to know; it writes what it finds into the folder."""

    step: StepName
    shop: str
    recipe: dict[str, Any]
    protocol: Protocol
    seed: int
    pack: str
    folder: str
    rate: float  # requests a second
    requests: int

    @property
    def place(self) -> Path:
        """The folder as a path; in the message it is text."""
        return Path(self.folder)

    @property
    def bundle(self) -> Path:
        """Where the step that trains leaves what learned, for the steps after it."""
        return self.place / "bundle"

    def read_recipe(self) -> Recipe:
        """The recipe that the message carries as a tree of plain values.

        Raises:
            RecipeError: it is no recipe.
        """
        return Recipe.from_tree(self.recipe, where="a comparison")


class Doing(msgspec.Struct, frozen=True, tag="doing"):
    """What a process says it is doing now."""

    what: str


class StepFailed(msgspec.Struct, frozen=True, tag="failed"):
    """Why a process could not finish, in words for a person."""

    why: str


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The step's file is in its place."""


Message = Doing | StepFailed | Finished
