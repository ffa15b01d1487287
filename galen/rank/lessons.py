"""Encoded samples in memory as mini-batches of tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from galen.data.arrays import Ints
from galen.features.encoding.samples import Samples
from galen.nn.inputs import Inputs, SampleLesson


@dataclass(frozen=True)
class InMemory:
    """Samples that fit in memory, in another order each epoch, as the seed decides."""

    samples: Samples
    objectives: Sequence[str]
    batch: int
    seed: int

    @property
    def rows(self) -> int:
        return len(self.samples)

    def lessons(self, epoch: int, skip: int) -> Iterator[SampleLesson]:
        """Mini-batches of an epoch; the last may be smaller, but a rest of one row is left out."""
        order = np.random.default_rng((self.seed, epoch)).permutation(self.rows)
        for start in range(skip * self.batch, self.rows, self.batch):
            rows = order[start : start + self.batch]
            if len(rows) == 1 and start:  # batch norm has no spread of one row
                return
            yield lesson_of(self.samples, rows, self.objectives)


def lesson_of(samples: Samples, rows: Ints, objectives: Sequence[str]) -> SampleLesson:
    """Some rows to learn from."""
    labels = np.stack([samples.labels[name][rows] for name in objectives], axis=1)
    weight = torch.from_numpy(samples.weight[rows])
    return SampleLesson(inputs_of(samples, rows), torch.from_numpy(labels), weight)


def in_order(samples: Samples, batch: int = 8192) -> Iterator[Inputs]:
    """All rows as they stand, to be scored."""
    for start in range(0, len(samples), batch):
        yield inputs_of(samples, slice(start, start + batch))


def inputs_of(samples: Samples, rows: Ints | slice) -> Inputs:
    """Some rows as tensors; only the histories that they need go along."""
    part = samples.take(rows)
    history, length, row = part.history, part.history_length, part.history_row
    if history.shape[2]:
        needed, row = np.unique(row, return_inverse=True)
        length = length[needed]
        history = history[needed, : max(1, int(length.max(initial=1)))]
        if not history.shape[1]:  # nobody has one: a recurrent layer needs a place all the same
            history = np.zeros((len(history), 1, history.shape[2]), np.int64)
    columns = (
        part.categories,
        part.numbers,
        part.bags,
        part.bag_weights,
        part.vectors,
        history,
        length,
        row,
    )
    return Inputs(*(torch.from_numpy(np.ascontiguousarray(column)) for column in columns))
