"""Frozen vectors of what is ranked and of what a person took of late, as fields of every model."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.arrays import Ints, Singles
from galen.data.dataset import Dataset
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Adaptor, Schema, SchemaError, Vector, decoded, encoded
from galen.features.item_vectors import TABLE, Form, formed, read_encoded
from galen.rank.model import ExtensionSpec

VECTORS: Final = "vectors.safetensors"


@runtime_checkable
class OfShop(Protocol):
    """Settings of an extension that reads a shop before it learns."""

    def of(self, data: Dataset) -> ExtensionSpec:
        """The settings with what they need of the shop, so that `fit` needs samples only.

        Raises:
            EnrichedError: a table that is read is missing, or knows later events than `data`.
        """
        ...


@dataclass(frozen=True, slots=True)
class VectorFields:
    """Two fields from the shop's table of vectors: of the item, and the mean of a history's items.

    A bundle holds the vectors, so that no request reads the table. An item that came later has
    none until the model learns again.
    """

    form: Form = "pca"  # pca keeps leading directions, whitened spreads them alike
    size: int = 64  # numbers of an item, as pca and whitened vectors
    table: str = TABLE  # of vectors, as `galen enrich vectors` wrote it
    adaptor: Adaptor = "experts"  # how a vector becomes an embedding: linear, or gated experts
    seed: int = 0

    @property
    def tables(self) -> tuple[str, ...]:
        """The table of vectors."""
        return (self.table,)

    def of(self, data: Dataset) -> "VectorsOfShop":
        """Read the table.

        Raises:
            EnrichedError: it is missing or cannot be used.
        """
        vectors = formed(read_encoded(data, self.table), self.form, self.size, self.seed)
        return VectorsOfShop(self, vectors)

    def fit(self, schema: Schema, train: Samples) -> tuple["ItemVectorFields", Samples]:
        """There is nothing to read where samples are not of a shop.

        Raises:
            SchemaError: always.
        """
        raise SchemaError(
            "vector_fields reads a shop's table of vectors, and these samples are of no shop; "
            "name their own column of vectors in samples.toml."
        )

    def load(self, folder: Path) -> "ItemVectorFields":
        schema = decoded((folder / "schema.json").read_bytes())
        return ItemVectorFields(schema, load_file(folder / VECTORS)["vectors"])


@dataclass(frozen=True, slots=True)
class VectorsOfShop:
    """The settings with the vectors that they ask for."""

    settings: VectorFields
    vectors: Singles  # (items, d), 0 where there is none

    def fit(self, schema: Schema, train: Samples) -> tuple["ItemVectorFields", Samples]:
        """Nothing is learned; the schema is told of two more vectors, of an empty table of none.

        Raises:
            SchemaError: samples name no item.
        """
        if not schema.item:
            raise SchemaError("vector_fields needs to know which category is the item.")
        size, adaptor = self.vectors.shape[1], self.settings.adaptor
        names = ("item vector", "taken vector") if size else ()
        more = tuple(Vector(name, size, adaptor) for name in names)
        extended = msgspec.structs.replace(schema, vectors=(*schema.vectors, *more))
        made = ItemVectorFields(extended, self.vectors)
        return made, made.extend(train)

    def load(self, folder: Path) -> "ItemVectorFields":
        return self.settings.load(folder)


@dataclass(frozen=True)
class ItemVectorFields:
    """Vectors by the item's id less one, as a shop's samples count."""

    schema: Schema
    vectors: Singles  # (items, d)

    def extend(self, samples: Samples) -> Samples:
        """The samples with the vectors of their items and of what their histories hold."""
        item = samples.categories[:, self.schema.place(self.schema.item)]
        taken = self._of_histories(samples)[samples.history_row]
        more = [samples.vectors, self._of(item), taken]
        return replace(samples, vectors=np.concatenate(more, axis=1))

    def without_table(self) -> "ItemVectorFields":
        """The same fields of a shop whose table has a vector of no item."""
        return replace(self, vectors=np.zeros_like(self.vectors))

    def save(self, folder: Path) -> None:
        (folder / "schema.json").write_bytes(encoded(self.schema))
        save_file({"vectors": np.ascontiguousarray(self.vectors)}, folder / VECTORS)

    def _of(self, ids: Ints) -> Singles:
        """(n, d) of ids (n,): 0 for one that is not known."""
        known = (ids > 0) & (ids <= len(self.vectors))
        found = np.zeros((len(ids), self.vectors.shape[1]), np.float32)
        found[known] = self.vectors[ids[known] - 1]
        return found

    def _of_histories(self, samples: Samples) -> Singles:
        """(R, d): the mean of the vectors that are known; 0 where none is."""
        histories, width = len(samples.history), self.vectors.shape[1]
        places = [p for p, s in enumerate(self.schema.sequences) if s.target == self.schema.item]
        if not places or not samples.history.shape[1]:
            return np.zeros((histories, width), np.float32)
        ids = samples.history[:, :, places[0]]
        row, place = np.nonzero((ids > 0) & (ids <= len(self.vectors)))
        item = ids[row, place] - 1
        there = self.vectors[item].any(axis=1)
        row, item = row[there], item[there]
        weight = 1 / np.maximum(np.bincount(row, minlength=histories), 1)
        shape = (histories, len(self.vectors))
        votes = sparse.csr_array((weight[row], (row, item)), shape=shape)
        return np.asarray(votes @ self.vectors, dtype=np.float32)
