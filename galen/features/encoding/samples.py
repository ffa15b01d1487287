"""Rows to learn from or to score, as encoded columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Bools, Floats, Ints, Singles
from galen.features.encoding.schema import Schema, SchemaError


@dataclass(frozen=True, slots=True)
class Samples:
    """N rows; a person's history is kept once, however many rows share it."""

    categories: Ints  # (N, categories)
    numbers: Singles  # (N, numbers), NaN where missing
    bags: Ints  # (N, places of all bags)
    bag_weights: Singles  # (N, places of all bags), 0 where empty
    vectors: Singles  # (N, numbers of all vectors)
    history: Ints  # (R, events, sequences), oldest first, 0 beyond the length
    history_length: Ints  # (R,)
    history_row: Ints  # (N,) row of history
    labels: Mapping[str, Singles]  # objective -> (N,) 0 or 1; NaN where it is not known yet
    weight: Singles  # (N,)
    group: Ints  # (N,) the request, or the user, within which rows compete

    def __len__(self) -> int:
        return len(self.categories)

    def take(self, rows: npt.NDArray[np.integer] | Bools | slice) -> "Samples":
        """The rows at these places, in this order; histories stay where they are."""
        return replace(
            self,
            categories=self.categories[rows],
            numbers=self.numbers[rows],
            bags=self.bags[rows],
            bag_weights=self.bag_weights[rows],
            vectors=self.vectors[rows],
            history_row=self.history_row[rows],
            labels={name: label[rows] for name, label in self.labels.items()},
            weight=self.weight[rows],
            group=self.group[rows],
        )

    def compact(self) -> "Samples":
        """The same rows without histories that no row needs, in memory of their own."""
        needed, row = np.unique(self.history_row, return_inverse=True)
        columns: dict[str, Any] = {
            name: np.ascontiguousarray(getattr(self, name)).copy()
            for name in ("categories", "numbers", "bags", "bag_weights", "vectors")
        }
        return replace(
            self,
            **columns,
            history=self.history[needed],
            history_length=self.history_length[needed],
            history_row=row.astype(np.int64),
        )

    def known(self, objective: str) -> "tuple[Bools, Floats, Floats]":
        """Which rows (N,) have a label of the objective, and their labels and weights."""
        label = self.labels[objective]
        there = ~np.isnan(label)
        return there, label[there].astype(np.float64), self.weight[there].astype(np.float64)

    def checked(self, schema: Schema) -> "Samples":
        """The same rows, once it is sure that they fit the schema.

        Raises:
            SchemaError: an id out of range, a number that is infinite, a label outside 0 … 1, a
                weight that is negative, missing or infinite.
        """
        for place, field in enumerate(schema.categories):
            _check_ids(self.categories[:, place], field.name, field.size)
        start = 0
        for bag in schema.bags:
            _check_ids(self.bags[:, start : start + bag.width].ravel(), bag.name, bag.size)
            start += bag.width
        for place, sequence in enumerate(schema.sequences):
            _check_ids(self.history[:, :, place].ravel(), sequence.name, sequence.size)
        for place, number in enumerate(schema.numbers):
            _check_finite(self.numbers[:, place], number.name, missing=True)
        if not np.isfinite(self.vectors).all() or not np.isfinite(self.bag_weights).all():
            raise SchemaError("a vector or a bag's weight is NaN or infinite; mend the table.")
        for name, label in self.labels.items():
            _check_label(label, name)
        check_weights(self.weight, "the weight of rows")
        return self


def empty_side(rows: int) -> dict[str, Any]:
    """The columns of samples that have neither numbers nor bags nor vectors nor histories."""
    none = np.empty((rows, 0), np.float32)
    return {
        "numbers": none,
        "bags": np.empty((rows, 0), np.int64),
        "bag_weights": none,
        "vectors": none,
        "history": np.zeros((1, 0, 0), np.int64),
        "history_length": np.zeros(1, np.int64),
        "history_row": np.zeros(rows, np.int64),
    }


def joined(parts: Sequence[Samples]) -> Samples:
    """Samples one under the other; there is at least one part."""
    starts = np.cumsum([0, *(len(part.history) for part in parts[:-1])])
    moved = [
        replace(part, history_row=part.history_row + start)
        for part, start in zip(parts, starts, strict=True)
    ]
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in moved])
        for field in fields(Samples)
        if field.name != "labels"
    }
    labels = {
        name: np.concatenate([part.labels[name] for part in parts]) for name in parts[0].labels
    }
    return Samples(labels=labels, **columns)


def check_weights(weight: Singles, what: str, first: int = 0) -> None:
    """Rows (N,), before which there are `first` others, weigh something or nothing.

    Raises:
        SchemaError: a weight is negative, missing or infinite.
    """
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SchemaError(
            f"{what} is {weight[row]} in row {first + row}; a weight is a number, 0 or more: mend "
            "the table."
        )


def _check_ids(ids: Ints, name: str, size: int) -> None:
    if not len(ids):
        return
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= size:
        wrong = low if low < 0 else high
        row = int(np.argmax(ids == wrong))
        raise SchemaError(
            f"field {name!r} has id {wrong} at place {row}, its vocabulary has {size} ids; the "
            "rows were encoded with another vocabulary. Encode them with this bundle's own."
        )


def _check_finite(numbers: Singles, name: str, *, missing: bool) -> None:
    wrong = np.isinf(numbers) if missing else ~np.isfinite(numbers)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SchemaError(f"field {name!r} is {numbers[row]} in row {row}; mend or leave it empty.")


def _check_label(label: Singles, name: str) -> None:
    wrong = (label < 0) | (label > 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SchemaError(f"label {name!r} is {label[row]} in row {row}; a label is in 0 … 1.")
