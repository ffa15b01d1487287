"""The written tables that a recipe reads; those it cannot learn without are told at once.

A channel would tell of them too, but only when its turn comes.
"""

from collections.abc import Iterator
from pathlib import Path

from galen.assembly.examples.judged_samples import JudgedSamples
from galen.assembly.parts import extension_specs, feature_specs, retriever_spec
from galen.assembly.recipes.recipe import RankPart, Recipe
from galen.data.enriched import ReadsTables, ReadsTablesFound, check_written, enriched_folder


def check_tables(recipe: Recipe, shop: Path) -> None:
    """See that the tables were written that a recipe, or one of its surfaces, has to read.

    Raises:
        EnrichedError: some are missing; the message has the command that writes each.
    """
    parts = _readers_of(recipe)
    check_written(
        enriched_folder(shop),
        (name for part in parts if isinstance(part, ReadsTables) for name in part.tables),
    )


def tables_read(recipe: Recipe) -> frozenset[str]:
    """Those that a recipe, or one of its surfaces, learns from where a shop has them."""
    return frozenset(name for part in _readers_of(recipe) for name in _tables_of(part))


def _tables_of(part: object) -> Iterator[str]:
    if isinstance(part, ReadsTables):
        yield from part.tables
    if isinstance(part, ReadsTablesFound):
        yield from part.tables_found


def _readers_of(recipe: Recipe) -> Iterator[object]:
    """The parts of a recipe and of its surfaces that may read what was written of a shop."""
    for one in (recipe, *recipe.surfaces.values()):
        yield from (retriever_spec(one, name) for name in one.recall)
        yield from feature_specs(one).values()
        if one.rank is not None:
            yield from _extensions_of(one.rank)
        if one.samples:
            yield JudgedSamples


def _extensions_of(rank: RankPart) -> Iterator[object]:
    yield from extension_specs(rank).values()
    for member in rank.members:
        yield from _extensions_of(member)
