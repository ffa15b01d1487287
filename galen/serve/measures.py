"""What the server counts about itself: for Prometheus, and for the page."""

import threading
from collections import Counter as Tally
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
WINDOW: Final = 2000  # newest recommendations whose latency the page tells of


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """How the service is doing, in numbers for a person."""

    recommendations: int
    degraded: dict[str, int]  # part -> replies that went without it
    median_ms: float | None  # of the newest recommendations; None before the first
    p99_ms: float | None
    events: dict[str, int]  # outcome -> events


class Measures:
    """Counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "galen_request_seconds",
            "Seconds from the first byte to the last, every status.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._recommendations = Histogram(
            "galen_recommend_seconds",
            "Seconds of a recommendation without HTTP.",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._steps = Histogram(
            "galen_step_seconds",
            "Seconds of each step of the pipeline.",
            ("step",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._degraded = Counter(
            "galen_degraded", "Replies that went without a part.", ("part",), registry=self.registry
        )
        self._events = Counter(
            "galen_events", "Events received.", ("outcome",), registry=self.registry
        )
        self._lost_impressions = Counter(
            "galen_impressions_not_logged",
            "Impressions of served slates that the log refused.",
            registry=self.registry,
        )
        self._unsaid = Counter(
            "galen_reasons_left_out",
            "Reasons that the check of claims did not let pass.",
            registry=self.registry,
        )
        self._copy = Gauge(
            "galen_copy_breaches",
            "Stretches of titles and descriptions, at the start, that a rule of claims forbids.",
            ("rule",),
            registry=self.registry,
        )
        self._unaudited = Counter(
            "galen_audit_not_written",
            "Lines of the audit trail that the disk refused; what they tell of took effect.",
            registry=self.registry,
        )
        self.waiting_writes = Gauge(
            "galen_waiting_writes", "Writes that wait for the log.", registry=self.registry
        )
        self._lock = threading.Lock()
        self._newest: deque[float] = deque(maxlen=WINDOW)
        self._count = 0
        self._parts: Tally[str] = Tally()
        self._outcomes: Tally[str] = Tally()

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One HTTP request came to its end, whatever its status."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def recommendation(self, seconds: float, degraded: Sequence[str]) -> None:
        """One slate was made; `degraded` are the parts that it went without."""
        self._recommendations.observe(seconds)
        for part in degraded:
            self._degraded.labels(part).inc()
        with self._lock:
            self._newest.append(seconds)
            self._count += 1
            self._parts.update(degraded)

    def step(self, name: str, seconds: float) -> None:
        """One step of a pipeline took so long."""
        self._steps.labels(name).observe(seconds)

    def events(self, outcome: str, count: int) -> None:
        """So many events had an outcome: "accepted", "duplicate", "refused", or "shown" by us."""
        if count:
            self._events.labels(outcome).inc(count)
            with self._lock:
                self._outcomes[outcome] += count

    def lost_impressions(self, count: int) -> None:
        """So many shown items could not be put into the log."""
        self._lost_impressions.inc(count)

    def audit(self, written: bool) -> None:
        """A line of the audit trail was asked for; counted where it was not written."""
        self._unaudited.inc(not written)

    def unsaid(self, count: int) -> None:
        """So many reasons were left out of a reply, for what they claimed."""
        self._unsaid.inc(count)

    def copy_breaches(self, by_rule: Mapping[str, int]) -> None:
        """Breaches in the catalogue's texts now, in place of those before."""
        self._copy.clear()
        for rule, count in by_rule.items():
            self._copy.labels(rule).set(count)

    def doing(self) -> ServiceFigures:
        """The numbers for a person's page; latencies are in milliseconds."""
        with self._lock:
            newest = np.array(self._newest)
            count, parts, outcomes = self._count, dict(self._parts), dict(self._outcomes)
        median, p99 = np.quantile(newest, [0.5, 0.99]) * 1e3 if len(newest) else (None, None)
        return ServiceFigures(count, parts, _number(median), _number(p99), outcomes)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
