"""Histories in memory as mini-batches that teach what comes next."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from galen.data.arrays import Bools, Floats, Ints
from galen.nn.learning.passes import mixed
from galen.nn.sequences.context import Asked
from galen.nn.sequences.jagged import layout_of
from galen.nn.sequences.next_item import NextInputs, NextLesson
from galen.nn.sequences.packed_events import Events


@dataclass(frozen=True)
class Columns:
    """Events of people under each other, oldest first: those of p are offsets[p] … offsets[p+1]."""

    offsets: Ints  # (P + 1,)
    item: Ints  # (E,)
    kind: Ints  # (E,)
    at: Floats  # (E,) seconds; 0 where only the order is known
    surface: Ints | None = None  # (E,) -1 where not known; None where of no event
    user: Ints | None = None  # (P,) rows of users, -1 where not known; None where of nobody

    def newest(self, length: int) -> "Columns":
        """The newest `length` events of everybody."""
        lengths = np.diff(self.offsets)
        place = np.arange(len(self.item)) - np.repeat(self.offsets[:-1], lengths)
        kept = place >= np.repeat(np.maximum(lengths - length, 0), lengths)
        return self.take(kept)

    def take(self, kept: Bools) -> "Columns":
        """The events where `kept` (E,) is true."""
        ends = np.concatenate([[0], np.cumsum(kept)])
        return self._rows(ends[self.offsets], np.flatnonzero(kept), self.user)

    def of(self, people: Ints) -> "Columns":
        """The histories of some people, in this order."""
        starts, lengths = self.offsets[people], np.diff(self.offsets)[people]
        return self.spans(people, starts, lengths)

    def spans(self, people: Ints, starts: Ints, lengths: Ints) -> "Columns":
        """Histories (n,) of people (n,): so many events from these rows on."""
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        rows = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return self._rows(offsets, rows, None if self.user is None else self.user[people])

    def events(self, asked: Asked | None = None) -> Events:
        """As tensors; every history has one event at least. `asked` is of each history."""
        layout = layout_of(torch.from_numpy(np.diff(self.offsets)))
        return Events(
            torch.from_numpy(self.item),
            torch.from_numpy(self.kind),
            torch.from_numpy(self.at),
            layout,
            None if asked is None else asked.spread(layout),
        )

    def moments(self, rows: Ints) -> Asked:
        """When and where the events of these rows happened, and to whom."""
        unknown = np.full(len(rows), -1)
        surface = unknown if self.surface is None else self.surface[rows]
        history = np.searchsorted(self.offsets, rows, side="right") - 1
        user = unknown if self.user is None else self.user[history]
        return Asked(*map(torch.from_numpy, (self.at[rows], surface, user)))

    def _rows(self, offsets: Ints, rows: Ints, user: Ints | None) -> "Columns":
        surface = None if self.surface is None else self.surface[rows]
        return Columns(offsets, self.item[rows], self.kind[rows], self.at[rows], surface, user)


@dataclass(frozen=True)
class NextItemSource:
    """Every place of every history with the item that follows it; people in another order each
    epoch, negatives drawn anew for each mini-batch, all as the seed decides.

    A share `popular` of the negatives is drawn as often as items were taken, the rest all alike.
    Where `among` is given, no other items are drawn as negatives.
    With `stochastic` below 2, a history of n events above length^(stochastic / 2) is thinned to
    that many with probability 1 - length^stochastic / n² (Zhai et al., ICML 2024).
    """

    columns: Columns  # histories of two events or more
    items: int
    batch: int  # histories
    length: int
    negatives: int
    popular: float
    stochastic: float
    seed: int
    among: Ints | None = None

    @property
    def rows(self) -> int:
        return len(self.columns.offsets) - 1

    def lessons(self, epoch: int, skip: int) -> Iterator[NextLesson]:
        """Mini-batches of an epoch without its first `skip`."""
        chance = self._chance()
        drawn = torch.from_numpy(np.log(chance * self.negatives + 1e-12).astype(np.float32))
        for people, random in mixed(self.rows, self.batch, self.seed, epoch, skip):
            yield self._lesson(people, drawn, random)

    def _lesson(self, people: Ints, drawn: torch.Tensor, random: np.random.Generator) -> NextLesson:
        columns = self._thinned(self.columns.of(people).newest(self.length + 1), random)
        last = np.zeros(len(columns.item), bool)
        last[columns.offsets[1:] - 1] = True
        first = np.zeros(len(columns.item), bool)
        first[columns.offsets[:-1]] = True
        wanted = np.flatnonzero(~first)
        events = columns.take(~last).events()._replace(asked=columns.moments(wanted))
        inputs = NextInputs(
            events,
            torch.from_numpy(columns.item[wanted]),
            torch.from_numpy(columns.kind[wanted]),
            torch.from_numpy(self._negatives(random)),
            drawn,
        )
        return NextLesson(inputs, torch.ones(len(wanted)))

    def _negatives(self, random: np.random.Generator) -> Ints:
        taken = round(self.popular * self.negatives)
        alike = random.integers(0, self._drawn, self.negatives - taken)
        alike = alike if self.among is None else self.among[alike]
        places = random.integers(0, len(self.columns.item), taken)
        return np.concatenate([alike, self.columns.item[places]])

    def _chance(self) -> Floats:
        """(items,): how likely each is as one negative."""
        counts = np.bincount(self.columns.item, minlength=self.items)
        share: Floats = self.popular * counts / max(len(self.columns.item), 1)
        return share + (1 - self.popular) / self._drawn

    @property
    def _drawn(self) -> int:
        """How many items negatives are drawn from."""
        return self.items if self.among is None else len(self.among)

    def _thinned(self, columns: Columns, random: np.random.Generator) -> Columns:
        lengths = np.diff(columns.offsets)
        kept = max(2, int(self.length ** (self.stochastic / 2)))
        if self.stochastic >= 2 or not (lengths > kept).any():
            return columns
        chance = 1 - self.length**self.stochastic / np.maximum(lengths, 1) ** 2.0
        thin = (lengths > kept) & (random.random(len(lengths)) < chance)
        noise = random.random(len(columns.item))
        person = np.repeat(np.arange(len(lengths)), lengths)
        order = np.lexsort((noise, person))
        rank = np.empty(len(noise), np.int64)
        rank[order] = np.arange(len(noise)) - columns.offsets[:-1][person[order]]
        return columns.take(~thin[person] | (rank < kept))
