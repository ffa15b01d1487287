"""A ranking model inside a shop's pipeline: what the assembler gives, as the samples it reads."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from galen.data.arrays import Floats, Ints
from galen.features.assembly import HISTORY
from galen.features.encoding.samples import Samples
from galen.features.encoding.scale import number_of
from galen.features.encoding.schema import Category, Schema, Sequence
from galen.pipeline.candidates import Batch, Histories, no_histories
from galen.pipeline.stages import Examples
from galen.rank.model import Model, ModelSpec

POSITION: Final = "position"
"""The place of a slate at which an impression was shown."""

SEEN: Final = "seen_"
"""Begins the name of a history's sequence; the rest is the category that it is compared with."""


@dataclass(frozen=True, slots=True)
class ShopRanker:
    """A model that scores the batches of a pipeline."""

    model: Model

    @property
    def objectives(self) -> tuple[str, ...]:
        return self.model.objectives

    def score(self, batch: Batch) -> Floats:
        return self.model.score(samples_of(self.model.schema, batch))

    def save(self, folder: Path) -> None:
        (folder / "schema.json").write_bytes(msgspec.json.encode(self.model.schema))
        self.model.save(folder)


def learned(spec: ModelSpec, train: Examples, valid: Examples) -> ShopRanker:
    """Teach a model from a shop's examples.

    Raises:
        SchemaError: the examples hold numbers or labels that no model can learn from.
    """
    schema = schema_of(train.batch)
    parts = (_labelled(schema, part).checked(schema) for part in (train, valid))
    return ShopRanker(spec.fit(schema, *parts))


def schema_of(batch: Batch) -> Schema:
    """The fields of a shop's batches, with vocabularies as large as the ids seen."""
    names = sorted({*batch.per_request, *batch.per_row})
    numbers = tuple(number_of(name, batch.matrix([name])[:, 0]) for name in names)
    sizes: dict[str, int] = {name: _size(ids) for name, ids in batch.ids.items()}
    for name, ids in batch.history_ids.items():
        sizes[name] = max(sizes.get(name, 1), _size(ids))
    return Schema(
        categories=tuple(Category(name, sizes[name]) for name in batch.ids),
        numbers=numbers,
        sequences=tuple(
            Sequence(SEEN + name, sizes[name], name, name if name in batch.ids else "")
            for name in batch.history_ids
        ),
        history=HISTORY if batch.history_ids else 0,
        scene="scene" if "scene" in batch.ids else "",
        position=POSITION if POSITION in batch.ids else "",
        user="user" if "user" in batch.ids else "",
        item="item" if "item" in batch.ids else "",
    )


def samples_of(schema: Schema, batch: Batch) -> Samples:
    """A batch as samples without labels; ids that the vocabulary lacks are 0, not known."""
    rows = len(batch)
    nowhere = {POSITION: np.full(rows, -1)}  # a row that is not shown yet has no position
    known = {**nowhere, **batch.ids}
    ids = [_coded(known[field.name], field.size) for field in schema.categories]
    history, length = _histories(schema, batch)
    none = np.empty((rows, 0), np.float32)
    return Samples(
        categories=np.stack(ids, axis=1) if ids else np.empty((rows, 0), np.int64),
        numbers=batch.matrix([number.name for number in schema.numbers]),
        bags=np.empty((rows, 0), np.int64),
        bag_weights=none,
        vectors=none,
        history=history,
        history_length=length,
        history_row=batch.request if schema.sequences else np.zeros(rows, np.int64),
        labels={},
        weight=np.ones(rows, np.float32),
        group=batch.request,
    )


def _labelled(schema: Schema, examples: Examples) -> Samples:
    plain = samples_of(schema, examples.batch)
    fields: dict[str, Any] = {name: getattr(plain, name) for name in plain.__slots__}
    fields["labels"] = {name: v.astype(np.float32) for name, v in examples.labels.items()}
    fields["weight"] = examples.weight.astype(np.float32)
    return Samples(**fields)


def _size(ids: Ints) -> int:
    return int(ids.max(initial=-1)) + 2


def _coded(ids: Ints, size: int) -> Ints:
    """0 for -1 and for ids beyond the vocabulary, else the id and one."""
    return np.where((ids < 0) | (ids + 1 >= size), 0, ids + 1)


def _histories(schema: Schema, batch: Batch) -> tuple[Ints, Ints]:
    """(R, events, sequences) and (R,): the newest events of each request, oldest first."""
    if not schema.sequences:
        return np.zeros((1, 0, 0), np.int64), np.zeros(1, np.int64)
    requests = 1 + int(batch.request.max(initial=0))
    log: Histories = no_histories(requests) if batch.history is None else batch.history
    kept = log.age_rank < schema.history
    length = np.minimum(log.length, schema.history)
    place = (length[log.request] - 1 - log.age_rank)[kept]
    history = np.zeros((len(log), int(length.max(initial=0)), len(schema.sequences)), np.int64)
    for number, field in enumerate(schema.sequences):
        ids = _coded(batch.history_ids[field.name.removeprefix(SEEN)], field.size)
        history[log.request[kept], place, number] = ids[kept]
    return history, length
