"""The kill switch: what is withdrawn is in no answer once the withdrawal is acknowledged."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from galen.eligibility.rules.withdrawn import What
from galen.serve.answering.recommender import Recommender
from galen.serve.durable import tables
from galen.serve.durable.futures import then
from galen.serve.messages import Withdrawal, Withdrawn
from galen.serve.missing import NotFound

Entry = tuple[What, str, str]  # what, name, batch or ""
Write = Callable[[Callable[[sqlite3.Connection], Any], Callable[[Any], None]], "Future[Any]"]


class KillSwitch:
    """A withdrawal takes effect at once, then goes to the log, so that a restart withdraws again.

    One that is lifted goes to the log first. So a full disk errs to the side of showing less, and
    what is withdrawn again while it is being lifted stays withdrawn.
    """

    def __init__(self, recommender: Recommender, lock: threading.Lock, write: Write) -> None:
        self._recommender, self._lock, self._write = recommender, lock, write
        self._puts: Counter[Entry] = Counter()  # how often each was withdrawn
        self._order = threading.Lock()  # the log has all in the order in which they took effect

    def put(self, asked: Withdrawal) -> "Future[Withdrawn]":
        """Withdraw; no request shows it any more when this returns, none after a restart when the
        future is done. Its error is LogUnavailable where the disk refused.

        Raises:
            NotFound: the catalogue or the knowledge in use has no such thing.
        """
        entry = asked.what, asked.name, asked.batch
        with self._order:
            with self._lock:
                self._check(asked)
                self._recommender.state.withdrawals.put(*entry)
                self._puts[entry] += 1
            written = self._write(lambda c: tables.withdraw(c, *entry), _nothing)
        return then(written, lambda _: self.listed())

    def lift(self, asked: Withdrawal) -> "Future[Withdrawn]":
        """Take a withdrawal back; one that was never made is none to take back."""
        entry = asked.what, asked.name, asked.batch
        with self._order:
            puts = self._puts[entry]
            written = self._write(
                lambda c: tables.lift(c, *entry), lambda _: self._lifted(entry, puts)
            )
        return then(written, lambda _: self.listed())

    def _lifted(self, entry: "Entry", puts: int) -> None:
        with self._lock:
            if self._puts[entry] == puts:
                self._recommender.state.withdrawals.lift(*entry)

    def listed(self) -> Withdrawn:
        """All that is withdrawn now."""
        with self._lock:
            listed = self._recommender.state.withdrawals.listed()
        return Withdrawn(
            withdrawals=[Withdrawal(what=what, name=name, batch=b) for what, name, b in listed]
        )

    def _check(self, asked: Withdrawal) -> None:
        catalogue = self._recommender.state.catalogue
        premises = self._recommender.guard.gate.premises
        known = {
            "item": lambda: asked.name in catalogue.row_of,
            "product": lambda: catalogue.spu_code(asked.name) >= 0,
            "batch": lambda: bool(asked.name),  # a recall may come before the goods
            "concept": lambda: premises.row(asked.name) >= 0,
        }
        if not known[asked.what]():
            raise NotFound(f"there is no {asked.what} {asked.name!r} to withdraw")


def _nothing(_: None) -> None:
    """The state knows already."""
