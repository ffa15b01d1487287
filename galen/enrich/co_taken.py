"""Vectors of an encoder, turned so that items which people take together lie near each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from galen.data.arrays import Bools, Ints
from galen.data.dataset import Dataset
from galen.data.enriched import EnrichedError, write_enriched
from galen.data.schema import TAKEN
from galen.enrich.vectors import origin
from galen.features.item_vectors import Encoded, formed, read_encoded, vector_column
from galen.nn.contrastive import Contrast, ItemPairLesson, ItemPairs
from galen.nn.learning.sequence_losses import Mean
from galen.nn.learning.training import Training, fit

TABLE: Final = "vectors_co_taken"


@dataclass(frozen=True, slots=True)
class CoTaken:
    """An adaptor learns from pairs of items that one person took at most `window` places apart.

    Items that nobody took are turned like the others.
    """

    size: int = 64  # leading directions of the encoder's vectors that are turned
    window: int = 3
    hidden: int = 128
    dropout: float = 0.1
    temperature: float = 0.07  # of cosines
    batch: int = 1024  # pairs
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    epochs: int = 8
    patience: int = 1
    held_out: float = 0.05  # of people, whose pairs tell when to stop
    seed: int = 0

    def fit(self, encoded: Encoded, data: Dataset) -> Encoded:
        """Turn vectors by what was taken together in `data`; as they were where nothing was."""
        one, other, person = pairs_of(data, self.window, encoded.there)
        vectors = formed(encoded, "pca", self.size, self.seed)
        name = f"{encoded.encoder}+co-taken"
        judged = np.random.default_rng(self.seed).random(data.users)[person] < self.held_out
        if judged.all() or not judged.any():
            return Encoded(vectors, encoded.there, name)
        torch.manual_seed(self.seed)
        network = Contrast(torch.from_numpy(vectors), self.hidden, self.temperature, self.dropout)
        source = _Pairs(one[~judged], other[~judged], self.batch, self.seed)
        judge = _Pairs(one[judged], other[judged], self.batch, self.seed)

        def validate(taught: nn.Module) -> dict[str, float]:
            with torch.inference_mode():
                losses = [taught(lesson.inputs).mean().item() for lesson in judge.lessons(0, 0)]
            return {"loss": float(np.mean(losses))}

        fit(network, Mean(), source, validate, self.training)
        network.eval()
        with torch.inference_mode():
            turned = network.whole().numpy()
        return Encoded(np.where(encoded.there[:, None], turned, 0), encoded.there, name)

    @property
    def training(self) -> Training:
        """How its network learns; the loss on pairs of people held out tells when to stop."""
        return Training(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            patience=self.patience,
            monitor="loss",
            precision="float32",
            seed=self.seed,
        )


def write_co_taken(data: Dataset, now: datetime, settings: CoTaken | None = None) -> int:
    """Turn the shop's vectors and write them as a table of their own; gives its rows.

    The table says which events it has seen, so that no model is judged by them.

    Raises:
        EnrichedError: the shop has no vectors, or they cannot be used.
    """
    if data.enriched is None:
        raise EnrichedError("vectors can only be turned beside a shop; open one.")
    found = (settings or CoTaken()).fit(read_encoded(data), data)
    rows = np.flatnonzero(found.there)
    at = np.full(len(rows), np.datetime64(now.replace(tzinfo=None), "us"))
    items = pa.array([data.catalogue.ids[row] for row in rows.tolist()], pa.string())
    columns = {"item": items, "vector": vector_column(found.vectors[rows])}
    table = pa.table(columns | origin(len(rows), found.encoder, at))
    write_enriched(data.enriched, TABLE, table, data.extent)
    return len(rows)


def pairs_of(data: Dataset, window: int, there: Bools) -> tuple[Ints, Ints, Ints]:
    """(P,) items, the others taken with them, and who took them; both have a vector."""
    taken = data.of(*TAKEN)
    ones, others, people = list[Ints](), list[Ints](), list[Ints]()
    for _, earlier, later in taken.pairs(window):
        one, other = taken.item[earlier], taken.item[later]
        good = (one != other) & there[one] & there[other]
        ones.append(one[good].astype(np.int64))
        others.append(other[good].astype(np.int64))
        people.append(taken.user[earlier][good].astype(np.int64))
    return np.concatenate(ones), np.concatenate(others), np.concatenate(people)


@dataclass(frozen=True)
class _Pairs:
    one: Ints
    other: Ints
    batch: int
    seed: int

    @property
    def rows(self) -> int:
        return len(self.one)

    def lessons(self, epoch: int, skip: int) -> Iterator[ItemPairLesson]:
        order = np.random.default_rng((self.seed, epoch)).permutation(self.rows)
        for start in range(skip * self.batch, self.rows, self.batch):
            rows = order[start : start + self.batch]
            pairs = ItemPairs(torch.from_numpy(self.one[rows]), torch.from_numpy(self.other[rows]))
            yield ItemPairLesson(pairs, torch.ones(len(rows)))
