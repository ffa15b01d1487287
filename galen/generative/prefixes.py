"""Histories as mini-batches of beginnings, each with the item that followed it.

An encoder that sees a whole history cannot learn from all its places at once, as a causal one does:
what follows must not be read. So each history is cut at places drawn anew each epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Ints
from galen.nn.learning.distributed import dealt
from galen.nn.learning.passes import mixed
from galen.nn.sequences.context import Asked
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.packed_events import Events

UNKNOWN: Final = 0.1
"""Share of beginnings that are read as of nobody, so that the token of the unknown learns."""


class PrefixInputs(NamedTuple):
    """Beginnings of histories, and what followed each."""

    events: Events  # of R beginnings
    asked: Asked  # when, where and by whom what followed was asked for
    wanted: Tensor  # (R,) the item that followed

    def to(self, device: torch.device) -> "PrefixInputs":
        """The same prefixes on a device."""
        return PrefixInputs(self.events.to(device), self.asked.to(device), self.wanted.to(device))


class PrefixLesson(NamedTuple):
    """One mini-batch of beginnings to learn from."""

    inputs: PrefixInputs
    weight: Tensor  # (R,)

    @property
    def labels(self) -> Tensor:
        return self.inputs.wanted

    def to(self, device: torch.device) -> "PrefixLesson":
        return PrefixLesson(self.inputs.to(device), self.weight.to(device))

    def share(self, rank: int, count: int) -> "PrefixLesson":
        """Every `count`-th beginning; a process that would get none has one of no weight."""
        if count == 1:
            return self
        rows, weight = dealt(len(self.weight), self.weight, rank, count)
        events, _ = self.inputs.events.of(rows)
        inputs = PrefixInputs(events, self.inputs.asked.take(rows), self.inputs.wanted[rows])
        return PrefixLesson(inputs, weight[rows])


@dataclass(frozen=True)
class PrefixSource:
    """At most `targets` places of each history an epoch, drawn without putting back; people in
    another order each epoch, all as the seed decides."""

    columns: Columns  # histories of two events or more
    batch: int  # histories
    length: int  # newest events of a beginning that are read
    targets: int
    seed: int

    @property
    def rows(self) -> int:
        return len(self.columns.offsets) - 1

    def lessons(self, epoch: int, skip: int) -> Iterator[PrefixLesson]:
        """Mini-batches of an epoch without its first `skip`."""
        for people, random in mixed(self.rows, self.batch, self.seed, epoch, skip):
            yield self._lesson(people, random)

    def _lesson(self, people: Ints, random: np.random.Generator) -> PrefixLesson:
        columns = self.columns.of(people)
        row, person = self._drawn(columns, random)
        start = np.maximum(columns.offsets[person], row - self.length)
        before = columns.spans(person, start, row - start)
        asked = columns.moments(row)
        unknown = torch.from_numpy(random.random(len(row)) < UNKNOWN)
        asked = asked._replace(user=asked.user.masked_fill(unknown, -1))
        wanted = torch.from_numpy(columns.item[row])
        inputs = PrefixInputs(before.events(), asked, wanted)
        return PrefixLesson(inputs, torch.ones(len(row)))

    def _drawn(self, columns: Columns, random: np.random.Generator) -> tuple[Ints, Ints]:
        """Rows of events that are wanted, never the first of a history, and whose they are."""
        person = np.repeat(np.arange(len(columns.offsets) - 1), np.diff(columns.offsets))
        noise = random.random(len(person))
        noise[columns.offsets[:-1]] = 2.0  # ranks last
        order = np.lexsort((noise, person))
        rank = np.arange(len(order)) - columns.offsets[:-1][person[order]]
        kept = np.sort(order[(rank < self.targets) & (noise[order] < 1)])
        return kept, person[kept]
