"""A model over fields that others computed first: leaves of trees, statistics of pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from galen.data.arrays import Floats
from galen.data.dataset import Dataset
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema, decoded, encoded
from galen.rank.model import Extension, ExtensionSpec, Model, ModelSpec, at_no_position
from galen.rank.vector_fields import OfShop


@dataclass(frozen=True)
class Extended:
    """Extensions learn in order, each from what the ones before it gave; then the model learns."""

    spec: ModelSpec
    extensions: Mapping[str, ExtensionSpec]

    def of(self, data: Dataset) -> "Extended":
        """The same, with what extensions read of a shop."""
        read = {
            name: extension.of(data) if isinstance(extension, OfShop) else extension
            for name, extension in self.extensions.items()
        }
        return Extended(self.spec, read)

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "ExtendedModel":
        plain, fitted = schema, dict[str, Extension]()
        valid = at_no_position(schema, valid)  # what is chosen and calibrated on is what is served
        for name, extension in self.extensions.items():
            made, train = extension.fit(schema, train)
            valid, schema = made.extend(valid), made.schema
            fitted[name] = made
        return ExtendedModel(plain, fitted, self.spec.fit(schema, train, valid))

    def load(self, folder: Path) -> "ExtendedModel":
        fitted = {name: spec.load(folder / name) for name, spec in self.extensions.items()}
        model = self.spec.load(folder / "model")
        plain = (folder / "schema.json").read_bytes()
        return ExtendedModel(decoded(plain), fitted, model)


@dataclass(frozen=True)
class ExtendedModel:
    """A ranker whose rows are extended by features of tables before it reads them."""

    schema: Schema  # of samples before they are extended
    extensions: Mapping[str, Extension]
    model: Model

    @property
    def objectives(self) -> tuple[str, ...]:
        return self.model.objectives

    def score(self, samples: Samples) -> Floats:
        samples = at_no_position(self.schema, samples)
        for extension in self.extensions.values():
            samples = extension.extend(samples)
        return self.model.score(samples)

    def save(self, folder: Path) -> None:
        (folder / "schema.json").write_bytes(encoded(self.schema))
        for name, extension in self.extensions.items():
            (folder / name).mkdir()
            extension.save(folder / name)
        (folder / "model").mkdir()
        self.model.save(folder / "model")
