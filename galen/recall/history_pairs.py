"""Pairs of a history and the item that came next, as mini-batches with hard negatives."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from galen.data.arrays import Bools, Ints
from galen.data.lookup import places_of
from galen.nn.learning.passes import mixed
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut, judged
from galen.nn.sequences.two_tower import PairLesson, Pairs, TwoTower


@dataclass(frozen=True)
class PairSource:
    """Every event but each person's first, in another order each epoch, as the seed decides.

    Hard negatives are drawn among the graph's neighbours of the newest item of a history; what the
    person took at any time is none.
    """

    columns: Columns  # histories of two events or more
    graph: sparse.csr_array  # (items, items) whose rows hold an item's neighbours
    batch: int
    length: int  # newest items that are read
    hard: int
    seed: int

    @property
    def rows(self) -> int:
        return len(self.columns.item) - (len(self.columns.offsets) - 1)

    def lessons(self, epoch: int, skip: int) -> Iterator[PairLesson]:
        """Mini-batches of an epoch without its first `skip`."""
        lengths = np.diff(self.columns.offsets)
        person = np.repeat(np.arange(len(lengths)), lengths)
        place = np.arange(len(person)) - self.columns.offsets[person]
        items = self.graph.shape[0]
        taken = np.unique(person * items + self.columns.item)
        events = np.flatnonzero(place)
        for chosen, random in mixed(len(events), self.batch, self.seed, epoch, skip):
            rows = events[chosen]
            hard = self._neighbours(self.columns.item[rows - 1], random)
            keys = person[rows][:, None] * items + hard
            hard[(hard >= 0) & (places_of(taken, keys) >= 0)] = -1
            history = newest_first(self.columns.item, rows, place[rows], self.length)
            wanted = torch.from_numpy(self.columns.item[rows])
            pairs = Pairs(torch.from_numpy(history), wanted, torch.from_numpy(hard))
            yield PairLesson(pairs, torch.ones(len(rows)))

    def _neighbours(self, items: Ints, random: np.random.Generator) -> Ints:
        """(B, hard) neighbours of items (B,), -1 where an item has none."""
        start, count = self.graph.indptr[items], np.diff(self.graph.indptr)[items]
        drawn = (random.random((len(items), self.hard)) * count[:, None]).astype(np.int64)
        if not len(self.graph.indices):
            return np.full(drawn.shape, -1, np.int64)
        place = np.minimum(start[:, None] + drawn, len(self.graph.indices) - 1)
        return np.where(count[:, None] > 0, self.graph.indices[place], -1).astype(np.int64)


def newest_first(items: Ints, end: Ints, known: Ints, length: int) -> Ints:
    """(B, length) items just before rows `end` (B,), `known` (B,) of them at most, then -1."""
    back = np.arange(length)
    rows = np.maximum(end[:, None] - 1 - back, 0)
    return np.where(back < known[:, None], items[rows], -1)


@dataclass(frozen=True)
class PairJudge:
    """NDCG@10 of what was held out, as the channel finds it, and its log-loss."""

    held_out: HeldOut
    length: int  # newest items that are read
    repeat: bool  # may the channel find what was taken before?
    findable: Bools | None = None  # (items,) what the channel can find at all; None is all

    def __call__(self, network: nn.Module) -> dict[str, float]:
        assert isinstance(network, TwoTower)
        network.eval()
        before, device = self.held_out.before, network.log_share.device
        known = np.diff(before.offsets)
        with torch.inference_mode():
            answers = network.answers(torch.arange(network.items.items, device=device)).T

            def scores(people: Ints) -> Tensor:
                ends = before.offsets[1:][people]
                history = newest_first(before.item, ends, known[people], self.length)
                asked = network.asked(torch.from_numpy(history).to(device))
                return (asked @ answers) / network.temperature

            items, findable = network.items.items, self.findable
            return judged(self.held_out, scores, items, repeat=self.repeat, findable=findable)
