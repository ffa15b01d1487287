"""Texts of a catalogue's items as a table of vectors, of which a new run writes what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from galen.data.arrays import Bools, Singles
from galen.data.catalogue import Catalogue
from galen.data.enriched import PROVENANCE, EnrichedError, Extent, read_enriched, write_enriched
from galen.enrich.encoding import PROBES, SAME, Unfinished, Watch, cosine, digest_of, encoded
from galen.features.item_vectors import TABLE, matrix_of, vector_column
from galen.llm.language_model import Embedder

Moments = npt.NDArray[np.datetime64]
Field = Literal["title", "brand", "category", "attributes", "ingredients", "form", "description"]
FIELDS: Final[tuple[Field, ...]] = ("title", "brand", "category", "attributes", "description")


@dataclass(frozen=True, slots=True)
class TextVectors:
    """What is told to an encoder, and how much of it at once."""

    fields: tuple[Field, ...] = FIELDS
    batch: int = 256  # texts
    probes: int = PROBES


@dataclass(frozen=True, slots=True)
class VectorsWritten:
    """What a run did, in items; cosines are NaN where there is nothing to compare."""

    encoded: int
    kept: int  # whose text is as it was
    empty: int  # without text, or with none that the encoder knows: they have no row
    refused: int  # whose vector held NaN or infinity: they have no row
    gone: int  # of the table before that the catalogue lacks
    probe_cosine: float  # mean, of unchanged texts then and now
    changed_cosine: float  # mean, of items whose text changed
    likeness: float  # mean cosine of two items; near 1 the vectors say little without centring

    @property
    def encoder_changed(self) -> bool:
        """Did the encoder answer otherwise than before under the same name?"""
        return self.probe_cosine < SAME


def texts_of(catalogue: Catalogue, fields: Sequence[Field] = FIELDS) -> list[str]:
    """(items,) what a catalogue says of each item; empty where nothing."""
    columns = [catalogue.table.column(field).to_pylist() for field in fields]
    return [". ".join(filter(None, map(_plain, row))) for row in zip(*columns, strict=True)]


def write_vectors(
    catalogue: Catalogue,
    folder: Path,
    embedder: Embedder,
    now: datetime,
    settings: TextVectors | None = None,
    *,
    table: str = TABLE,
    watch: Watch | None = None,
) -> VectorsWritten:
    """Encode texts that are new or changed, and put the table in the place of the one before.

    Vectors of another encoder are never kept, nor those of an encoder that drifted under its name.
    A run that is killed or refused leaves what it has beside the table, and the next begins there.

    Raises:
        EnrichedError: the encoder gives another shape than asked for, or no finite vector at all.
        LanguageModelError: it cannot be asked.
    """
    settings = settings or TextVectors()
    texts = texts_of(catalogue, settings.fields)
    digests = [digest_of(text) if text else "" for text in texts]
    unfinished = Unfinished(folder / f"{table}.unfinished", embedder.name)
    before = _Before.read(folder, table, embedder.name, catalogue.ids)
    worded = np.array([bool(text) for text in texts], dtype=bool)
    same = worded & before.there & np.equal(before.digests, np.array(digests, dtype="<U64"))
    probe = _probe(texts, before, same, embedder, settings)
    if probe < SAME:
        same = np.zeros(len(texts), bool)
    wanted = worded & ~same
    asked = [texts[row] for row in np.flatnonzero(wanted).tolist()]
    fresh = encoded(asked, embedder, settings.batch, unfinished, watch)
    width = fresh.shape[1] if len(fresh) else before.vectors.shape[1]
    vectors = np.zeros((len(texts), width), np.float32)
    if same.any():
        vectors[same] = before.vectors[same]
    if wanted.any():
        vectors[wanted] = fresh
    finite = np.asarray(np.isfinite(vectors).all(axis=1))
    if wanted.any() and not finite[wanted].any():
        raise EnrichedError(
            f"{embedder.name} gave NaN or infinity for every text; nothing is kept."
        )
    kept = worded & finite & vectors.any(axis=1)
    changed = kept & wanted & before.there
    at = np.where(same, before.at, np.datetime64(now.replace(tzinfo=None), "us"))
    rows = _table(catalogue, vectors, digests, at, embedder.name, kept)
    write_enriched(folder, table, rows, Extent())
    unfinished.clear()
    comparable = changed.any() and before.vectors.shape[1] == width
    return VectorsWritten(
        encoded=int(wanted.sum()),
        kept=int(same.sum()),
        empty=int((~worded | (finite & ~vectors.any(axis=1))).sum()),
        refused=int((~finite).sum()),
        gone=before.gone,
        probe_cosine=probe,
        changed_cosine=cosine(before.vectors[changed], vectors[changed]) if comparable else np.nan,
        likeness=likeness(vectors[kept]),
    )


def likeness(vectors: Singles) -> float:
    """The mean cosine of two different rows of (n, d); NaN where there are fewer than two."""
    count = len(vectors)
    if count < 2:
        return float("nan")
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    whole = float((unit.astype(np.float64).sum(axis=0) ** 2).sum())
    return (whole - count) / (count * (count - 1))


@dataclass(frozen=True)
class _Before:
    """The table that stands there, by the rows of a catalogue."""

    vectors: Singles  # (items, d)
    there: Bools
    digests: npt.NDArray[Any]  # (items,) of text, empty where not there
    at: Moments  # (items,)
    gone: int

    @classmethod
    def read(cls, folder: Path, table: str, encoder: str, items: Sequence[str]) -> "_Before":
        """Nothing where there is no table, or one of another encoder."""
        count = len(items)
        there, digests = np.zeros(count, bool), np.full(count, "", dtype="<U64")
        at = np.zeros(count, "datetime64[us]")
        nothing = cls(np.zeros((count, 0), np.float32), there, digests, at, 0)
        if not (folder / f"{table}.parquet").exists():
            return nothing
        found = read_enriched(folder, table, ["item", "vector", "digest"], mixed=True)
        if set(found["model"].to_pylist()) != {encoder}:
            return nothing
        matrix = matrix_of(found["vector"], table)
        row_of = {item: row for row, item in enumerate(items)}
        rows = np.array([row_of.get(item, -1) for item in found["item"].to_pylist()])
        known = rows >= 0
        vectors = np.zeros((count, matrix.shape[1]), np.float32)
        vectors[rows[known]] = matrix[known]
        there[rows[known]] = True
        digests[rows[known]] = np.array(found["digest"].to_pylist(), dtype="<U64")[known]
        moments = found["at"].cast(pa.timestamp("us")).to_numpy()
        at[rows[known]] = moments[known]
        return cls(vectors, there, digests, at, int((~known).sum()))


def _plain(value: str | list[str] | None) -> str:
    return ", ".join(value) if isinstance(value, list) else (value or "").strip()


def _probe(
    texts: Sequence[str], before: _Before, same: Bools, embedder: Embedder, settings: TextVectors
) -> float:
    """Mean cosine of some unchanged texts' vectors then and now; NaN where there are none."""
    rows = np.flatnonzero(same)
    rows = rows[:: max(1, len(rows) // settings.probes)][: settings.probes]
    if not len(rows):
        return float("nan")
    again = encoded([texts[row] for row in rows.tolist()], embedder, settings.batch)
    then = before.vectors[rows]
    return cosine(then, again) if again.shape == then.shape else 0.0


def _table(
    catalogue: Catalogue,
    vectors: Singles,
    digests: Sequence[str],
    at: Moments,
    encoder: str,
    kept: Bools,
) -> pa.Table:
    rows = np.flatnonzero(kept)
    columns = {
        "item": pa.array([catalogue.ids[row] for row in rows.tolist()], pa.string()),
        "vector": vector_column(vectors[rows]),
        "digest": pa.array([digests[row] for row in rows.tolist()], pa.string()),
    }
    return pa.table(columns | origin(len(rows), encoder, at[rows]))


def origin(rows: int, encoder: str, at: Moments) -> dict[str, pa.Array]:
    """The columns of `PROVENANCE` for vectors that cost nothing."""
    values = {
        "model": [encoder] * rows,
        "prompt": [""] * rows,
        "knowledge": [""] * rows,
        "at": at,
        "cost": [0.0] * rows,
    }
    found = {}
    for name, column in values.items():
        kind = PROVENANCE.field(name).type
        plain = pa.array(column, pa.timestamp("us")) if name == "at" else pa.array(column, kind)
        found[name] = plain.cast(kind)
    return found
