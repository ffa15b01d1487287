"""How import, examples and features grow from a million events to ten.

    python -m benchmarks.growth --sizes 1000000,10000000 --json FILE

Each size runs in a process of its own, so that its peak memory is its own. A synthetic shop is
made and written out as the CSV and Parquet files that a shop would bring (not counted); then the
files are imported, one impression in ten becomes a labelled example, and every declared feature
is computed as it stood just before each, from all events (counted).
"""

import argparse
import json
import multiprocessing
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words, whole_numbers
from galen.compare.cost import measured
from galen.data.importing.importer import import_shop
from galen.data.schema import Kind, Surface
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.features.offline import Engine, connected, features_at, shop_tables
from galen.features.probes import impression_probes

SAMPLE_USERS = 5000  # asked how many events a user has
EXAMPLE_EVERY = 10  # one of so many impressions is an example


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure every size, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=whole_numbers, default="1000000,10000000", help="events, comma-separated"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            for work in (_make, _measure):  # the second one's memory is what is reported
                process = multiprocessing.get_context("spawn").Process(
                    target=work, args=(place, size, options.seed)
                )
                process.start()
                process.join()
                if process.exitcode != 0:
                    raise SystemExit(f"{work.__name__} of {size:,} events ended with an error")
            rows.append(Row(**json.loads((place / "row.json").read_text())))
        print(json.dumps(rows[-1].metrics))
        write_rows(options.json, rows)
    if len(rows) > 1:
        first, last = (row.metrics["microseconds_per_event"] for row in (rows[0], rows[-1]))
        print(f"time per event grows {last / first:.2f} times from the first size to the last")


def _silent(what: str, users: int, all_users: int) -> None:
    """Nobody watches a spawned process."""


def _make(folder: Path, events: int, seed: int) -> None:
    """A shop of about so many events, written out as files to import."""
    sample = SyntheticSettings(users=SAMPLE_USERS, items=2000, seed=seed)
    few = synthesize(folder / "few", sample, _silent)
    users = max(SAMPLE_USERS, round(events * SAMPLE_USERS / few.rows("events")))
    settings = SyntheticSettings(users=users, items=20_000, seed=seed)
    shop = synthesize(folder / "made", settings, _silent)
    kinds = ", ".join(f"'{kind.name.lower()}'" for kind in Kind)
    surfaces = ", ".join(f"'{surface.name.lower()}'" for surface in Surface)
    connection = duckdb.connect(config={"memory_limit": "2GB", "threads": 2})
    connection.sql("set enable_progress_bar = false")
    tables = {name: f"read_parquet({shop.files(name)!r})" for name in ("items", "users", "events")}
    connection.sql(
        f"""copy (
            select e.event_id, u.user_id, i.item_id, [{kinds}][e.kind + 1] as kind,
                e.timestamp, e.session, e.request, e.position,
                [{surfaces}][e.surface + 1] as surface, e.quantity, e.value, e.propensity
            from {tables["events"]} e
            join (select user_id, row_number() over () - 1 as row from {tables["users"]}) u
                on u.row = e.user
            join (select item_id, row_number() over () - 1 as row from {tables["items"]}) i
                on i.row = e.item
        ) to '{folder}/events.csv' (header)"""
    )
    for name in ("items", "users"):
        connection.sql(f"copy (from {tables[name]}) to '{folder}/{name}.parquet'")


def _measure(folder: Path, events: int, seed: int) -> None:
    """Import the files and compute the features; write what it took as a row."""
    files = {"events": "events.csv", "items": "items.parquet", "users": "users.parquet"}
    paths = {name: folder / file for name, file in files.items()}
    with measured() as whole:
        with measured() as importing:
            import_shop("table", paths, folder / "shop", now=datetime.now(UTC))
        with measured() as features:
            shop = Shop.open(folder / "shop")
            with connected(Engine()) as connection:
                tables = shop_tables(connection, shop)
                probes = impression_probes(tables.events, tables.users)
                probes = probes.filter(probes.probe % EXAMPLE_EVERY == 0)
                features_at(probes, tables).to_parquet(folder / "examples.parquet")
    rows = shop.rows("events")
    examples = duckdb.sql(f"select count(*) from '{folder}/examples.parquet'").fetchone()
    row = Row(
        benchmark="growth",
        data=f"synthetic-{events}",
        model="features",
        protocol="point-in-time",
        seed=seed,
        metrics={
            "events": float(rows),
            "examples": float(examples[0]) if examples else 0.0,
            "microseconds_per_event": 1e6 * whole.wall_seconds / rows,
            "import_events_per_second": rows / importing.wall_seconds,
            "feature_events_per_second": rows / features.wall_seconds,
        },
        cpu_seconds=whole.cpu_seconds,
        wall_seconds=whole.wall_seconds,
        peak_memory_bytes=whole.peak_memory_bytes,
    )
    (folder / "row.json").write_text(json.dumps(asdict(row)))


if __name__ == "__main__":
    run_in_words(main)
