"""Texts of a file of items as vectors, encoded once, and the placebos of vectors."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from galen.data.arrays import Singles
from galen.features.item_text import text_vectors
from galen.features.item_vectors import Encoded
from galen.llm.language_model import Embedder
from galen.llm.minilm import MiniLm


class Words:
    """The words of these very texts, without any model: TF-IDF and leading directions."""

    name = "galen:tf-idf"

    def embed(self, texts: Sequence[str]) -> Singles:
        """(N, 128 or fewer)."""
        return text_vectors(texts, 128, 0)


ENCODERS: Final[Mapping[str, Callable[[], Embedder]]] = {"minilm": MiniLm, "words": Words}


def item_texts(items: Path, columns: Sequence[str]) -> dict[str, str]:
    """What columns say of each item, by its id; lists are laid end to end."""
    table = pq.read_table(items, columns=list(dict.fromkeys(["item_id", *columns])))
    ids = table["item_id"].cast(pa.string()).to_pylist()
    parts = [table.column(name).to_pylist() for name in columns]
    told = [
        ". ".join(", ".join(cell) if isinstance(cell, list) else str(cell) for cell in row if cell)
        for row in zip(*parts, strict=True)
    ]
    return dict(zip(ids, told, strict=True))


def encoded(
    embedder: Embedder, texts: dict[str, str], ids: Sequence[str], cache: Path | None
) -> Encoded:
    """Vectors of a catalogue's items, in its order; from `cache` where the file's texts lie there.

    All texts of the file are encoded, so that a part of a set finds them too.
    """
    said = list(texts.values())
    digest = hashlib.sha256("\0".join([embedder.name, *said]).encode()).hexdigest()
    file = cache / f"{digest[:16]}.npy" if cache else None
    if file is not None and file.exists():
        found = np.load(file)
    else:
        found = embedder.embed(said)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, found)
    row_of = {item: row for row, item in enumerate(texts)}
    rows = np.array([row_of.get(item, -1) for item in ids], dtype=np.int64)
    vectors = np.where((rows >= 0)[:, None], found[rows], 0).astype(np.float32)
    return Encoded(vectors, np.asarray(vectors.any(axis=1)), embedder.name)


def permuted(found: Encoded, seed: int) -> Encoded:
    """The same vectors, each given to another item: sizes and shape stay, meaning goes."""
    order = np.arange(len(found.there))
    rows = np.flatnonzero(found.there)
    order[rows] = np.random.default_rng(seed).permutation(rows)
    return Encoded(found.vectors[order], found.there, f"{found.encoder}, permuted")


def drawn(found: Encoded, seed: int) -> Encoded:
    """Vectors of random directions, each as long as the one in whose place it stands."""
    length = np.linalg.norm(found.vectors, axis=1, keepdims=True)
    vectors = np.random.default_rng(seed).normal(size=found.vectors.shape)
    vectors *= length / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Encoded(vectors.astype(np.float32), found.there, "random")
