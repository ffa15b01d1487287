"""What a ranking model is: it learns from samples and scores samples."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from galen.data.arrays import Floats
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema


def at_no_position(schema: Schema, samples: Samples) -> Samples:
    """The samples as if nothing were known of where they are shown: how a row is to be scored."""
    if not schema.position:
        return samples
    categories = samples.categories.copy()
    categories[:, schema.place(schema.position)] = 0
    return replace(samples, categories=categories)


class Model(Protocol):
    """A model that has learned."""

    @property
    def schema(self) -> Schema:
        """The fields that samples must have to be scored: those that it learned from."""
        ...

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names of the labels that it learned, in the order of the scores' columns."""
        ...

    def score(self, samples: Samples) -> Floats:
        """(N, objectives) probabilities, rows in order, as if none had been shown anywhere yet.

        Labels, weights and groups are not read, and may be missing.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write all that `ModelSpec.load` reads into a folder, which exists."""
        ...


class ModelSpec(Protocol):
    """Settings of a model, before it has learned."""

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> Model:
        """Learn every objective that `train` has labels of.

        `valid` has the same labels; it decides when to stop and how to calibrate.

        Raises:
            MendableError: the samples lack what the model reads, or nothing can be learned of them.
        """
        ...

    def load(self, folder: Path) -> Model:
        """Read back, from the folder given to `Model.save`, a model with equal scores."""
        ...


class Extension(Protocol):
    """More fields, computed from those that are there, that have been learned."""

    @property
    def schema(self) -> Schema:
        """The schema of samples that were extended."""
        ...

    def extend(self, samples: Samples) -> Samples:
        """The same rows with the new fields after those that they had.

        Their labels are not read: these are rows that were not learned from.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write all that `ExtensionSpec.load` reads into a folder of its own, which exists."""
        ...


class ExtensionSpec(Protocol):
    """Settings of an extension, before it has learned."""

    def fit(self, schema: Schema, train: Samples) -> tuple[Extension, Samples]:
        """Learn the fields, and give rows of `train` extended so that no row's own label tells.

        Rows that cannot be extended so are left out.

        Raises:
            SchemaError: the samples lack a field that the extension reads.
        """
        ...

    def load(self, folder: Path) -> Extension:
        """Read back, from the folder given to `Extension.save`, what extends rows alike."""
        ...
