"""The online executor: every declared feature of a batch, from arrays, without a loop over rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from galen.data.arrays import Bools, Floats, Ints, Singles
from galen.data.catalogue import Catalogue
from galen.data.schema import DAY, TAKEN, Kind
from galen.features.counts import DayCounts, Intervals, codes_of
from galen.features.declared import passed_on
from galen.features.feature import (
    AttributeKey,
    Count,
    Feature,
    ItemKey,
    Key,
    Kinds,
    Last,
    MeanPrice,
    OfItem,
    OfProfile,
    OfRequest,
    PairKey,
    PurchaseInterval,
    Ratio,
    SameAsLast,
)
from galen.features.logs import packed
from galen.features.segments import NEVER, Segments
from galen.pipeline.candidates import Batch, Candidates, Histories, Requests

HOUR = DAY // 24
YEAR = 36525 * DAY // 100
UNKNOWN_MOMENT = np.iinfo(np.int64).min
ATTRIBUTE_OF: Final[dict[PairKey, AttributeKey]] = {
    "user_item": "item",
    "user_spu": "spu",
    "user_category": "category",
    "user_brand": "brand",
}
WAS_TAKEN: Final = np.array([kind in TAKEN for kind in Kind])
ID_KEYS: Final[tuple[AttributeKey, ...]] = ("item", "category", "brand")
HISTORY: Final = 50  # newest events of a person that a batch carries
SHARED: Final = ("user", "request")  # scopes whose columns have one row a request


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is known of items apart from who asks."""

    catalogue: Catalogue
    counts: Mapping[ItemKey, DayCounts]
    intervals: Intervals
    category_log_price: Floats  # (categories,) mean log price


class Assembly:
    """One batch on its way: columns are computed when first asked for."""

    def __init__(
        self, shelf: Shelf, log: Histories, requests: Requests, candidates: Candidates
    ) -> None:
        """Take the users' whole logs before their moments, packed by request."""
        self._shelf = shelf
        self._requests = requests
        self._candidates = candidates
        unknown = requests.user < 0
        self._log = _with_sessions(log, requests.history, unknown) if unknown.any() else log
        self._acts = self._log.take(self._log.kind != int(Kind.IMPRESSION))
        self._columns: dict[str, Floats] = {}
        self._shared: set[str] = set()  # columns with one row a request
        self._segments: dict[str, Segments] = {}
        self._counted: dict[tuple[ItemKey, int | None], Floats] = {}
        self._codes: dict[AttributeKey, Ints] = {}

    def batch(self, features: Sequence[Feature]) -> Batch:
        """These features of every row, in float32, with ids and histories as networks read them.

        A feature that is made of others must come after them.
        """
        per_request: dict[str, Singles] = {}
        per_row: dict[str, Singles] = {}
        for feature in features:
            column = self._compute(feature)
            self._columns[feature.name] = column
            shared = feature.scope in SHARED
            if shared:
                self._shared.add(feature.name)
            (per_request if shared else per_row)[feature.name] = column.astype(np.float32)
        for name, values in self._candidates.columns.items():
            if passed_on(name):
                per_row[name] = values.astype(np.float32)
        history = self._requests.history.latest(HISTORY)
        catalogue = self._shelf.catalogue
        who = self._candidates.request
        return Batch(
            who,
            per_request,
            per_row,
            {
                **{key: self._code(key) for key in ID_KEYS},
                "user": self._requests.user[who],
                "scene": self._requests.surface[who],
            },
            history,
            {
                **{key: codes_of(catalogue, key, history.item) for key in ID_KEYS},
                "kind": history.kind.astype(np.int64),
            },
        )

    def _compute(self, feature: Feature) -> Floats:
        match feature.source:
            case Count(kinds, key, days):
                column = self._count(kinds, key, days)
            case Last(kinds, key):
                column = self._known(key, self._days_since(self._events(key).last(kinds), key))
            case Ratio() as ratio:
                column = self._ratio(ratio, feature)
            case MeanPrice(kinds):
                column = self._mean_price(kinds)
            case SameAsLast(attribute):
                column = self._same_as_last(attribute)
            case PurchaseInterval():
                column = self._shelf.intervals.mean(self._code("spu"))
            case OfItem(name):
                column = self._of_item(name)
            case OfRequest(name):
                column = self._of_request(name)
            case OfProfile():
                column = self._candidates.columns[feature.name]
        return column

    def _code(self, key: AttributeKey) -> Ints:
        """(N,): the code of each row's item."""
        if key not in self._codes:
            self._codes[key] = codes_of(self._shelf.catalogue, key, self._candidates.item)
        return self._codes[key]

    def _events(self, key: PairKey | Literal["user"]) -> Segments:
        """The users' events, by request or by (request, code of the row's item)."""
        if key not in self._segments:
            if key == "user":
                self._segments[key] = Segments.by_request(self._log)
            else:
                attribute = ATTRIBUTE_OF[key]
                log = self._log if key == "user_item" else self._acts
                code = codes_of(self._shelf.catalogue, attribute, log.item)
                rows = self._candidates.request, self._code(attribute)
                self._segments[key] = Segments.by_code(log, code, *rows)
        return self._segments[key]

    def _known(self, key: PairKey | Literal["user"], values: Floats) -> Floats:
        """NaN where the row's item has no code under the key."""
        if key in ("user_brand", "user_category"):
            unknown = self._code(ATTRIBUTE_OF[key]) < 0
            if unknown.any():
                values[unknown] = np.nan
        return values

    def _count(self, kinds: Kinds, key: Key, days: int | None) -> Floats:
        if key == "item" or key == "category":  # noqa: PLR1714  # so that types narrow
            return self._item_count(kinds, key, days)
        return self._user_count(kinds, key, days)

    def _item_count(self, kinds: Kinds, key: ItemKey, days: int | None) -> Floats:
        by_kind = self._by_kind(key, days)
        found: Floats = by_kind[int(kinds[0])]
        for kind in kinds[1:]:
            found = found + by_kind[int(kind)]
        return found

    def _by_kind(self, key: ItemKey, days: int | None) -> Floats:
        """(kinds, N): counts of each row's item, in a window or since ever."""
        if (key, days) not in self._counted:
            code = self._code(key)
            counts = self._shelf.counts[key]
            if days is None:
                found = counts.total(code)
                found[:, code < 0] = np.nan
            else:
                first = self._requests.at // DAY - (days - 1)
                before = counts.before_day(code, first[self._candidates.request])
                found = self._by_kind(key, None) - before
            self._counted[key, days] = found
        return self._counted[key, days]

    def _user_count(self, kinds: Kinds, key: PairKey | Literal["user"], days: int | None) -> Floats:
        events = self._events(key)
        mask = events.of(kinds)
        if days is not None:
            first = (self._requests.at // DAY - (days - 1)) * DAY
            mask = mask & (events.at >= first[events.request])
        return self._known(key, events.sums(mask))

    def _days_since(self, last: Ints, key: str) -> Floats:
        at = self._requests.at
        now = at if key == "user" else at[self._candidates.request]
        return np.asarray(np.where(last == NEVER, np.nan, (now - last) / DAY))

    def _ratio(self, ratio: Ratio, feature: Feature) -> Floats:
        over = self._column(ratio.numerator, feature) + ratio.strength * ratio.prior
        under = self._column(ratio.denominator, feature) + ratio.strength
        return over / under if ratio.strength > 0 else _divided(over, under)

    def _column(self, name: str, wanted: Feature) -> Floats:
        """A column computed before, spread over rows where the wanted feature is by row."""
        values = self._columns[name]
        spread = name in self._shared and wanted.scope not in SHARED
        return values[self._candidates.request] if spread else values

    def _mean_price(self, kinds: Kinds) -> Floats:
        events = self._events("user")
        price = self._shelf.catalogue.price[events.item]
        known = events.of(kinds) & ~np.isnan(price)
        count = events.sums(known)
        total = events.sums(np.where(known, price, 0.0))
        return _divided(total, count)

    @cached_property
    def _last_item(self) -> Ints:
        """(R,): what each user took last, or -1; a session's own order decides at its moment."""
        history = self._requests.history
        taken = history.take(WAS_TAKEN[history.kind])
        who = taken.request
        now = taken.at >= self._requests.at[who]
        place = np.where(now, np.arange(len(who)), taken.item)
        order = np.lexsort((place, now, taken.at, who))
        last = np.full(len(self._requests), -1)
        some = taken.length > 0
        last[some] = taken.item[order[taken.offsets[1:][some] - 1]]
        return last

    def _same_as_last(self, attribute: AttributeKey) -> Floats:
        last = self._last_item[self._candidates.request]
        before = codes_of(self._shelf.catalogue, attribute, last)
        here = self._code(attribute)
        same: Floats = (before == here).astype(np.float64)
        same[(last < 0) | (before < 0) | (here < 0)] = np.nan
        return same

    def _of_item(self, column: str) -> Floats:
        catalogue, item = self._shelf.catalogue, self._candidates.item
        price = catalogue.price[item]
        if column == "price":
            return price
        if column == "age_days":
            created = catalogue.created_at[item]
            elapsed = self._requests.at[self._candidates.request] - created
            return np.asarray(np.where(created == UNKNOWN_MOMENT, np.nan, elapsed / DAY))
        code = self._code("category")
        means = self._shelf.category_log_price
        mean = np.where(code < 0, np.nan, means[code]) if len(means) else np.full(len(item), np.nan)
        return log_or_nan(price) - mean

    def _of_request(self, column: str) -> Floats:
        at = self._requests.at
        if column == "hour":
            return np.asarray(at % DAY // HOUR, dtype=np.float64)
        if column == "weekday":  # the epoch was a Thursday, and 0 is Monday
            return np.asarray((at // DAY + 3) % 7, dtype=np.float64)
        if column in ("year_sine", "year_cosine"):
            phase = (at % YEAR) / YEAR * (2 * np.pi)
            return np.sin(phase) if column == "year_sine" else np.cos(phase)
        if column == "surface":
            return self._requests.surface.astype(np.float64)
        return self._requests.taste_age


def category_log_price(catalogue: Catalogue) -> Floats:
    """(categories,): the mean log price of each category; NaN where no price is known."""
    price, code = log_or_nan(catalogue.price), catalogue.category
    known = (code >= 0) & ~np.isnan(price)
    categories = len(catalogue.category_words)
    count: Floats = np.bincount(code[known], minlength=categories).astype(np.float64)
    total = np.asarray(np.bincount(code[known], price[known], categories), dtype=np.float64)
    return _divided(total, count)


def _divided(over: Floats, under: Floats) -> Floats:
    """NaN where the divisor is 0."""
    return np.asarray(np.divide(over, under, out=np.full(len(over), np.nan), where=under != 0))


def log_or_nan(price: Floats) -> Floats:
    """The natural logarithm of prices; NaN where one is unknown or not above 0."""
    return np.asarray(np.log(np.where(price > 0, price, np.nan)))


def _with_sessions(log: Histories, session: Histories, unknown: Bools) -> Histories:
    """The logs, with the session in the place of the log of people who are not known."""
    own = session.take(unknown[session.request])
    request = np.concatenate([log.request, own.request])
    order = np.argsort(request, kind="stable")
    return packed(
        len(log),
        request[order],
        np.concatenate([log.item, own.item])[order],
        np.concatenate([log.kind, own.kind])[order],
        np.concatenate([log.at, own.at])[order],
        np.concatenate([log.packs, own.packs])[order],
    )
