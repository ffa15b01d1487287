"""Histories that were read once and go on, item by item, with what is placed after them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Floats, Ints
from galen.nn.sequences.context import Asked
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.reader import Read, Reader

BLOCK: Final = 256  # histories that go on together

Score = Callable[[Tensor, Tensor], Tensor]  # states (P, width), items (P, m) -> (P, m)


@dataclass(frozen=True, slots=True)
class Continuing:
    """P histories of one length. An item that is placed is read as an event of the newest kind.

    One that the vectors do not have scores NaN, and is read as an event of no item. Histories as
    long as the backbone reads begin anew from their newest events.
    """

    reader: Reader
    vectors: Tensor  # (items, width)
    score: Score
    item: Tensor  # (P, L) of events, -1 for no item
    kind: Tensor  # (P, L)
    at: Tensor  # (P, L)
    states: Tensor  # (P, width)
    read: Read
    asked: Asked  # (P,) when and where items are placed

    @torch.inference_mode()
    def scores(self, item: Ints) -> Floats:
        """(P, m) of items (P, m)."""
        known = (item >= 0) & (item < len(self.vectors))
        found = self.score(self.states, torch.from_numpy(np.where(known, item, 0)))
        return np.where(known, found.numpy(), np.nan).astype(np.float64)

    @torch.inference_mode()
    def after(self, item: Ints) -> "Continuing":
        """With one more item (P,) each."""
        known = (item >= 0) & (item < len(self.vectors))
        placed = torch.from_numpy(np.where(known, item, -1))
        asked, length, done = self.asked, self.reader.length, self.kind[:, -1]
        whole = _grown(self.item, placed, length)
        kind, at = _grown(self.kind, done, length), _grown(self.at, asked.at, length)
        if self.read.kept.events < length:
            vectors = _of(self.vectors, placed)
            states, read = self.reader.extend(vectors, done, asked.at, self.read, asked)
        else:
            states, read = self.reader.keep(_of(self.vectors, whole), kind, at, asked)
        return replace(self, item=whole, kind=kind, at=at, states=states, read=read)


def continuing(
    columns: Columns, asked: Asked, reader: Reader, vectors: Tensor, score: Score
) -> Iterator[tuple[Ints, Continuing]]:
    """The rows (P,) of histories with an event, those of one length together, each read once.

    `asked` (R,) is when and where items are placed after them.
    """
    lengths = np.diff(columns.offsets)
    for length in np.unique(lengths[lengths > 0]):
        alike = np.flatnonzero(lengths == length)
        for start in range(0, len(alike), BLOCK):
            rows = alike[start : start + BLOCK]
            mine, shape = columns.of(rows), (len(rows), int(length))
            item, kind = (torch.from_numpy(c).view(shape) for c in (mine.item, mine.kind))
            at = torch.from_numpy(mine.at).view(shape)
            own = asked.take(torch.from_numpy(rows))
            with torch.inference_mode():
                states, read = reader.keep(vectors[item], kind, at, own)
            yield rows, Continuing(reader, vectors, score, item, kind, at, states, read, own)


def _of(vectors: Tensor, item: Tensor) -> Tensor:
    """(…, width) of items (…); zeros for no item."""
    return vectors[item.clamp_min(0)] * (item >= 0)[..., None]


def _grown(old: Tensor, newest: Tensor, length: int) -> Tensor:
    """(P, L) and one more each (P,), the newest `length` of them."""
    return torch.cat([old, newest[:, None]], dim=1)[:, -length:]
