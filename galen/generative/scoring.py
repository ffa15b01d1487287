"""A generator asked about items that others propose: how likely it would write each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Floats, Ints
from galen.generative.writing import Writer
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True)
class WrittenAnswer:
    """What a generator thinks of items; histories are read when it is first asked."""

    requests: Requests
    writer: Writer
    write: Callable[[Requests, int], Candidates]
    read: Callable[[Requests], tuple[Tensor, Ints]]  # states, and the requests they are of

    def best(self, k: int) -> Candidates:
        return self.write(self.requests, k)

    @cached_property
    def _asked(self) -> tuple[Tensor, Ints]:
        """States, and (R,) the state of each request or -1."""
        states, asking = self.read(self.requests)
        place = np.full(len(self.requests), -1)
        place[asking] = np.arange(len(asking))
        return states, place

    def scores(self, candidates: Candidates, block: int = 32) -> Floats:
        """(N,); NaN for people without a history and for items without a semantic id.

        Items are asked about for `block` people at a time, so that memory is bounded.
        """
        out = np.full(len(candidates), np.nan)
        if not len(candidates):
            return out
        states, place = self._asked
        of = place[candidates.request]
        rows = np.flatnonzero((of >= 0) & (candidates.item < len(self.writer.items)))
        rows = rows[np.argsort(of[rows], kind="stable")]
        starts = range(0, len(states), block)
        bounds = np.searchsorted(of[rows], [*starts, len(states)])
        for start, (first, last) in zip(starts, pairwise(bounds), strict=True):
            part = rows[first:last]
            row = torch.from_numpy(of[part] - start)
            item = torch.from_numpy(candidates.item[part])
            out[part] = self.writer.scores_of_rows(states[start : start + block], row, item).numpy()
        return out
