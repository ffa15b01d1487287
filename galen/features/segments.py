"""Counting the events of a key by two cumulative sums, for many keys at once."""

from dataclasses import dataclass, field

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.features.feature import Kinds
from galen.pipeline.candidates import Histories

NEVER = -1  # the moment of an event that did not happen


@dataclass(slots=True)
class Segments:
    """Events grouped by key and, within a key, in order of moments; `low` … `high` of each row."""

    kind: Ints  # (H,)
    at: Ints  # (H,)
    item: Ints  # (H,)
    request: Ints  # (H,)
    low: Ints  # (rows,)
    high: Ints  # (rows,)
    _masks: dict[Kinds, Bools] = field(default_factory=dict)

    @classmethod
    def by_request(cls, log: Histories) -> "Segments":
        """One row a request: all its events."""
        return cls(log.kind, log.at, log.item, log.request, log.offsets[:-1], log.offsets[1:])

    @classmethod
    def by_code(cls, log: Histories, of_event: Ints, request: Ints, of_row: Ints) -> "Segments":
        """One row per (request, code): the request's events with that code.

        Codes are -1 or more; `of_event` (H,) and `request`, `of_row` (rows,).
        """
        width = max(int(of_event.max(initial=-1)), int(of_row.max(initial=-1))) + 2
        who = log.request
        key = who * width + of_event + 1
        order = np.argsort(key, kind="stable")
        key = key[order]
        wanted = request * width + of_row + 1
        return cls(
            log.kind[order],
            log.at[order],
            log.item[order],
            who[order],
            np.searchsorted(key, wanted, side="left"),
            np.searchsorted(key, wanted, side="right"),
        )

    def of(self, kinds: Kinds) -> Bools:
        """(H,): events of these kinds."""
        mask = self._masks.get(kinds)
        if mask is None:
            mask = np.zeros(len(self.kind), bool)
            for kind in kinds:
                mask |= self.kind == int(kind)
            self._masks[kinds] = mask
        return mask

    def sums(self, values: Floats | Bools) -> Floats:
        """(rows,): the sum of the values (H,) of each row's events."""
        if not len(values):
            return np.zeros(len(self.low))
        running = np.zeros(len(values) + 1)
        np.cumsum(values, out=running[1:])
        return running[self.high] - running[self.low]

    def last(self, kinds: Kinds) -> Ints:
        """(rows,): the moment of each row's last event of these kinds, or NEVER."""
        if not len(self.kind):
            return np.full(len(self.low), NEVER)
        places = np.where(self.of(kinds), np.arange(len(self.kind)), -1)
        found = np.maximum.accumulate(places)[self.high - 1]
        return np.where((found >= self.low) & (self.high > self.low), self.at[found], NEVER)
