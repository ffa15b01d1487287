"""The judgements of pairs of product words, distilled into trees that judge all of them."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from galen.enrich.distilling.distillation import (
    UNSURE,
    Agreement,
    Distillation,
    JudgedPairs,
    distil,
)
from galen.llm.language_model import Embedder


@dataclass(frozen=True, slots=True)
class DistilledRelations:
    """How far trees agree with the table that taught them, and what they say of every pair."""

    pairs: Agreement  # held out
    words: Agreement  # of pairs with a word that was held out
    judged: dict[str, int]  # pairs of all words, by verdict
    of: int
    seconds: float  # for all pairs


def distil_relations(
    table: pa.Table, embedder: Embedder, folder: Path, settings: Distillation
) -> DistilledRelations:
    """Learn from a table `relations`, judge every pair of its words, and write the judge.

    What knowledge decided is no judgement of a model, and is left out.

    Raises:
        EnrichError: there are too few pairs, or all have one verdict.
        LanguageModelError: the embedder cannot be asked.
    """
    columns = ("first", "second", "relation", "decided_by")
    rows = [row for row in table.select(columns).to_pylist() if row["decided_by"] == "model"]
    words = sorted({row[end] for row in rows for end in ("first", "second")})
    names = tuple(sorted({row["relation"] for row in rows}))
    place = {word: at for at, word in enumerate(words)}
    kind = {name: at for at, name in enumerate(names)}
    judged = JudgedPairs(
        np.array([place[row["first"]] for row in rows], np.int64),
        np.array([place[row["second"]] for row in rows], np.int64),
        np.array([kind[row["relation"]] for row in rows], np.int64),
        names,
    )
    vectors = embedder.embed(words) if words else np.zeros((0, 1), np.float32)
    found = distil(judged, vectors, settings)
    one, other = np.triu_indices(len(words), 1)
    started = time.perf_counter()
    verdict, _ = found.judge(vectors, one.astype(np.int64), other.astype(np.int64))
    seconds = time.perf_counter() - started
    counts = {name: int((verdict == at).sum()) for at, name in enumerate(names)}
    counts["left to the model"] = int((verdict == UNSURE).sum())
    found.save(folder)
    return DistilledRelations(found.pairs, found.ends, counts, len(one), seconds)
