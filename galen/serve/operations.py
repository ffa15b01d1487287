"""What operators do to a running service, each with its line in the audit trail."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import date
from typing import Any

from galen.serve.durable.audit import AuditLog
from galen.serve.durable.futures import then
from galen.serve.durable.log import LogUnavailable
from galen.serve.messages import (
    ItemExplained,
    PackInForce,
    RecommendRequest,
    Withdrawal,
    Withdrawn,
)
from galen.serve.missing import NotFound
from galen.serve.records import User, UserRecord
from galen.serve.service import Service
from galen.serve.settings import Settings
from galen.serve.trusted_pack import sound_pack


class Operations:
    """Effect first, then the line: a full disk keeps nothing from taking effect, and is told."""

    def __init__(self, service: Service, settings: Settings, today: Callable[[], date]) -> None:
        self._service, self._settings, self._today = service, settings, today

    @property
    def _audit(self) -> AuditLog | None:
        return self._service.audit

    def withdraw(self, asked: Withdrawal, by: str | None) -> "Future[Withdrawn]":
        """Withdraw; see KillSwitch.put. It has its line though the log refuse it."""

        def until_a_restart() -> None:
            self._record("withdrawn", by, **asked.model_dump(), until="restart")

        try:
            done = self._service.kill_switch.put(asked)
        except LogUnavailable:
            until_a_restart()
            raise
        done.add_done_callback(
            lambda one: until_a_restart() if isinstance(one.exception(), LogUnavailable) else None
        )
        return self._noted(done, "withdrawn", by, **asked.model_dump())

    def lift(self, asked: Withdrawal, by: str | None) -> "Future[Withdrawn]":
        """Take a withdrawal back."""
        done = self._service.kill_switch.lift(asked)
        return self._noted(done, "lifted", by, **asked.model_dump())

    def explain(self, asked: RecommendRequest, item: str, by: str | None) -> ItemExplained:
        """Why an item is or is not shown to a person: the line tells who looked, at whom."""
        told = self._service.explain_item(asked, item)
        self._record("explained", by, item=item, person=asked.user)
        return told

    def put_user(self, user: str, record: UserRecord, by: str | None) -> "Future[User]":
        """Make or replace a user; where consents change, that they did is noted, not to what."""
        try:
            before = self._service.user(user).consents
        except NotFound:
            before = None
        done = self._service.put_user(user, record)
        if before == record.consents:
            return done
        return self._noted(done, "consent", by, person=user)

    def forget_user(self, user: str, by: str | None) -> "Future[None]":
        """Erase a user."""
        return self._noted(self._service.forget_user(user), "deleted", by, person=user)

    def reload_pack(self, by: str | None) -> PackInForce:
        """Put the pack of the settings in force as its file is now, between two requests.

        Raises:
            PackError: it is altered, unsigned or contradicts itself; the running one stays.
        """
        service = self._service
        guard = service.recommender.guard
        pack = sound_pack(self._settings, guard.gate.premises.graph, self._today())
        service.put_in_force(guard.with_pack(pack))
        self.note_pack(by)
        return self.pack()

    def pack(self) -> PackInForce:
        """The pack that decides now."""
        premises = self._service.recommender.guard.gate.premises
        pack = premises.pack
        return PackInForce(
            name=pack.name,
            edition=pack.edition,
            version=pack.version,
            knowledge_version=premises.graph.version,
        )

    def note_pack(self, by: str | None) -> None:
        """A line that tells which pack decides from now on."""
        self._record("pack", by, **self.pack().model_dump())

    def _noted(self, done: "Future[Any]", event: str, by: str | None, **told: Any) -> "Future[Any]":
        def note(result: Any) -> Any:
            self._record(event, by, **told)
            return result

        return then(done, note)

    def _record(self, event: str, by: str | None, **told: Any) -> None:
        if self._audit is not None:
            self._service.measures.audit(self._audit.record(event, by, **told))
