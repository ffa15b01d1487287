"""Histories that were read once and go on, item by item, with what is placed after them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from galen.nn.backbones.backbone import Kept
from galen.nn.histories import Columns, Floats, Ints
from galen.nn.next_item import Reader

BLOCK: Final = 256  # histories that go on together

Score = Callable[[Tensor, Tensor], Tensor]  # states (P, width), items (P, m) -> (P, m)


@dataclass(frozen=True, slots=True)
class Continuing:
    """P histories of one length. An item that is placed is read as an event of the newest kind.

    One that the vectors do not have scores NaN, and is read as an event of no item.
    """

    reader: Reader
    vectors: Tensor  # (items, width)
    score: Score
    states: Tensor  # (P, width)
    kept: Kept
    kind: Tensor  # (P,)
    at: Tensor  # (P,) when items are placed

    @torch.inference_mode()
    def scores(self, item: Ints) -> Floats:
        """(P, m) of items (P, m)."""
        known = (item >= 0) & (item < len(self.vectors))
        told = self.score(self.states, torch.from_numpy(np.where(known, item, 0)))
        return np.where(known, told.numpy(), np.nan).astype(np.float64)

    @torch.inference_mode()
    def after(self, item: Ints) -> "Continuing":
        """With one more item (P,) each.

        Raises:
            ValueError: the histories are as long as the backbone reads.
        """
        known = torch.from_numpy((item >= 0) & (item < len(self.vectors)))
        vectors = self.vectors[torch.from_numpy(item).where(known, 0)] * known[:, None]
        states, kept = self.reader.extend(vectors, self.kind, self.at, self.kept)
        return replace(self, states=states, kept=kept)


def continuing(
    columns: Columns, now: Floats, reader: Reader, vectors: Tensor, score: Score
) -> Iterator[tuple[Ints, Continuing]]:
    """The rows (P,) of histories with an event, those of one length together, each read once.

    `now` (R,) is when items are placed after them.
    """
    lengths = np.diff(columns.offsets)
    for length in np.unique(lengths[lengths > 0]):
        alike = np.flatnonzero(lengths == length)
        for start in range(0, len(alike), BLOCK):
            rows = alike[start : start + BLOCK]
            mine, shape = columns.of(rows), (len(rows), int(length))
            item, kind = (torch.from_numpy(c).view(shape) for c in (mine.item, mine.kind))
            at = torch.from_numpy(mine.at).view(shape)
            with torch.inference_mode():
                states, kept = reader.keep(vectors[item], kind, at)
            later = torch.from_numpy(now[rows])
            yield rows, Continuing(reader, vectors, score, states, kept, kind[:, -1], later)
