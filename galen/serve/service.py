"""The recommender as a service, without HTTP: recommend, take events, keep items and users.

Reads and changes of the state happen under one lock. A write is first made durable by the log;
the log's thread then changes the state, and only then is the write acknowledged. So the state
never knows what a crash could lose, and an acknowledged event changes the next request.
"""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from galen.assembly.bundles.bundle import Bundle
from galen.data.schema import Kind
from galen.data.shop import Shop
from galen.eligibility.guard import Guard
from galen.knowledge.pack import SurfaceName
from galen.serve.answering.recommender import Answered, Recommender
from galen.serve.answering.state import LOG, SNAPSHOT, ShopState
from galen.serve.answering.why import explain_item
from galen.serve.copy_check import check_copy
from galen.serve.durable import tables
from galen.serve.durable.audit import FILE, AuditLog
from galen.serve.durable.futures import then
from galen.serve.durable.log import EventLog, LogUnavailable, reading
from galen.serve.durable.snapshot import Snapshots
from galen.serve.durable.tables import EventOutcome, LoggedEvent
from galen.serve.intake import check
from galen.serve.kill_switch import KillSwitch
from galen.serve.measures import Measures
from galen.serve.messages import (
    EventBatch,
    EventError,
    EventsTaken,
    Health,
    ItemExplained,
    Recommendation,
    RecommendRequest,
    SlateFilter,
)
from galen.serve.missing import NotFound
from galen.serve.moments import day_of, now_in_microseconds, random_ids
from galen.serve.records import Item, ItemRecord, User, UserRecord
from galen.serve.settings import Settings
from galen.serve.trusted_pack import trusted_guard

log = structlog.get_logger(__name__)


class Gone(Exception):
    """The item was deleted, and an item that was deleted does not come back."""


class Service:
    """One shop, one model, one log. Close it to write what waits and leave a snapshot."""

    def __init__(
        self,
        recommender: Recommender,
        events: EventLog,
        snapshots: Snapshots,
        *,
        snapshot_every: int = 100_000,
        log_impressions: bool = True,
        now: Callable[[], int] = now_in_microseconds,
        new_id: Callable[[], str] | None = None,
        on_close: Callable[[], None] = lambda: None,
        audit: AuditLog | None = None,
    ) -> None:
        self.measures = Measures()
        self.recommender = recommender
        self.audit = audit
        self.new_id = new_id or random_ids()
        self._log = events
        self._snapshots = snapshots
        self._snapshot_every = snapshot_every
        self._since_snapshot = 0
        self._log_impressions = log_impressions
        self._now = now
        self._on_close = on_close
        self._lock = threading.Lock()
        self.kill_switch = KillSwitch(recommender, self._lock, self._write)
        self._write_problem: str | None = None

    @classmethod
    def open(
        cls,
        shop: Shop,
        bundle: Bundle,
        folder: Path,
        settings: Settings,
        *,
        now: Callable[[], int] = now_in_microseconds,
    ) -> "Service":
        """Serve a shop with a bundle; the log and snapshots lie in `folder`.

        Raises:
            ShopError, BundleError, LogError, PackError: a part cannot be opened.
        """
        wait = settings.lock_wait_seconds
        events = EventLog(folder / LOG, capacity=settings.log_capacity, lock_wait=wait)
        try:
            snapshots = Snapshots(folder / SNAPSHOT)
            with reading(events.path), closing(events.read()) as past:
                snapshots.erase(past)  # what a crash may have kept of people who were forgotten
                state = ShopState.restore(shop, past, snapshots)
                salt = tables.identity(past)
                state.store.keep_states(settings.kept_states)
            channels = ThreadPoolExecutor(settings.channel_threads, "recall")
            pipelines = bundle.pipelines(state.catalogue, state.store, executor=channels)
            guard = trusted_guard(settings, state.catalogue, state.withdrawals, day_of(now()))
            audit = AuditLog(folder / FILE, now=now, salt=salt)
            copy = check_copy(guard.claims, folder)
        except BaseException:
            events.close()
            raise
        service = cls(
            Recommender.over(state, pipelines, bundle.version, guard),
            events,
            snapshots,
            snapshot_every=settings.snapshot_every,
            log_impressions=settings.log_impressions,
            now=now,
            on_close=lambda: channels.shutdown(wait=False, cancel_futures=True),
            audit=audit,
        )
        service.measures.copy_breaches(copy)
        return service

    @property
    def state(self) -> ShopState:
        """What requests are answered from: the catalogue, people and events as they are now."""
        return self.recommender.state

    def recommend(self, asked: RecommendRequest, request_id: str | None = None) -> Recommendation:
        """A slate; it is never refused, and `degraded` says what it had to do without."""
        return self._answer(asked, request_id or self.new_id())

    def similar(
        self, item_id: str, n: int, surface: SurfaceName, request_id: str | None = None
    ) -> Recommendation:
        """What goes with an item.

        Raises:
            NotFound: the item is not known.
        """
        with self._lock:
            self._item_row(item_id)
        asked = RecommendRequest(
            recent=[item_id], n=n, surface=surface, filters=SlateFilter(exclude=[item_id])
        )
        return self._answer(asked, request_id or self.new_id(), like=item_id)

    def explain_item(self, asked: RecommendRequest, item_id: str) -> ItemExplained:
        """Why an item is in the slate of a request, or is not; for operators only.

        Raises:
            NotFound: there is no such item.
        """
        with self._lock:
            return explain_item(self.recommender, asked, item_id, self._now())

    def _answer(
        self, asked: RecommendRequest, request_id: str, like: str | None = None
    ) -> Recommendation:
        start = time.perf_counter()
        with self._lock:
            answer = self.recommender.answer(asked, request_id, self._now(), like)
        self.measures.recommendation(time.perf_counter() - start, answer.reply.degraded)
        self.measures.unsaid(answer.unsaid)
        for step in answer.steps:
            self.measures.step(step.name, step.seconds)
        self._keep_impressions(answer)
        return answer.reply

    def _keep_impressions(self, answer: Answered) -> None:
        """Nobody waits for these; where the log or the disk is full they are counted as lost."""
        shown = len(answer.impressions)
        if not self._log_impressions or not shown:
            return
        try:
            written = self._append(answer.impressions)
        except LogUnavailable:
            self.measures.lost_impressions(shown)
        else:
            written.add_done_callback(lambda done: self._note_impressions(done, shown))

    def _note_impressions(self, written: "Future[list[EventOutcome]]", shown: int) -> None:
        if written.exception() is None:
            self.measures.events("shown", shown)
        else:
            self.measures.lost_impressions(shown)

    def ingest(self, batch: EventBatch) -> "Future[EventsTaken]":
        """Take events; the future is done when they are on the disk and in the state.

        Raises:
            LogUnavailable: too many writes wait; nothing was taken.
        """
        with self._lock:
            checked = check(batch, self.state, self._now())
        errors = checked.errors

        def told(outcomes: list[EventOutcome]) -> EventsTaken:
            for index, outcome in zip(checked.places, outcomes, strict=True):
                if outcome is EventOutcome.FORGOTTEN:
                    detail = "this user was deleted; make the user anew before sending events"
                    event_id = batch.events[index].event_id
                    errors.append(EventError(index=index, event_id=event_id, detail=detail))
            count = Counter(outcomes)
            self.measures.events("accepted", count[EventOutcome.ACCEPTED])
            self.measures.events("duplicate", count[EventOutcome.DUPLICATE])
            self.measures.events("refused", len(errors))
            return EventsTaken(
                accepted=count[EventOutcome.ACCEPTED],
                duplicates=count[EventOutcome.DUPLICATE],
                errors=sorted(errors, key=lambda error: error.index),
            )

        return then(self._append(checked.events), told)

    def _append(self, events: list[LoggedEvent]) -> "Future[list[EventOutcome]]":
        def committed(outcomes: list[EventOutcome]) -> None:
            with self._lock:
                for event, outcome in zip(events, outcomes, strict=True):
                    if outcome is EventOutcome.ACCEPTED:
                        self._know(event)
            self._count_to_snapshot(len(events))

        return self._write(lambda connection: tables.append(connection, events), committed)

    def _know(self, event: LoggedEvent) -> None:
        """A feature store that fails does not undo what is on the disk."""
        try:
            self.state.add_event(event)
        except Exception:
            log.exception("an event is in the log but not in the features until the next start")

    def item(self, item_id: str) -> Item:
        """An item as it is now.

        Raises:
            NotFound: it is not known, or was deleted.
        """
        with self._lock:
            columns = self.state.catalogue.record(self._item_row(item_id))
        return Item.of_row(columns)

    def put_item(self, item_id: str, record: ItemRecord) -> "Future[Item]":
        """Make or replace an item; the future's error is Gone where it was deleted before."""

        def committed(written: bool) -> None:
            if written:
                with self._lock:
                    self.state.put_item(item_id, record)

        def told(written: bool) -> Item:
            if not written:
                raise Gone(f"item {item_id!r} was deleted; hide items that are to come back")
            return Item.of_row(record.columns(item_id))

        text = record.model_dump_json()
        return then(self._write(lambda c: tables.put_item(c, item_id, text), committed), told)

    def delete_item(self, item_id: str) -> "Future[None]":
        """Hide an item for good."""

        def committed(_: None) -> None:
            with self._lock:
                self.state.delete_item(item_id)

        return self._write(lambda connection: tables.delete_item(connection, item_id), committed)

    def user(self, user_id: str) -> User:
        """A user as they are now.

        Raises:
            NotFound: they are not known.
        """
        with self._lock:
            row = self.state.people.row(user_id)
            if row < 0:
                raise NotFound(f"there is no user {user_id!r}")
            columns = self.state.people.record(row)
        return User.of_row({**columns, "user_id": user_id})

    def lately(self, user_id: str, count: int) -> list[tuple[Kind, str]]:
        """What a user did last and to which item, newest first; nothing where not known."""
        with self._lock:
            row = self.state.people.row(user_id)
            if row < 0:
                return []
            asked = self.state.store.requests([row], self.state.moment(row, self._now()))
            newest = asked.history.latest(count)
            items = [self.state.catalogue.ids[item] for item in newest.item]
        return [(Kind(kind), item) for kind, item in zip(newest.kind, items, strict=True)][::-1]

    def put_user(self, user_id: str, record: UserRecord) -> "Future[User]":
        """Make or replace a user."""

        def committed(_: None) -> None:
            with self._lock:
                self.state.put_user(user_id, record)

        text = record.model_dump_json()
        written = self._write(lambda c: tables.put_user(c, user_id, text), committed)
        return then(written, lambda _: User.of_row(record.columns(user_id)))

    def forget_user(self, user_id: str) -> "Future[None]":
        """Erase a user's record, events and features, on the disk and in memory."""

        def committed(_: None) -> None:
            with self._lock:
                self.state.forget_user(user_id)
            with closing(self._log.read()) as past:
                self._snapshots.erase(past)
            self._log.checkpoint()

        return self._write(lambda connection: tables.forget_user(connection, user_id), committed)

    def put_in_force(self, guard: Guard) -> None:
        """Another guard decides from the next request on."""
        with self._lock:
            self.recommender = replace(self.recommender, guard=guard)

    def health(self) -> Health:
        """Do writes reach the disk, and how much is known? Where they did not, one is tried now."""
        problem = self._log.problem or self._write_problem
        problems = [] if problem is None else [problem]
        if problems:
            self._try_to_write()
        return Health(
            ready=not problems,
            model_version=self.recommender.version,
            items=len(self.state.catalogue),
            users=self.state.people.known,
            waiting_writes=self._log.backlog,
            problems=problems,
        )

    def close(self) -> None:
        """Write what waits, leave a snapshot for the next start, close the log."""
        self._on_close()
        self._log.close()
        self._save_snapshot()

    def _item_row(self, item_id: str) -> int:
        row = self.state.catalogue.row_of.get(item_id, -1)
        if row < 0 or item_id in self.state.deleted:
            raise NotFound(f"there is no item {item_id!r}")
        return row

    def _write(
        self,
        operation: Callable[[sqlite3.Connection], Any],
        committed: Callable[[Any], None] | None = None,
    ) -> "Future[Any]":
        written = self._log.write(operation, committed)
        written.add_done_callback(self._note_write)
        return written

    def _note_write(self, written: "Future[Any]") -> None:
        error = written.exception()
        if isinstance(error, LogUnavailable):
            self._write_problem = str(error)
        elif error is None:
            self._write_problem = None

    def _try_to_write(self) -> None:
        """Find out whether the log works again, though nobody sends a write now."""
        try:
            self._write(lambda _: None)
        except LogUnavailable as error:
            self._write_problem = str(error)

    def _count_to_snapshot(self, events: int) -> None:
        self._since_snapshot += events
        if self._since_snapshot >= self._snapshot_every:
            self._since_snapshot = 0
            threading.Thread(target=self._save_snapshot, name="snapshot", daemon=True).start()

    def _save_snapshot(self) -> None:
        try:
            with closing(self._log.read()) as past:
                self._snapshots.save(past)
        except (OSError, sqlite3.Error) as error:
            log.warning("snapshot_not_written", why=str(error))
