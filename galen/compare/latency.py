"""What a recommendation costs the real service, without HTTP: at a constant rate, and flat out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from galen.assembly.bundles.bundle import Bundle
from galen.compare.cost import memory_now
from galen.compare.figures import Latency
from galen.compare.keeping import keep
from galen.compare.source import state_of_code
from galen.compare.task import ContestantTask
from galen.data.arrays import Floats
from galen.data.shop import Shop
from galen.serve.messages import RecommendRequest
from galen.serve.service import Service
from galen.serve.settings import Settings

SLATE: Final = 20
NEW_PEOPLE: Final = 0.1  # share of requests by people who are not known
WARM: Final = 50  # requests that are not counted
PATIENCE: Final = 3.0  # times the planned seconds, after which no more are asked


@dataclass(frozen=True, slots=True)
class Timed:
    """Requests that were due at a constant rate."""

    seconds: Floats  # (answered,) from when each was due to its reply
    degraded: int


def measure_latency(task: ContestantTask, say: Callable[[str], None]) -> None:
    """Open the bundle by the service, ask it as many requests as the task says, keep the figures.

    Raises:
        BundleError: the recipe has not learned before.
    """
    shop, bundle = Shop.open(Path(task.shop)), Bundle.open(task.bundle)
    asked = requests_of(shop, task.requests + WARM, task.seed)
    settings = Settings(pack=task.pack, log_impressions=False)
    with TemporaryDirectory() as folder:
        say("opening the service")
        service = Service.open(shop, bundle, Path(folder), settings)
        try:
            for one in asked[:WARM]:
                service.recommend(one)
            say(f"asking {task.requests:,} requests, {task.rate:g} a second")
            timed = at_rate(
                lambda one: not service.recommend(one).degraded, asked[WARM:], task.rate
            )
            say("asking one after the other")
            flat_out = requests_per_second(service, asked[WARM:], task.requests / task.rate)
            memory = memory_now()
        finally:
            service.close()
    p50, p99 = np.percentile(timed.seconds, [50, 99]) * 1e3
    figures = Latency(
        rate=task.rate,
        planned=task.requests,
        answered=len(timed.seconds),
        p50_ms=float(p50),
        p99_ms=float(p99),
        degraded=timed.degraded,
        requests_per_second=flat_out,
        memory_bytes=memory,
        code=state_of_code(),
    )
    keep(task, figures)


def requests_of(shop: Shop, count: int, seed: int) -> list[RecommendRequest]:
    """People of a shop drawn by seed, one in ten of them new."""
    users = shop.read("users", ["user_id"])["user_id"].to_pylist()
    random = np.random.default_rng(seed)
    new = random.random(count) < NEW_PEOPLE
    drawn = random.integers(len(users), size=count)
    return [
        RecommendRequest(user=f"never seen {number}" if new[number] else users[row], n=SLATE)
        for number, row in enumerate(drawn.tolist())
    ]


def at_rate(
    ask: Callable[[RecommendRequest], bool],
    asked: Sequence[RecommendRequest],
    rate: float,
    *,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Timed:
    """Send requests when they are due, or as soon after as the one before is answered.

    Latency counts from when a request was due: one that waits for those before it is late, as it
    would be for a person. `ask` tells whether the reply is whole. Where all takes far longer than
    planned, the requests that are left are not asked.
    """
    start, degraded = clock(), 0
    end = start + PATIENCE * len(asked) / rate
    seconds = np.empty(len(asked))
    for number, one in enumerate(asked):
        due = start + number / rate
        wait = due - clock()
        if wait > 0:
            sleep(wait)
        elif number and clock() >= end:
            return Timed(seconds[:number], degraded)
        degraded += not ask(one)
        seconds[number] = clock() - due
    return Timed(seconds, degraded)


def requests_per_second(
    service: Service, asked: Sequence[RecommendRequest], longest: float
) -> float:
    """How many one core answers, each when the one before is done, for at most `longest` s."""
    start, count = time.perf_counter(), 0
    for one in asked:
        service.recommend(one)
        count += 1
        if time.perf_counter() - start > longest:
            break
    return count / (time.perf_counter() - start)
