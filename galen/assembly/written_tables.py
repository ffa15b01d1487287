"""The written tables that a recipe cannot learn without: missing ones are told at once.

A channel would tell of them too, but only when its turn comes.
"""

from collections.abc import Iterator
from pathlib import Path

from galen.assembly.judged_samples import TABLE as SAMPLES
from galen.assembly.parts import extension_specs, retriever_spec
from galen.assembly.recipe import RankPart, Recipe
from galen.data.enriched import ReadsTables, check_written, enriched_folder


def check_tables(recipe: Recipe, shop: Path) -> None:
    """See that the tables were written that a recipe, or one of its surfaces, has to read.

    Raises:
        EnrichedError: some are missing; the message has the command that writes each.
    """
    recipes = (recipe, *recipe.surfaces.values())
    check_written(enriched_folder(shop), (name for one in recipes for name in _tables_of(one)))


def _tables_of(recipe: Recipe) -> Iterator[str]:
    for name in recipe.recall:
        yield from _tables_of_part(retriever_spec(recipe, name))
    if recipe.rank is not None:
        yield from _tables_of_ranker(recipe.rank)
    if recipe.samples:
        yield SAMPLES


def _tables_of_ranker(rank: RankPart) -> Iterator[str]:
    for extension in extension_specs(rank).values():
        yield from _tables_of_part(extension)
    for member in rank.members:
        yield from _tables_of_ranker(member)


def _tables_of_part(part: object) -> tuple[str, ...]:
    return part.tables if isinstance(part, ReadsTables) else ()
