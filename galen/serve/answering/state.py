"""What requests read: catalogue, people and features in memory, rebuilt from shop and log."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from galen.data.arrays import Bools, Floats, Ints
from galen.data.catalogue import Catalogue
from galen.data.columns import numbers_of
from galen.data.dataset import Dataset
from galen.data.growing import Growing
from galen.data.manifest import Clock
from galen.data.schema import TAKEN, Kind
from galen.data.shop import Shop
from galen.eligibility.rules.withdrawn import Withdrawals
from galen.features.ledger import LONGEST, Ledger
from galen.features.store import FeatureStore
from galen.serve.answering.people import KnownPeople
from galen.serve.durable import tables
from galen.serve.durable.snapshot import Restored, Snapshots
from galen.serve.durable.tables import LoggedEvent
from galen.serve.records import ItemRecord, UserRecord

LOG: Final = "events.db"
SNAPSHOT: Final = "snapshot"
NEVER: Final = -1  # the moment before a user's first, where a shop's clock is "order"


@dataclass(frozen=True, slots=True)
class _Logged:
    """Events of the log by the rows of people and items; what is gone is left out."""

    user: Ints  # -1 where nobody was known
    item: Ints
    kind: Ints
    at: Ints  # microseconds since the epoch
    quantity: Floats  # NaN where not told

    def take(self, rows: Bools) -> "_Logged":
        """The events where `rows` is true."""
        user, item, kind = self.user[rows], self.item[rows], self.kind[rows]
        return _Logged(user, item, kind, self.at[rows], self.quantity[rows])


@dataclass
class ShopState:
    """The shop as it is now. Not safe for threads: the service holds a lock around it."""

    catalogue: Catalogue
    people: KnownPeople
    store: FeatureStore
    clock: Clock
    taken: Growing[np.float64]  # (items,) how often each item was taken
    last: Growing[np.int64]  # (users,) the moment of each user's newest event, impressions apart
    length: Growing[np.int64]  # (users,) events of each user, impressions apart
    deleted: set[str]  # items that are gone for good
    ledger: Ledger  # what households bought
    withdrawals: Withdrawals

    @classmethod
    def restore(cls, shop: Shop, log: sqlite3.Connection, snapshots: Snapshots) -> "ShopState":
        """The shop's tables with all that the log says since.

        Raises:
            ShopError: a table of the shop cannot be read.
            sqlite3.Error: the log cannot be read.
        """
        data = Dataset.read(shop)
        item_row = _replay_items(data.catalogue, log)
        people = KnownPeople(shop.read("users"))
        user_row, forgotten = _replay_users(people, log, shop)
        data = data.take(~np.isin(data.user, forgotten))
        everybody = _logged(snapshots.restore(log), user_row, item_row)
        logged = everybody.take(everybody.user >= 0)
        ledger = _ledger(data, logged, people, log, shop.read("users", ["household_id"]))
        data = _joined(data, len(people), logged)
        data.catalogue.make_columns()
        strangers = _strangers(data, everybody.take(everybody.user < 0))
        store = FeatureStore.replay(data, strangers=strangers)
        took = [events.of(*TAKEN).item for events in (data, strangers)]
        taken = np.bincount(np.concatenate(took), minlength=len(data.catalogue))
        stepped = data.take(data.kind != Kind.IMPRESSION)
        last = np.full(len(people), NEVER, np.int64)
        last[stepped.user] = stepped.at  # sorted by moment: the newest stays
        return cls(
            data.catalogue,
            people,
            store,
            data.clock,
            Growing(taken.astype(np.float64)),
            Growing(last),
            Growing(np.bincount(stepped.user, minlength=len(people))),
            {item_id for _, item_id, _, gone in tables.items(log) if gone},
            ledger,
            _withdrawals(log),
        )

    def moment(self, user: int, now: int) -> int:
        """What a request or event of a user has as `at`, in the shop's clock."""
        if self.clock == "time":
            return now
        return int(self.last.values[user]) + 1 if user >= 0 else 0

    def add_event(self, event: LoggedEvent) -> None:
        """Let the next request know of an event that is in the log."""
        item = self.catalogue.row_of.get(event.item, -1)
        if item < 0:
            return
        if event.kind in TAKEN:
            self.taken.put(item, self.taken.values[item] + 1)
        user = -1 if event.user is None else self.put_user(event.user, None)
        at = self.moment(user, event.at)
        self.store.write(user, item, event.kind, at, event.quantity)
        if user >= 0 and event.kind == Kind.PURCHASE:
            self.ledger.add(user, item, event.at, event.quantity)
        if user >= 0 and event.kind != Kind.IMPRESSION:
            self.last.put(user, max(at, int(self.last.values[user])))
            self.length.put(user, self.length.values[user] + 1)

    def put_item(self, item_id: str, record: ItemRecord) -> None:
        """Let the next request know an item as it is now; a new one was taken by nobody yet."""
        row = self.catalogue.upsert(record.columns(item_id))
        if row == len(self.taken.values):
            self.taken.put(row, 0)

    def delete_item(self, item_id: str) -> None:
        """Hide an item for good; one never heard of needs no hiding."""
        self.deleted.add(item_id)
        row = self.catalogue.row_of.get(item_id, -1)
        if row >= 0:
            self.catalogue.upsert({**self.catalogue.record(row), "hidden": True})

    def put_user(self, user_id: str, record: UserRecord | None) -> int:
        """The row of a user, new where not known."""
        row = self.people.upsert(user_id, None if record is None else record.columns(user_id))
        if row == len(self.last.values):
            self.last.put(row, NEVER)
            self.length.put(row, 0)
        if record is not None:
            self.ledger.live_in(row, record.household_id)
        return row

    def forget_user(self, user_id: str) -> None:
        """Take out all that is known of a user; one never heard of is no error."""
        row = self.people.forget(user_id)
        if row >= 0:
            self.store.forget(row)
            self.ledger.forget(row)
            self.last.put(row, NEVER)
            self.length.put(row, 0)


def _replay_items(catalogue: Catalogue, log: sqlite3.Connection) -> Ints:
    """(numbers + 1,): the row of each item that the log knows by number, -1 where none."""
    rows = {}
    for number, item_id, record, deleted in tables.items(log):
        row = catalogue.row_of.get(item_id, -1)
        if record is not None:
            row = catalogue.upsert(ItemRecord.model_validate_json(record).columns(item_id))
        elif deleted:
            known = {"item_id": item_id} if row < 0 else catalogue.record(row)
            row = catalogue.upsert({**known, "hidden": True})
        rows[number] = row
    return _by_number(rows.items())


def _replay_users(people: KnownPeople, log: sqlite3.Connection, shop: Shop) -> tuple[Ints, Ints]:
    """The row of each user that the log knows by number, and rows of the shop to leave out."""
    ids = shop.read("users", ["user_id"]).column("user_id").to_pylist()
    forgotten = tables.forgotten_among(log, ids)
    for row in forgotten:
        people.forget(ids[row])
    rows = []
    for number, user_id, record in tables.users(log):
        said = None if record is None else UserRecord.model_validate_json(record).columns(user_id)
        rows.append((number, people.upsert(user_id, said)))
    return _by_number(rows), np.array(forgotten, np.int64)


def _ledger(
    data: Dataset,
    logged: _Logged,
    people: KnownPeople,
    log: sqlite3.Connection,
    houses: pa.Table,
) -> Ledger:
    """What households bought, by the shop's own events `data` and by those of the log."""
    own = int(data.at.max(initial=0)) if data.clock == "time" else 0
    newest = max(own, int(logged.at.max(initial=0)))
    ledger = Ledger.replay(data, houses, newest)
    bought = (logged.kind == Kind.PURCHASE) & (logged.at > newest - LONGEST)
    columns = (logged.user, logged.item, logged.at, logged.quantity)
    for row in zip(*(column[bought].tolist() for column in columns), strict=True):
        ledger.add(*row)
    for _, user_id, record in tables.users(log):
        if record is not None:
            household = UserRecord.model_validate_json(record).household_id
            ledger.live_in(people.row(user_id), household)
    return ledger


def _withdrawals(log: sqlite3.Connection) -> Withdrawals:
    listed = Withdrawals()
    for entry in tables.withdrawn(log):
        listed.put(*entry)
    return listed


def _by_number(rows: Iterable[tuple[int, int]]) -> Ints:
    pairs = np.array(list(rows), np.int64).reshape(-1, 2)
    found = np.full(pairs[:, 0].max(initial=0) + 1, -1)
    found[pairs[:, 0]] = pairs[:, 1]
    return found


def _logged(restored: Restored, user_row: Ints, item_row: Ints) -> _Logged:
    table = restored.events
    number = np.asarray(table.column("user"))
    user = np.where(number < 0, number, user_row[number])
    item = item_row[np.asarray(table.column("item"))]
    known = ((number < 0) | (user >= 0)) & (item >= 0)
    kind, at = (np.asarray(table.column(name))[known] for name in ("kind", "at"))
    quantity = numbers_of(table.column("quantity"))
    return _Logged(user[known], item[known], kind, at, quantity[known])


def _strangers(data: Dataset, logged: _Logged) -> Dataset:
    """Events of people whom nobody knows: they count for items, and are in nobody's history."""
    nobody = data.take(np.zeros(len(data), bool))
    return replace(
        nobody,
        user=logged.user.astype(np.int32),
        item=logged.item.astype(np.int32),
        kind=logged.kind.astype(np.int8),
        at=logged.at if data.clock == "time" else np.zeros(len(logged.at), np.int64),
        value=None,
        quantity=None,
        surface=None,
    )


def _joined(data: Dataset, users: int, logged: _Logged) -> Dataset:
    """The shop's events and those of the log, as one dataset."""
    user, item, kind, at = logged.user, logged.item, logged.kind, logged.at
    if data.clock == "order":
        at = _orders(data, users, user, kind)
    order = np.lexsort((np.r_[data.at, at], np.r_[data.user, user]))
    unknown, nowhere = np.full(len(user), np.nan), np.full(len(user), -1)
    return replace(
        data,
        users=users,
        user=np.r_[data.user, user].astype(np.int32)[order],
        item=np.r_[data.item, item].astype(np.int32)[order],
        kind=np.r_[data.kind, kind].astype(np.int8)[order],
        at=np.r_[data.at, at][order],
        value=None if data.value is None else np.r_[data.value, unknown][order],
        quantity=None if data.quantity is None else np.r_[data.quantity, logged.quantity][order],
        surface=None
        if data.surface is None
        else np.r_[data.surface, nowhere].astype(np.int8)[order],
    )


def _orders(data: Dataset, users: int, user: Ints, kind: Ints) -> Ints:
    """(E,): places after the shop's own, for logged events that came in this order.

    An impression takes the place of what comes next: being shown something is no step.
    """
    last = np.full(users, NEVER, np.int64)
    last[data.user] = data.at
    grouped = np.argsort(user, kind="stable")
    steps = (kind[grouped] != Kind.IMPRESSION).astype(np.int64)
    before = np.cumsum(steps) - steps
    starts = np.searchsorted(user[grouped], user[grouped], side="left")
    place = np.empty(len(user), np.int64)
    place[grouped] = before - before[starts]
    return np.asarray(last[user] + 1 + place)
