"""A ranking model that has learned, asked as if a table that its extensions read were not there."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol, Self, runtime_checkable

from galen.rank.blended import BlendedModel
from galen.rank.extended import ExtendedModel
from galen.rank.model import Model
from galen.rank.segmented import SegmentedModel


@runtime_checkable
class OfTable(Protocol):
    """A part that holds what a table of the shop said."""

    def without_table(self) -> Self:
        """The same part, for which the table says nothing of any item or person."""
        ...


def extensions_of_tables(model: Model) -> list[str]:
    """The extensions of a model and of its members that read tables of a shop, each name once."""
    return sorted(set(_extensions_of_tables(model)))


def without_table(model: Model, name: str) -> Model:
    """The model without what the extension of this name, wherever it stands, read of a table."""
    if isinstance(model, ExtendedModel):
        extensions = {
            key: one.without_table() if _name(key) == name and isinstance(one, OfTable) else one
            for key, one in model.extensions.items()
        }
        return replace(model, extensions=extensions, model=without_table(model.model, name))
    if isinstance(model, BlendedModel):
        models = {key: without_table(member, name) for key, member in model.models.items()}
        return replace(model, models=models)
    if isinstance(model, SegmentedModel):
        return replace(model, model=without_table(model.model, name))
    return model


def _extensions_of_tables(model: Model) -> Iterator[str]:
    if isinstance(model, ExtendedModel):
        yield from (_name(k) for k, one in model.extensions.items() if isinstance(one, OfTable))
    if isinstance(model, BlendedModel):
        for member in model.models.values():
            yield from _extensions_of_tables(member)
    if isinstance(model, ExtendedModel | SegmentedModel):
        yield from _extensions_of_tables(model.model)


def _name(key: str) -> str:
    """Extensions are kept by their place and their model."""
    return key.partition("-")[2]
