"""The heart of the features room: what training sees is what serving sees, exactly."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ibis.config import Config

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import DAY, ITEMS, Kind
from galen.features.declared import DECLARED
from galen.features.feature import Count
from galen.features.offline import Engine, ShopTables, connected, features_at, item_columns
from galen.features.probes import impression_probes
from galen.features.store import FeatureStore
from galen.pipeline.candidates import Candidates

START = 1_700_000_000_000_000 // DAY * DAY
USERS, PRODUCTS = 3, 7


def catalogue() -> Catalogue:
    """Two packs a product; one item knows nothing of itself."""
    records = [
        {
            "item_id": f"i{n}",
            "spu_id": f"s{n // 2}",
            "brand": f"b{n % 2}",
            "category": ["shop", f"c{n % 3}"],
            "price": 2.5 + n,
            "created_at": datetime(2023, 11, 1) + timedelta(hours=n),
        }
        for n in range(PRODUCTS - 1)
    ]
    return Catalogue(pa.Table.from_pylist([*records, {"item_id": "unknown"}], schema=ITEMS))


CATALOGUE = catalogue()

days = st.one_of(st.integers(0, 45), st.sampled_from([0, 1, 6, 7, 8, 29, 30, 31]))
within = st.sampled_from([0, 0, 1, DAY // 2, DAY - 1, 12_345_678])
moments = st.builds(lambda day, rest: START + day * DAY + rest, days, within)
events = st.tuples(
    st.integers(0, USERS - 1),
    st.integers(0, PRODUCTS - 1),
    st.sampled_from([int(kind) for kind in (*Kind, Kind.CLICK, Kind.PURCHASE)]),
    moments,
)
probes = st.tuples(
    st.integers(0, USERS - 1),
    st.integers(0, PRODUCTS - 1),
    moments,
    st.integers(0, 6),
    st.one_of(st.none(), st.integers(0, 99)),
)


EVENT_COLUMNS = dict.fromkeys(("user", "item", "kind", "at"), "int64")
EVENTS = ibis.table(EVENT_COLUMNS, name="events")
PROBES = ibis.table(
    {n: "int64" for n in ("probe", "user", "item", "at", "surface")} | {"age": "float64"},
    name="probes",
)
ITEM_COLUMNS = item_columns(CATALOGUE)
TABLES = ShopTables(EVENTS, ibis.table(ibis.schema(ITEM_COLUMNS.schema), name="items"), None)


@cache
def as_sql(features, dialect: str) -> str:
    return ibis.to_sql(features_at(PROBES, TABLES, features), dialect=dialect)


@pytest.fixture(scope="module")
def connection():
    with connected(Engine()) as connection:
        connection.con.register("items", ITEM_COLUMNS)
        yield connection


def offline(connection, happened, asked, features=DECLARED) -> dict[str, np.ndarray]:
    """Features of every probe by Ibis on DuckDB; compiled once, since that takes longest."""
    columns = np.array(happened, np.int64).reshape(-1, 4).T
    rows = np.array([(n, *row[:4]) for n, row in enumerate(asked)]).T
    names = ("user", "item", "kind", "at"), ("probe", "user", "item", "at", "surface")
    age = pa.array([row[4] for row in asked], pa.float64())
    wanted = pa.table([*map(pa.array, rows), age], names=[*names[1], "age"])
    connection.con.register("events", pa.table(list(columns), names=names[0]))
    connection.con.register("probes", wanted)
    found = connection.raw_sql(as_sql(features, "duckdb")).to_arrow_table().sort_by("probe")
    assert found["probe"].to_pylist() == list(range(len(asked)))
    return {
        f.name: found.column(f.name).to_numpy(zero_copy_only=False).astype(np.float64)
        for f in features
    }


def dataset(happened) -> Dataset:
    user, item, kind, at = np.array(happened, np.int64).reshape(-1, 4).T
    order = np.lexsort((at, user))
    return Dataset(
        CATALOGUE,
        "time",
        USERS,
        user[order].astype(np.int32),
        item[order].astype(np.int32),
        kind[order].astype(np.int8),
        at[order],
    )


def online(happened, asked, replayed: int) -> dict[str, np.ndarray]:
    """Every feature of every probe by the store: some events in bulk, the rest one by one."""
    columns: dict[str, list[float]] = {f.name: [] for f in DECLARED}
    for user, item, at, surface, age in asked:
        known = [e for e in happened if e[3] < at]
        store = FeatureStore.replay(dataset(known[:replayed]))
        for event in known[replayed:]:
            store.write(*event)
        request = store.requests([user], at, surface=surface, age=np.nan if age is None else age)
        batch = store.assemble(request, Candidates(np.array([0]), np.array([item])))
        for name, values in columns.items():
            values.append(float(batch.matrix([name])[0, 0]))
    return {name: np.array(values) for name, values in columns.items()}


def assert_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for feature in DECLARED:
        counted = isinstance(feature.source, Count)
        np.testing.assert_allclose(
            found[feature.name],
            expected[feature.name],
            rtol=0 if counted else 1e-6,
            atol=0 if counted else 1e-7,
            err_msg=feature.name,
        )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    happened=st.lists(events, max_size=40),
    asked=st.lists(probes, min_size=1, max_size=12),
    replayed=st.integers(0, 40),
)
def test_online_and_offline_features_are_equal_whatever_happens(
    connection, happened, asked, replayed
) -> None:
    """Events come in any order; some probes stand at the very moment of an event."""
    same = [at for *_, at in happened[: len(asked) // 2]]
    asked = [(u, i, at, s, a) for (u, i, _, s, a), at in zip(asked, same, strict=False)] + asked
    assert_equal(online(happened, asked, replayed), offline(connection, happened, asked))


def stream(seed: int, length: int = 400):
    """A fixed busy stream, in an order that has nothing to do with its moments."""
    random = np.random.default_rng(seed)
    at = START + random.integers(0, 46, length) * DAY + random.choice([0, 1, DAY // 2], length)
    columns = random.integers(0, USERS, length), random.integers(0, PRODUCTS, length)
    return list(
        zip(*(c.tolist() for c in (*columns, random.integers(0, 7, length), at)), strict=True)
    )


def busy_probes(seed: int, length: int = 40):
    return [(u, i, at, 1, 30) for u, i, _, at in stream(seed, length)]


WINDOWED = tuple(f for f in DECLARED if isinstance(f.source, Count) and f.source.days)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_window_that_is_a_day_off_would_be_noticed(connection, change: int) -> None:
    happened, asked = stream(1), busy_probes(2)
    wrong = tuple(
        replace(f, source=replace(f.source, days=f.source.days + change)) for f in WINDOWED
    )
    expected = online(happened, asked, 200)
    assert_equal(expected, offline(connection, happened, asked))
    found = offline(connection, happened, asked, wrong)
    for feature in WINDOWED:
        assert not np.array_equal(found[feature.name], expected[feature.name]), feature.name


def test_a_forgotten_user_was_never_there(connection) -> None:
    happened = stream(3)
    store = FeatureStore.replay(dataset(happened[:200]))
    for event in happened[200:]:
        store.write(*event)
    store.forget(1)
    left = [event for event in happened if event[0] != 1]
    now = START + 50 * DAY
    asked = [(user, item, now, 0, 20) for user in range(USERS) for item in range(PRODUCTS)]
    request = store.requests(range(USERS), now, age=20)
    rows = Candidates(np.repeat(np.arange(USERS), PRODUCTS), np.tile(np.arange(PRODUCTS), USERS))
    batch = store.assemble(request, rows)
    found = {f.name: batch.matrix([f.name])[:, 0] for f in DECLARED}
    assert_equal(found, offline(connection, left, asked))
    assert request.history.length.tolist() == [100, 0, 100]


class SparkOptions(Config):
    """What Ibis registers when PySpark is installed."""

    treat_nan_as_null: bool = False


@pytest.mark.parametrize("dialect", ["pyspark", "postgres"])
def test_the_expressions_compile_for_other_backends_too(monkeypatch, dialect: str) -> None:
    monkeypatch.setattr(ibis.options, "pyspark", SparkOptions())
    assert as_sql(DECLARED, dialect).count("OVER") > len(WINDOWED)
    logged = EVENT_COLUMNS | {"request": "string", "propensity": "float64", "event_id": "string"}
    users = ibis.table({"user": "int64", "age": "float64"}, name="users")
    events = ibis.table(logged | {"position": "int32", "surface": "int8"}, name="events")
    assert "OVER" in ibis.to_sql(impression_probes(events, users), dialect=dialect)


def test_what_does_not_fit_in_memory_leaves_nothing_where_a_command_was_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with connected(Engine(memory="60MB", threads=1)) as connection:
        told = "select current_setting('temp_directory')"
        (folder,) = connection.raw_sql(told).fetchone()
        connection.raw_sql(
            "create table sorted as select hash(r) as h, repeat('x', 20) as w, r "
            "from range(3000000) t(r) order by h"
        )
        assert list(Path(folder).iterdir())  # it did spill
    assert not Path(folder).exists()
    assert list(tmp_path.iterdir()) == []
