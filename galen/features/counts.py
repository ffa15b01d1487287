"""What the store counts of items: events per key and day, and intervals between purchases."""

from collections.abc import Sequence

import numpy as np

from galen.data.arrays import Floats, Ints
from galen.data.catalogue import Catalogue
from galen.data.growing import Growing
from galen.data.schema import Kind
from galen.features.feature import AttributeKey

KINDS = len(Kind)
SLACK = 8  # days that a moment may lie before the newest event and still find its windows


def codes_of(catalogue: Catalogue, key: AttributeKey, item: Ints) -> Ints:
    """(N,): the code of each item under a key, -1 where unknown."""
    return item if key == "item" else np.asarray(getattr(catalogue, key))[item]


def size_of(catalogue: Catalogue, key: AttributeKey) -> int:
    """One more than the highest code of a key."""
    if key == "item":
        return len(catalogue)
    return catalogue.spus if key == "spu" else len(getattr(catalogue, f"{key}_words"))


class DayCounts:
    """Cumulative counts per (key, kind).

    A window is count now - count at the start of its first day, so an event in order changes one
    number, and an event that comes late changes the starts of the days after its own.
    """

    def __init__(self, kinds: Sequence[int], longest: int) -> None:
        """Keep the starts of days for these kinds, for windows up to `longest` days."""
        self._column = {kind: place for place, kind in enumerate(kinds)}
        self._ring = longest + SLACK if longest else 0
        self._totals = np.zeros((0, KINDS), np.int32)
        self._starts = np.zeros((self._ring, 0, len(kinds)), np.int32)  # slot = day % ring
        self._newest: int | None = None  # day of the newest event

    def reserve(self, keys: int) -> None:
        """Make room for keys 0 … keys - 1."""
        room = len(self._totals)
        if keys <= room:
            return
        more = max(keys, room + room // 2) - room
        self._totals = np.pad(self._totals, ((0, more), (0, 0)))
        self._starts = np.pad(self._starts, ((0, 0), (0, more), (0, 0)))

    def replay(self, key: Ints, kind: Ints, day: Ints, keys: int) -> None:
        """Count many events at once, on counts that are empty; key -1 is no key."""
        self.reserve(keys)
        known = key >= 0
        key, kind, day = key[known], kind[known], day[known]
        if not len(key):
            return
        room = len(self._totals)
        flat = np.bincount(key * KINDS + kind, minlength=room * KINDS)
        self._totals[:] = flat.reshape(room, KINDS)
        newest = int(day.max())
        self._newest = newest
        if not self._ring:
            return
        back = newest - day
        for wanted, column in self._column.items():
            rows = (kind == wanted) & (back < self._ring)
            place = back[rows] * room + key[rows]
            by_day = np.bincount(place, minlength=self._ring * room).reshape(self._ring, room)
            since = np.cumsum(by_day, axis=0)
            slots = (newest - np.arange(self._ring)) % self._ring
            self._starts[slots, :, column] = self._totals[:, wanted] - since

    def add(self, key: int, kind: int, day: int, amount: int = 1) -> None:
        """Count one event, or with amount -1 take it back."""
        if key < 0:
            return
        self.reserve(key + 1)
        if self._ring:
            self._roll(day)
        self._totals[key, kind] += amount
        column = self._column.get(kind)
        if column is None or not self._ring:
            return
        assert self._newest is not None
        first = max(day + 1, self._newest - self._ring + 1)
        if first <= self._newest:
            slots = np.arange(first, self._newest + 1) % self._ring
            self._starts[slots, key, column] += amount

    def move(self, of: "DayCounts", key: int, before: int, after: int) -> None:
        """Count under `after`, no longer `before`, what `of` with the same windows has of a key."""
        days = [one._newest for one in (self, of) if one._newest is not None]
        of.reserve(key + 1)
        for code, amount in ((before, -1), (after, 1)):
            if code < 0:
                continue
            self.reserve(code + 1)
            for one in (self, of) if self._ring and days else ():
                one._roll(max(days))
            self._totals[code] += amount * of._totals[key]
            self._starts[:, code] += amount * of._starts[:, key]

    def _roll(self, day: int) -> None:
        """Start the days up to this one, with what was counted by then."""
        if self._newest is None:
            self._newest = day
        for start in range(max(self._newest + 1, day - self._ring + 1), day + 1):
            self._starts[start % self._ring] = self._totals[:, list(self._column)]
        self._newest = max(self._newest, day)

    def total(self, key: Ints) -> Floats:
        """(kinds, N): all events of each key; keys must have been reserved."""
        return np.asarray(self._totals[key].T, dtype=np.float64)

    def before_day(self, key: Ints, day: Ints) -> Floats:
        """(kinds, N): events before a day; NaN where it is too long ago or has no windows."""
        newest = self._newest
        if newest is None:
            return np.zeros((KINDS, len(key)))
        counts = np.full((KINDS, len(key)), np.nan)
        counts[list(self._column)] = self._starts[day % self._ring, key].T
        later = day > newest
        if later.any():
            counts[:, later] = self._totals[key[later]].T
        counts[:, day <= newest - self._ring] = np.nan
        return counts


class Intervals:
    """Sums over people of days from first to last purchase, and of the gaps in between.

    Only days count, and each once, so the mean does not depend on the order in which events came.
    """

    def __init__(self, spus: int = 0) -> None:
        self._days = Growing(np.zeros(spus, np.int64))
        self._gaps = Growing(np.zeros(spus, np.int64))

    @classmethod
    def replay(cls, user: Ints, spu: Ints, day: Ints, spus: int) -> "Intervals":
        """Intervals of purchases in any order; spu lies in 0 … spus - 1."""
        order = np.lexsort((day, spu, user))
        user, spu, day = user[order], spu[order], day[order]
        gap = np.diff(day)
        real = (user[1:] == user[:-1]) & (spu[1:] == spu[:-1]) & (gap > 0)
        intervals = cls(spus)
        which = spu[1:][real]
        days = np.bincount(which, weights=gap[real], minlength=spus)
        intervals._days.values[:] = days.astype(np.int64)
        intervals._gaps.values[:] = np.bincount(which, minlength=spus)
        return intervals

    def reserve(self, spus: int) -> None:
        """Make room for standard products 0 … spus - 1."""
        while len(self._days.values) < spus:
            self._days.put(len(self._days.values), 0)
            self._gaps.put(len(self._gaps.values), 0)

    def change(self, spu: int, before: Ints, after: Ints) -> None:
        """One person's purchase days of a standard product were `before` and are `after`."""
        self.reserve(spu + 1)
        (days, gaps), (days_now, gaps_now) = _span(before), _span(after)
        self._days.values[spu] += days_now - days
        self._gaps.values[spu] += gaps_now - gaps

    def add(self, other: "Intervals", amount: int = 1) -> None:
        """Put others to these, or with amount -1 take them away."""
        size = len(other._days.values)
        self.reserve(size)
        self._days.values[:size] += amount * other._days.values
        self._gaps.values[:size] += amount * other._gaps.values

    def mean(self, spu: Ints) -> Floats:
        """(N,) days; NaN where nobody has bought a second time."""
        gaps = self._gaps.values[spu].astype(np.float64)
        known = np.where(gaps > 0, gaps, np.nan)
        return np.asarray(self._days.values[spu] / known)


def _span(day: Ints) -> tuple[int, int]:
    """Days from first to last, and gaps in between."""
    distinct = np.unique(day)
    if not len(distinct):
        return 0, 0
    return int(distinct[-1] - distinct[0]), len(distinct) - 1
