"""Texts encoded in batches, where the next run goes on from what an interrupted one has."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from galen.data.arrays import Singles
from galen.data.enriched import EnrichedError
from galen.data.replacing import replacing
from galen.features.item_vectors import matrix_of, vector_column
from galen.llm.language_model import Embedder, LanguageModelError

Watch = Callable[[str, int, int], None]  # what is done, how many texts are, of how many

PROBES: Final = 32  # texts that are encoded again, to see whether the encoder is as it was
SAME: Final = 0.999
"""Mean cosine of texts encoded twice, below which an encoder is another one of the same name."""


def digest_of(text: str) -> str:
    """What tells one text from another."""
    return hashlib.sha256(text.encode()).hexdigest()


def cosine(one: Singles, other: Singles) -> float:
    """The mean cosine of rows that belong together, of (n, d) each."""
    length = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / np.maximum(length, 1e-12)).mean())


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Vectors that wait for the rest of their table, a file for each batch, and of one encoder.

    Each file is whole or not there, so a run may be killed at any moment.
    """

    folder: Path
    encoder: str

    def read(self) -> dict[str, Singles]:
        """The vector (d,) of each digest of a text; files of other encoders are left out."""
        found: dict[str, Singles] = {}
        for path in sorted(self._own().glob("*.parquet")):
            try:
                rows = pq.read_table(path)
            except (pa.ArrowException, OSError):
                continue  # a copy that was cut: its texts are asked again
            vectors = matrix_of(rows["vector"], self.folder.name)
            found |= dict(zip(rows["digest"].to_pylist(), vectors, strict=True))
        return found

    def add(self, texts: Sequence[str], vectors: Singles) -> None:
        """Keep the vectors (n, d) of n texts, but for those that hold NaN or infinity."""
        good = np.flatnonzero(np.isfinite(vectors).all(axis=1))
        self._own().mkdir(parents=True, exist_ok=True)
        columns = {
            "digest": pa.array([digest_of(texts[row]) for row in good.tolist()], pa.string()),
            "vector": vector_column(vectors[good]),
        }
        with replacing(self._own() / f"{uuid4().hex}.parquet") as file:
            pq.write_table(pa.table(columns), file)

    def clear(self) -> None:
        """Forget them, and those of other encoders."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _own(self) -> Path:
        return self.folder / digest_of(self.encoder)[:16]


def encoded(
    texts: Sequence[str],
    embedder: Embedder,
    batch: int,
    unfinished: Unfinished | None = None,
    watch: Watch | None = None,
) -> Singles:
    """(N, d) of texts, each different one asked once, `batch` of them at a time.

    Raises:
        EnrichedError: the encoder gives another shape than asked for.
        LanguageModelError: it cannot be asked; what it gave before is in `unfinished`.
    """
    distinct = list(dict.fromkeys(texts))
    held = _held(distinct, embedder, batch, unfinished) if unfinished else {}
    asked = [text for text in distinct if text not in held]
    width = len(next(iter(held.values()))) if held else None
    for start in range(0, len(asked), batch):
        some = asked[start : start + batch]
        try:
            part = _asked(some, embedder, width)
        except LanguageModelError as error:
            if not unfinished or not held:
                raise
            raise LanguageModelError(
                f"{error} {len(held):,} of {len(distinct):,} texts are encoded and kept: the same "
                "command goes on from there."
            ) from error
        if unfinished:
            unfinished.add(some, part)
        held |= dict(zip(some, part, strict=True))
        width = part.shape[1]
        if watch:
            watch(f"encoding with {embedder.name}", len(held), len(distinct))
    if not texts:
        return np.zeros((0, 0), np.float32)
    return np.stack([held[text] for text in texts])


def _held(
    texts: Sequence[str], embedder: Embedder, batch: int, unfinished: Unfinished
) -> dict[str, Singles]:
    """What an earlier run left of these texts; nothing, for good, if its encoder is another now."""
    left = unfinished.read()
    held = {text: left[key] for text in texts if (key := digest_of(text)) in left}
    probes = [text for text, vector in held.items() if vector.any()][: min(batch, PROBES)]
    if probes:
        then, now = [held[text] for text in probes], _asked(probes, embedder, None)
        one_width = {len(vector) for vector in held.values()} == {now.shape[1]}
        if one_width and cosine(np.stack(then), now) >= SAME:
            return held
    unfinished.clear()
    return {}


def _asked(texts: Sequence[str], embedder: Embedder, width: int | None) -> Singles:
    part = np.asarray(embedder.embed(texts), dtype=np.float32)
    if part.ndim != 2 or len(part) != len(texts) or (width is not None and part.shape[1] != width):
        raise EnrichedError(
            f"{embedder.name} gave vectors of shape {part.shape} for {len(texts)} texts; "
            "it is no encoder that galen can use."
        )
    return part
