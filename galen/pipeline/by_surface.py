"""Which recommender answers on which surface."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from galen.pipeline.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class NamedPipeline:
    """A recommender with the name of the recipe that it was made of."""

    name: str
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class PipelinesBySurface:
    """One recommender for surfaces that have none of their own, and those that have."""

    usual: NamedPipeline
    others: Mapping[str, NamedPipeline] = field(default_factory=dict)  # by the surface's name

    def of(self, surface: str) -> NamedPipeline:
        """The recommender that answers on a surface."""
        return self.others.get(surface, self.usual)
