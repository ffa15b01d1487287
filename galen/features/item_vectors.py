"""Vectors that an encoder wrote of a shop's items, read beside the shop and made ready for models.

Vectors of texts point much the same way, so what tells items apart is what is left without their
mean (Mu and Viswanath, "All-but-the-Top", ICLR 2018; Su et al., "Whitening Sentence
Representations for Better Semantics and Faster Retrieval", 2021).
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Bools, Singles
from galen.data.dataset import Dataset
from galen.data.enriched import EnrichedError, read_enriched
from galen.features.directions import spread_out

Form = Literal["raw", "centred", "pca", "whitened"]
"""As they are; without their mean; their leading directions; these with equal spread."""

Use = Literal["none", "raw", "centred", "pca", "whitened"]
"""A setting of a model: whether it reads vectors, and in which form."""

TABLE: Final = "vectors"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Items as one encoder told them; an item that the table lacks is not there."""

    vectors: Singles  # (items, d), 0 where not there
    there: Bools  # (items,)
    encoder: str = ""


def read_encoded(data: Dataset, table: str = TABLE) -> Encoded:
    """A table of vectors, by the rows of a catalogue.

    Raises:
        EnrichedError: the table is missing, mixes encoders, has seen events that are not in `data`,
            tells an item twice, or holds a number that is not finite.
    """
    found = read_enriched(data.enriched, table, ["item", "vector"], known=data.extent)
    vectors = matrix_of(found["vector"], table)
    items = data.catalogue.ids
    row = pc.index_in(pa.array(items, pa.string()), value_set=pc.cast(found["item"], pa.string()))
    place = np.asarray(pc.fill_null(row, -1), dtype=np.int64)
    if pc.count_distinct(found["item"]).as_py() < len(found):
        raise EnrichedError(f"table {table!r} tells an item twice; write it again as a whole.")
    there = place >= 0
    laid = np.zeros((len(items), vectors.shape[1]), np.float32)
    laid[there] = vectors[place[there]]
    there &= laid.any(axis=1)
    origins = pc.unique(found["model"]).to_pylist()
    return Encoded(laid, there, origins[0] if origins else "")


def matrix_of(column: pa.ChunkedArray, table: str) -> Singles:
    """(rows, d) of a column of vectors.

    Raises:
        EnrichedError: vectors are of several lengths or missing, or a number is not finite.
    """
    lengths = pc.unique(pc.list_value_length(column)).to_pylist()
    if not len(column):
        return np.zeros((0, 0), np.float32)
    if len(lengths) != 1 or column.null_count:
        raise EnrichedError(f"table {table!r} has vectors of lengths {lengths}; write it again.")
    flat = pc.cast(pc.list_flatten(column), pa.float32())
    vectors = np.asarray(flat, dtype=np.float32).reshape(len(column), -1)
    wrong = ~np.isfinite(vectors).all(axis=1)
    if wrong.any():
        raise EnrichedError(
            f"table {table!r} holds NaN or infinity in row {int(np.argmax(wrong))}; write it again."
        )
    return vectors


def vector_column(vectors: Singles) -> pa.Array:
    """(rows, d) as a column of lists of one length."""
    flat = pa.array(np.ascontiguousarray(vectors).ravel(), pa.float32())
    return pa.FixedSizeListArray.from_arrays(flat, max(vectors.shape[1], 1))


def formed(encoded: Encoded, form: Form, size: int, seed: int) -> Singles:
    """(items, d) of mean length 1 where there, else 0; directions are `size` or fewer."""
    there = encoded.there
    if form in ("pca", "whitened"):
        whiten = 1.0 if form == "whitened" else 0.0
        return spread_out(encoded.vectors, there, size, whiten, seed)[0]
    vectors = encoded.vectors
    if form == "centred" and there.any():
        vectors = np.where(there[:, None], vectors - vectors[there].mean(axis=0), 0)
    return np.asarray(vectors / mean_length(vectors, there), dtype=np.float32)


def projected(vectors: Singles, width: int, seed: int) -> Singles:
    """(items, width) by directions drawn at random, at right angles; as they are where they fit."""
    columns = vectors.shape[1]
    if columns == width:
        return vectors
    draw = np.random.default_rng(seed).normal(size=(max(columns, width), min(columns, width)))
    turned = np.linalg.qr(draw)[0]
    turned = turned if columns > width else turned.T
    return np.asarray(vectors @ turned, dtype=np.float32)


def beginning(encoded: Encoded, form: Form, width: int, spread: float, seed: int) -> Singles:
    """(items, width) that learned vectors may begin from, as long as if drawn with `spread`."""
    vectors = projected(formed(encoded, form, width, seed), width, seed)
    length = mean_length(vectors, encoded.there)
    return np.asarray(vectors * (spread * np.sqrt(width) / length), dtype=np.float32)


def mean_length(vectors: Singles, there: Bools) -> float:
    """The root of the mean squared length of the rows that are there."""
    squared = (vectors[there].astype(np.float64) ** 2).sum(axis=1)
    return max(float(np.sqrt(squared.mean())) if len(squared) else 0.0, 1e-12)
