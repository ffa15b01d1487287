"""Channels that have learned, so that recipes trained on one shop learn equal ones once."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from galen.assembly.recipes.recipe import Recipe
from galen.data.dataset import Dataset
from galen.data.enriched import Extent
from galen.pipeline.stages import Retriever

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LearnedChannels:
    """Of one shop and one seed; what a channel may cost a request is not learned."""

    _learned: dict[tuple[Key, Extent, bool], Retriever] = field(default_factory=dict)

    def of(
        self,
        recipe: Recipe,
        name: str,
        data: Dataset,
        learn: Callable[[], Retriever],
        *,
        again: bool = False,
    ) -> Retriever:
        """The channel as it learned, or learned again, from these events before; else it learns."""
        key = lesson_of(recipe, name), data.extent, again
        if key not in self._learned:
            self._learned[key] = learn()
        return self._learned[key]


def lesson_of(recipe: Recipe, name: str) -> Key:
    """What a channel's learning depends on, besides the shop and the seed of the run."""
    part = recipe.recall[name]
    settings = json.dumps(dict(part.settings), sort_keys=True, default=str)
    guesses = json.dumps(asdict(recipe.samples), sort_keys=True) if recipe.samples else ""
    return part.model, settings, guesses
