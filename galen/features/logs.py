"""What each user did and was shown, in order of moments: read by requests, written by events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import places_in_runs
from galen.pipeline.candidates import Histories

FIELDS: Final = 4  # item, kind, at, packs
PACK: Final = 1000  # packs are kept as whole thousandths, so that a log is one table of integers


def packed(
    requests: int, request: Ints, item: Ints, kind: Ints, at: Ints, quantity: Floats
) -> Histories:
    """Events of requests 0 … requests - 1, whose rows are grouped by request, as histories."""
    offsets = np.zeros(requests + 1, np.int64)
    np.cumsum(np.bincount(request, minlength=requests), out=offsets[1:])
    return Histories(offsets, item, kind, at, quantity)


@dataclass(frozen=True, slots=True)
class _Bulk:
    """The events that were there at the start, sorted by (user, at)."""

    offsets: Ints  # (users + 1,)
    item: np.ndarray[tuple[int], np.dtype[np.int32]]
    kind: np.ndarray[tuple[int], np.dtype[np.int8]]
    at: Ints
    packs: Ints  # in thousandths


class _OneLog:
    """One user's events since they were last changed; late events are put in their place."""

    __slots__ = ("room", "size")

    def __init__(self, events: Ints) -> None:
        """Take (FIELDS, E) events in order."""
        self.size = events.shape[1]
        self.room = events

    def put(self, item: int, kind: int, at: int, packs: int) -> None:
        if self.size == self.room.shape[1]:
            room = np.empty((FIELDS, max(8, 2 * self.size)), np.int64)
            room[:, : self.size] = self.room
            self.room = room
        place = self.size
        if place and self.room[2, place - 1] > at:
            place = int(np.searchsorted(self.room[2, : self.size], at, side="right"))
            self.room[:, place + 1 : self.size + 1] = self.room[:, place : self.size].copy()
        self.room[:, place] = (item, kind, at, packs)
        self.size += 1

    @property
    def events(self) -> Ints:
        return self.room[:, : self.size]


class UserLogs:
    """Every user's events, impressions too. Users who wrote since the start are kept apart."""

    def __init__(self) -> None:
        empty = np.empty(0, np.int64)
        self._bulk = _Bulk(
            np.zeros(1, np.int64), empty.astype(np.int32), empty.astype(np.int8), empty, empty
        )
        self._changed: dict[int, _OneLog] = {}

    @classmethod
    def replay(cls, data: Dataset) -> "UserLogs":
        """Logs of a dataset's events; its columns are kept, not copied, until changed."""
        logs = cls()
        packs = _thousandths(data.packs)
        logs._bulk = _Bulk(data.offsets, data.item, data.kind, data.at, packs)
        return logs

    def events(self, user: int) -> Ints:
        """(FIELDS, E) of a user's events, oldest first; none where unknown.

        Item, kind, at, and packs in thousandths.
        """
        changed = self._changed.get(user)
        if changed is not None:
            return changed.events
        bulk = self._bulk
        if not 0 <= user < len(bulk.offsets) - 1:
            return np.empty((FIELDS, 0), np.int64)
        rows = slice(int(bulk.offsets[user]), int(bulk.offsets[user + 1]))
        return np.stack([bulk.item[rows], bulk.kind[rows], bulk.at[rows], bulk.packs[rows]])

    def of_takers(self, items: Ints) -> tuple[Ints, Ints]:
        """Whole logs of everybody with an event of one of these items: (E,) users, (FIELDS, E)."""
        hits = np.flatnonzero(np.isin(self._bulk.item, items))
        users = np.unique(np.searchsorted(self._bulk.offsets, hits, side="right") - 1).tolist()
        known = [user for user in users if user not in self._changed]
        known += [u for u, log in self._changed.items() if np.isin(log.events[0], items).any()]
        parts = [self.events(user) for user in known]
        who = np.repeat(np.array(known, np.int64), [part.shape[1] for part in parts])
        return who, np.concatenate([np.empty((FIELDS, 0), np.int64), *parts], axis=1)

    def write(self, user: int, item: int, kind: int, at: int, packs: float | None = None) -> None:
        """Put an event in its place; packs that are not told are one."""
        log = self._changed.get(user)
        if log is None:
            log = self._changed[user] = _OneLog(self.events(user))
        count = np.array([np.nan if packs is None else packs])
        log.put(item, kind, at, int(_thousandths(count)[0]))

    def forget(self, user: int) -> None:
        """Take out all that a user did; what is written later begins a new log."""
        self._changed[user] = _OneLog(np.empty((FIELDS, 0), np.int64))

    def before(self, user: Ints, at: Ints) -> Histories:
        """The events of each request's user strictly before its moment, oldest first."""
        few = 0 < len(user) < 8
        if few or (self._changed and any(int(u) in self._changed for u in user)):
            return self._before_one_by_one(user, at)
        bulk = self._bulk
        known = (user >= 0) & (user < len(bulk.offsets) - 1)
        who = np.where(known, user, 0)
        first = bulk.offsets[who]
        length = np.where(
            known, bulk.offsets[np.minimum(who + 1, len(bulk.offsets) - 1)] - first, 0
        )
        request = np.repeat(np.arange(len(user)), length)
        rows = places_in_runs(first, length)
        moment = bulk.at[rows]
        past = moment < at[request]
        rows, request = rows[past], request[past]
        item, kind = bulk.item[rows].astype(np.int64), bulk.kind[rows].astype(np.int64)
        return packed(len(user), request, item, kind, moment[past], bulk.packs[rows] / PACK)

    def _before_one_by_one(self, user: Ints, at: Ints) -> Histories:
        parts = []
        for who, moment in zip(user.tolist(), at.tolist(), strict=True):
            events = self.events(who)
            parts.append(events[:, : int(np.searchsorted(events[2], moment, side="left"))])
        return _joined(parts)


def _joined(parts: Sequence[Ints]) -> Histories:
    length = [part.shape[1] for part in parts]
    item, kind, at, packs = np.concatenate(parts, axis=1)
    offsets = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    return Histories(offsets, item, kind, at, packs / PACK)


def _thousandths(packs: Floats) -> Ints:
    """Of packs as they were told; one where none is."""
    with np.errstate(invalid="ignore"):
        known = np.where(packs > 0, np.minimum(packs, 1e12), 1.0)
    return np.asarray(np.maximum(np.rint(known * PACK), 1), dtype=np.int64)
