"""The online store: what every request reads of people and items, changed by each event."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Floats, Ints
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.growing import Growing
from galen.data.manifest import Clock
from galen.data.schema import DAY, Kind, Surface
from galen.features.assembly import Assembly, Shelf, category_log_price
from galen.features.counts import DayCounts, Intervals, codes_of, size_of
from galen.features.declared import brought, declared
from galen.features.feature import Count, Feature, ItemKey
from galen.features.logs import UserLogs, packed
from galen.pipeline.candidates import Batch, Candidates, Histories, Requests
from galen.pipeline.kept import KeptStates

ITEM_KEYS: Final[tuple[ItemKey, ...]] = ("item", "category")
CARRIED: Final = 100  # newest events of a person that a request carries
NOT_YET: Final = -1  # the version of a catalogue before it was read


class FeatureStore:
    """Users' logs and items' counts in memory. Not safe for threads.

    It answers for now: moments asked for must not lie before the newest event. A request whose
    moment does lie before it still sees only its own person's past, but items' counts hold what
    came since.
    """

    def __init__(
        self, catalogue: Catalogue, clock: Clock, *, history_length: int = CARRIED
    ) -> None:
        """Start with no events.

        `history_length` is how many of a person's newest events a request carries.
        """
        self._kept: KeptStates | None = None
        self._catalogue = catalogue
        self._clock = clock
        self._history_length = history_length
        self._features = declared(clock)
        self._logs = UserLogs()
        self._counts = _no_counts(self._features)
        self._intervals = Intervals()
        self._category = Growing(catalogue.category)  # as it was counted, by item
        self._spu = Growing(catalogue.spu)
        self._counted_at = catalogue.version
        self._means = np.empty(0)
        self._priced_at = NOT_YET

    @classmethod
    def replay(
        cls,
        data: Dataset,
        *,
        strangers: Dataset | None = None,
        history_length: int = CARRIED,
    ) -> "FeatureStore":
        """The store as it is after all events of a dataset, and those of people nobody knows."""
        store = cls(data.catalogue, data.clock, history_length=history_length)
        catalogue = data.catalogue
        store._logs = UserLogs.replay(data)
        counted = [data] if strangers is None else [data, strangers]
        item = np.concatenate([events.item for events in counted]).astype(np.int64)
        kind = np.concatenate([events.kind for events in counted]).astype(np.int64)
        days = store._days(np.concatenate([events.at for events in counted]))
        for key, counts in store._counts.items():
            counts.replay(codes_of(catalogue, key, item), kind, days, size_of(catalogue, key))
        if data.clock == "time":
            bought = data.kind == Kind.PURCHASE
            spu = catalogue.spu[data.item[bought]]
            spus = size_of(catalogue, "spu")
            day = store._days(data.at[bought])
            store._intervals = Intervals.replay(data.user[bought], spu, day, spus)
        return store

    @property
    def features(self) -> tuple[Feature, ...]:
        """What `assemble` computes, apart from the scores and ranks that candidates bring."""
        return self._features

    def keep_states(self, people: int) -> None:
        """From now on, let channels keep what they made of the `people` who asked last."""
        self._kept = KeptStates(people)

    def write(self, user: int, item: int, kind: int, at: int, packs: float | None = None) -> None:
        """Take one event in; it may come late. User -1 is a person who is not known."""
        self._follow()
        one = np.array([item])
        day = at // DAY if self._clock == "time" else 0
        for key, counts in self._counts.items():
            counts.add(int(codes_of(self._catalogue, key, one)[0]), kind, day)
        if user < 0:
            return
        if kind == Kind.PURCHASE and self._clock == "time":
            spu = int(self._catalogue.spu[item])
            days = self._purchase_days(user, spu)
            self._intervals.change(spu, days, np.append(days, day))
        self._logs.write(user, item, kind, at, packs)

    def forget(self, user: int) -> None:
        """Take all of a user's events back, out of the counts of items too."""
        self._follow()
        item, kind, at, _ = self._logs.events(user)
        day = self._days(at)
        for key, counts in self._counts.items():
            code = codes_of(self._catalogue, key, item)
            for one in zip(code.tolist(), kind.tolist(), day.tolist(), strict=True):
                counts.add(*one, amount=-1)
        if self._clock == "time":
            nothing = np.empty(0, np.int64)
            for spu in np.unique(self._catalogue.spu[item[kind == Kind.PURCHASE]]).tolist():
                self._intervals.change(spu, self._purchase_days(user, spu), nothing)
        self._logs.forget(user)
        if self._kept is not None:
            self._kept.forget(user)

    def requests(
        self,
        users: Sequence[int] | npt.NDArray[np.integer],
        at: int | Sequence[int] | npt.NDArray[np.integer],
        *,
        surface: int | npt.NDArray[np.integer] = Surface.HOME,
        age: float | npt.NDArray[np.floating] = np.nan,
        region: str | Sequence[str | None] | None = None,
        life_stage: Sequence[str | None] | None = None,
        household: float | npt.NDArray[np.floating] = np.nan,
        seed: int | npt.NDArray[np.integer] = 0,
        recent: Sequence[Sequence[int]] | None = None,
    ) -> Requests:
        """Requests with the histories of their people: what they did before `at`, newest kept.

        User -1 is not known. `recent` are items that a session just looked at, oldest first; they
        end the history as clicks at the moment of the request, unless the history ends with them.
        """
        user = np.asarray(users, np.int64)
        moment = _spread(at, len(user))
        log = self._logs.before(user, moment)
        history = log.take(log.kind != Kind.IMPRESSION)
        if recent is not None:
            history = _with_recent(history, moment, recent)
        return Requests(
            user=user,
            at=moment,
            history=history.latest(self._history_length),
            surface=_spread(surface, len(user)),
            age=_spread_numbers(age, len(user)),
            region=[region] * len(user) if region is None or isinstance(region, str) else region,
            seed=_spread(seed, len(user)),
            kept=self._kept,
            life_stage=life_stage,
            household=_spread_numbers(household, len(user)),
        )

    def assemble(self, requests: Requests, candidates: Candidates) -> Batch:
        """Every feature of every row, with those that candidates bring."""
        self._follow()
        catalogue = self._catalogue
        for key, counts in self._counts.items():
            counts.reserve(max(size_of(catalogue, key), 1))  # code -1 reads the last row
        self._intervals.reserve(max(size_of(catalogue, "spu"), 1))
        if self._priced_at != catalogue.version:
            self._means, self._priced_at = category_log_price(catalogue), catalogue.version
        shelf = Shelf(catalogue, self._counts, self._intervals, self._means)
        log = self._logs.before(requests.user, requests.at)
        features = (*self._features, *brought(candidates.columns))
        return Assembly(shelf, log, requests, candidates).batch(features)

    def _follow(self) -> None:
        """Count the events of items that changed under the keys that they have now."""
        catalogue = self._catalogue
        changed = catalogue.changed_since(self._counted_at)
        if not changed:
            return
        self._counted_at = catalogue.version
        before = self._spu.values.copy()
        for row in changed:
            known = row < len(self._category.values)
            was, now = (
                int(self._category.values[row]) if known else -1,
                int(catalogue.category[row]),
            )
            if was != now:
                self._counts["category"].move(self._counts["item"], row, was, now)
            self._category.put(row, now)
            self._spu.put(row, int(catalogue.spu[row]))
        moved = np.flatnonzero(before != self._spu.values[: len(before)])
        if len(moved) and self._clock == "time":
            self._count_intervals_anew(moved, before)

    def _count_intervals_anew(self, items: Ints, before: Ints) -> None:
        """Take the intervals of all who had these items under the keys that they have now."""
        user, (item, kind, at, _) = self._logs.of_takers(items)
        bought = kind == Kind.PURCHASE
        user, item, day = user[bought], item[bought], self._days(at[bought])
        for keys, amount in ((before, -1), (self._spu.values, 1)):
            spus = size_of(self._catalogue, "spu")
            self._intervals.add(Intervals.replay(user, keys[item], day, spus), amount)

    def _days(self, at: Ints) -> Ints:
        return at // DAY if self._clock == "time" else np.zeros(len(at), np.int64)

    def _purchase_days(self, user: int, spu: int) -> Ints:
        item, kind, at, _ = self._logs.events(user)
        bought = kind == Kind.PURCHASE
        return np.asarray(at[bought][self._catalogue.spu[item[bought]] == spu] // DAY)


def _no_counts(features: Sequence[Feature]) -> Mapping[ItemKey, DayCounts]:
    """Empty counts for the keys of items, with windows for the kinds that features ask for.

    The windows are the same for each, so that an item's counts can change their key.
    """
    windows = [
        f.source
        for f in features
        if isinstance(f.source, Count) and f.source.key in ITEM_KEYS and f.source.days is not None
    ]
    kinds = sorted({int(kind) for window in windows for kind in window.kinds})
    longest = max((window.days or 0 for window in windows), default=0)
    return {key: DayCounts(kinds, longest) for key in ITEM_KEYS}


def _spread(values: npt.ArrayLike, rows: int) -> Ints:
    return np.broadcast_to(np.asarray(values, np.int64), (rows,)).copy()


def _spread_numbers(values: npt.ArrayLike, rows: int) -> Floats:
    return np.broadcast_to(np.asarray(values, np.float64), (rows,)).copy()


def _with_recent(history: Histories, at: Ints, recent: Sequence[Sequence[int]]) -> Histories:
    """The histories with the items of sessions at their ends."""
    fresh = []
    for place, items in enumerate(recent):
        end = int(history.offsets[place + 1])
        start = max(int(history.offsets[place]), end - len(items))
        known = set(history.item[start:end].tolist())
        fresh.append([item for item in items if item not in known])
    length = [len(items) for items in fresh]
    new = np.array([item for items in fresh for item in items], np.int64)
    who = np.repeat(np.arange(len(history)), length)
    request = np.concatenate([history.request, who])
    order = np.argsort(request, kind="stable")
    clicks = np.full(len(new), int(Kind.CLICK))
    return packed(
        len(history),
        request[order],
        np.concatenate([history.item, new])[order],
        np.concatenate([history.kind, clicks])[order],
        np.concatenate([history.at, at[who]])[order],
        np.concatenate([history.packs, np.ones(len(new))])[order],
    )
