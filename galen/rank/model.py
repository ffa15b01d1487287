"""What a ranking model is: it learns from samples and scores samples."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.pipeline.candidates import Floats


def at_no_position(schema: Schema, samples: Samples) -> Samples:
    """The samples as if nothing were known of where they are shown: how a row is to be scored."""
    if not schema.position:
        return samples
    categories = samples.categories.copy()
    categories[:, schema.place(schema.position)] = 0
    return replace(samples, categories=categories)


class Model(Protocol):
    """A model that has learned; `score` gives (N, objectives) probabilities, rows in order."""

    @property
    def schema(self) -> Schema: ...
    @property
    def objectives(self) -> tuple[str, ...]: ...
    def score(self, samples: Samples) -> Floats: ...
    def save(self, folder: Path) -> None: ...


class ModelSpec(Protocol):
    """Settings of a model; `valid` decides when to stop and how to calibrate.

    `load` reads back, from the folder given to `save`, a model with equal scores.
    """

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> Model: ...
    def load(self, folder: Path) -> Model: ...


class Extension(Protocol):
    """More fields, computed from those that are there, that have been learned."""

    @property
    def schema(self) -> Schema:
        """The schema of samples that were extended."""
        ...

    def extend(self, samples: Samples) -> Samples: ...
    def save(self, folder: Path) -> None: ...


class ExtensionSpec(Protocol):
    """Settings of an extension.

    The samples given back are the rows learned from, extended so that no row's own label tells.
    """

    def fit(self, schema: Schema, train: Samples) -> tuple[Extension, Samples]: ...
    def load(self, folder: Path) -> Extension: ...
