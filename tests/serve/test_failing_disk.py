"""A service whose log cannot be written: it goes on reading, says so, and recovers."""

import sqlite3
import sys
from contextlib import suppress
from typing import Any

import pytest

from galen.serve.durable import tables
from galen.serve.durable.log import LogUnavailable
from galen.serve.messages import Event, EventBatch, EventsTaken, RecommendRequest
from galen.serve.service import Service


def send(service: Service, *names: str) -> EventsTaken:
    events = [Event(event_id=name, user="u1", item="i5", kind="click") for name in names]
    return service.ingest(EventBatch(events=events)).result(timeout=20)


def test_a_log_that_refuses_is_told_and_the_service_recovers(service: Service) -> None:
    def pages(connection: Any, more: int) -> None:
        (count,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {count + more}")

    service._write(lambda connection: pages(connection, 0)).result(20)
    with pytest.raises(LogUnavailable, match="full"):
        send(service, *(f"{n}:{'x' * 150}" for n in range(1000)))
    assert not service.health().ready
    assert len(service.recommend(RecommendRequest(n=5)).items) == 5  # reading goes on
    service._write(lambda connection: pages(connection, 10_000)).result(20)
    assert send(service, "again").accepted == 1
    assert service.health().ready


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_service_whose_log_nobody_writes_any_more_is_not_ready(service: Service) -> None:
    service._log.write(lambda _: sys.exit())
    service._log._writer.join(10)
    health = service.health()
    assert not health.ready
    assert "restart the server" in health.problems[0]


def test_impressions_that_the_disk_refused_are_counted_as_lost(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(tables, "append", full)
    service.recommend(RecommendRequest(user="u1", n=5))
    with suppress(LogUnavailable):  # it shares the transaction of the impressions
        service._write(lambda _: None).result(20)
    told = service.measures.exposition().decode()
    assert "galen_impressions_not_logged_total 5.0" in told
