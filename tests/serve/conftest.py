"""A small shop with a real pipeline over it, served for real."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import structlog

from galen.data.arrays import Floats
from galen.data.dataset import Dataset
from galen.data.schema import ITEMS, USERS, Kind
from galen.data.shop import Shop, new_shop
from galen.eligibility.guard import Guard
from galen.eligibility.rules.hidden import NotHidden
from galen.eligibility.rules.prescription import PrescriptionBySurface
from galen.eligibility.rules.stock import InStock
from galen.knowledge.build import built_in
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import read_pack
from galen.pipeline.candidates import Batch, Candidates, Requests
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.recall.item_graph import ItemGraph
from galen.recall.popular import Popular
from galen.rerank.bought_recently import BoughtRecently
from galen.rerank.one_per_product import OnePerProduct
from galen.serve.answering.recommender import Recommender
from galen.serve.answering.state import ShopState
from galen.serve.durable.log import EventLog
from galen.serve.durable.snapshot import Snapshots
from galen.serve.http.server import log_lines
from galen.serve.service import Service

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ITEM_COUNT, USER_COUNT = 80, 40


def item(n: int) -> dict[str, Any]:
    """Items 0 … 79; those from 70 on may not be shown on the home page."""
    return {
        "item_id": f"i{n}",
        "title": f"Item {n}",
        "brand": f"brand {n % 4}",
        "category": ["health", f"shelf {n % 5}"],
        "price": 1.0 + n,
        "rx_class": "prescription" if n >= 77 else "none",
        "stock": 0 if 70 <= n < 74 else 10,
        "hidden": 74 <= n < 77,
        "regions": ["*"],
        "min_age": 0,
    }


def make_shop(folder: Path, clock: str = "time") -> Shop:
    """People walk along the items, so what follows what can be learned."""
    draw = np.random.default_rng(3)
    with new_shop(folder, name="test", source="test", clock=clock) as writer:
        writer.write(
            "items", pa.Table.from_pylist(list(map(item, range(ITEM_COUNT))), schema=ITEMS)
        )
        users = [{"user_id": f"u{n}", "age": 30 + n, "region": "xx"} for n in range(USER_COUNT)]
        writer.write("users", pa.Table.from_pylist(users, schema=USERS))
        rows = []
        for user in range(USER_COUNT - 2):  # the last two have no history
            start = int(draw.integers(ITEM_COUNT))
            for step in range(int(draw.integers(2, 12))):
                rows.append(
                    {
                        "event_id": f"shop:{user}:{step}",
                        "user": user,
                        "item": (start + 3 * step) % ITEM_COUNT,
                        "kind": int(Kind.CLICK if step % 3 else Kind.PURCHASE),
                        "timestamp": (NOW - timedelta(days=60 - step)).replace(tzinfo=None)
                        if clock == "time"
                        else None,
                        "order": step if clock == "order" else None,
                    }
                )
        writer.write("events", pa.Table.from_pylist(rows))
    return Shop.open(folder)


class ById:
    """A ranker that prefers small item numbers: what it did is plain to see."""

    objectives = ("click",)

    def assemble(self, requests: Requests, candidates: Candidates) -> Batch:
        item = candidates.item.astype(np.float32)
        return Batch(candidates.request, {}, {"item": item})

    def score(self, batch: Batch) -> Floats:
        return 1.0 / (2.0 + batch.per_row["item"].astype(np.float64)[:, None])

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def make_pipeline(data: Dataset, state: ShopState, executor: ThreadPoolExecutor | None) -> Pipeline:
    catalogue = state.catalogue
    channels = (
        Channel("item_graph", ItemGraph().fit(data), 50, deadline=5.0),
        Channel("popular", Popular().fit(data), 50, deadline=5.0),
    )
    return Pipeline(
        recall=ChannelRunner(channels, executor),
        filters=(PrescriptionBySurface(catalogue), InStock(catalogue), NotHidden(catalogue)),
        fuser=Sum(),
        rank_limit=50,
        assembler=ById(),
        ranker=ById(),
        blend=(("click", 1.0),),
        rerankers=(
            ("bought_recently", BoughtRecently(catalogue)),
            ("one_per_product", OnePerProduct(catalogue)),
        ),
    )


class Sum:
    def fuse(
        self, requests: Requests, candidates: Candidates, failed: Sequence[str] = ()
    ) -> Candidates:
        ranks = [candidates.columns[f"{name}_rank"] for name in ("item_graph", "popular")]
        score = sum(np.where(np.isnan(rank), 0, 1 / (1 + rank)) for rank in ranks)
        return candidates.with_columns({"recall_score": np.asarray(score, np.float64)})


def open_world(folder: Path, clock: str, executor: ThreadPoolExecutor, **more: Any) -> Service:
    """A service over the shop in a folder, which is made where there is none."""
    place = folder / f"shop-{clock}"
    shop = Shop.open(place) if place.exists() else make_shop(place, clock)
    log = EventLog(folder / clock / "events.db", lock_wait=0.2)
    snapshots = Snapshots(folder / clock / "snapshot")
    with closing(log.read()) as reading:
        state = ShopState.restore(shop, reading, snapshots)
    pipeline = make_pipeline(Dataset.read(shop), state, executor)
    graph, reader = knowledge()
    guard = Guard.over(state.catalogue, graph, reader, read_pack("general"), state.withdrawals)
    return Service(Recommender(state, pipeline, "test", guard), log, snapshots, **more)


@cache
def knowledge() -> tuple[Graph, IngredientReader]:
    """galen's own, read once for all services."""
    graph = built_in()
    return graph, IngredientReader.of(graph)


@pytest.fixture(scope="session", autouse=True)
def server_s_log_lines() -> Iterator[None]:
    """What fails is logged as the server logs it."""
    log_lines()
    yield
    structlog.reset_defaults()


Open = Callable[..., Service]


@pytest.fixture
def open_service(tmp_path: Path) -> Iterator[Open]:
    """Open a service over the shop in tmp_path, as often as a test likes; all are closed."""
    ticks = count(int(NOW.timestamp() * 1e6))  # time goes on from one service to the next
    with ExitStack() as stack:

        def open_one(clock: str = "time", **more: Any) -> Service:
            executor = stack.enter_context(ThreadPoolExecutor(2))
            more.setdefault("now", lambda: next(ticks))
            service = open_world(tmp_path, clock, executor, **more)
            stack.callback(service.close)
            return service

        yield open_one


@pytest.fixture
def service(open_service: Open) -> Service:
    return open_service()
