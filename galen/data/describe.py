"""What a shop's data are like: how much there is, what is missing, what was rejected."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
from markupsafe import Markup
from matplotlib.figure import Figure
from rich.markup import escape
from rich.table import Table as RichTable

from galen.data.drawing import plain, svg
from galen.data.manifest import ShopError
from galen.data.never_shown import NeverShown
from galen.data.page import write_page
from galen.data.schema import ITEMS, TABLES, Kind
from galen.data.shop import Shop
from galen.data.spilling import spill_folder

SPARSE: Final = 3
"""A user with at most so many events is sparse."""

_ACCENT: Final = "#2f7d6b"


@dataclass(frozen=True)
class Quality:
    """The figures of a shop's data."""

    name: str
    source: str
    clock: str
    rows: Mapping[str, int]  # by table
    assumed: Mapping[str, str]
    kinds: Mapping[str, int]  # events by kind
    months: Mapping[str, Mapping[str, int]]  # kind → month → events; empty where no clock is
    users_by_events: Mapping[str, int]  # number of events, in doubling ranges → users
    sparse_users: float  # share of users with at most SPARSE events
    item_events: Sequence[int]  # events of the most popular item, the 2nd, 4th, 8th, …
    untouched_items: float  # share of items without an event
    head_share: float  # share of events on the most popular hundredth of items
    missing: Mapping[str, float]  # item column → share of items where it is unknown
    never_shown: NeverShown
    quarantined: Mapping[str, int]  # "table: reason" → rows

    def tables(self) -> list[RichTable]:
        """For a terminal."""
        shop = RichTable("table", "rows", title=escape(f"{self.name} (from {self.source})"))
        for name, rows in self.rows.items():
            shop.add_row(name, f"{rows:,}")
        facts = RichTable("of the shop", "value")
        for name, words in self.facts():
            facts.add_row(name, words)
        tables = [shop, facts, _counted("events by kind", "events", self.kinds)]
        tables.append(_counted("users by number of events", "users", self.users_by_events))
        missing = RichTable("item column", "unknown", "filled by decision")
        for name, share in self.missing.items():
            missing.add_row(name, f"{share:.1%}", escape(self.assumed.get(name, "")))
        tables.append(missing)
        if self.quarantined:
            tables.append(_counted("quarantined", "rows", self.quarantined))
        return tables

    def facts(self) -> list[tuple[str, str]]:
        """Single figures with their names."""
        return [
            ("clock", self.clock),
            (f"users with at most {SPARSE} events", f"{self.sparse_users:.1%}"),
            ("items without an event", f"{self.untouched_items:.1%}"),
            ("items shown to nobody", f"{self.never_shown.lacking:,}"),
            ("events on the top 1 % of items", f"{self.head_share:.1%}"),
        ]

    def json(self) -> str:
        """Every figure under its field's name, for a script."""
        return msgspec.json.format(msgspec.json.encode(asdict(self)), indent=2).decode()


def describe(shop: Shop) -> Quality:
    """Count a shop's tables.

    Raises:
        ShopError: a file cannot be read.
    """
    try:
        with (
            spill_folder() as folder,
            duckdb.connect(":memory:", config={"temp_directory": folder}) as database,
        ):
            for table, schema in TABLES.items():
                files = shop.files(table)
                if files:
                    database.read_parquet(files).create_view(table)
                else:
                    database.from_arrow(schema.empty_table()).create_view(table)
            return _describe(shop, database)
    except duckdb.Error as error:
        raise ShopError(
            f"{shop.folder} cannot be read ({error}); import the shop again."
        ) from error


def _describe(shop: Shop, database: duckdb.DuckDBPyConnection) -> Quality:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return database.execute(query).fetchall()

    items, users = shop.rows("items"), shop.rows("users")
    popular = rows("SELECT count(*) AS n FROM events GROUP BY item ORDER BY n DESC")
    counts = [n for (n,) in popular]
    by_user = rows(
        "SELECT n, count(*) FROM (SELECT count(*) AS n FROM events GROUP BY user) GROUP BY n"
    )
    histogram = {0: users - sum(people for _, people in by_user)} | dict(by_user)
    present = {name for name, *_ in rows("DESCRIBE items")}  # an older shop lacks newer columns
    counted = [f'count("{f.name}")' if f.name in present else "0" for f in ITEMS]
    nulls = rows(f"SELECT {', '.join(counted)} FROM items")[0]
    return Quality(
        name=shop.manifest.name,
        source=shop.manifest.source,
        clock=shop.clock,
        rows={name: shop.rows(name) for name in TABLES},
        assumed=shop.manifest.assumed,
        kinds={
            Kind(k).name.lower(): n
            for k, n in rows("SELECT kind, count(*) FROM events GROUP BY 1 ORDER BY 1")
        },
        months=_months(rows),
        users_by_events=_ranges(histogram),
        sparse_users=sum(p for n, p in histogram.items() if n <= SPARSE) / max(users, 1),
        item_events=[counts[2**k - 1] for k in range(len(counts).bit_length())],
        untouched_items=1 - len(counts) / max(items, 1),
        head_share=sum(counts[: max(1, items // 100)]) / max(sum(counts), 1),
        missing={f.name: 1 - n / max(items, 1) for f, n in zip(ITEMS, nulls, strict=True)},
        never_shown=NeverShown.in_shop(shop),
        quarantined=dict(
            rows(
                """SELECT "table" || ': ' || reason, count(*) FROM quarantine
                GROUP BY 1 ORDER BY 2 DESC, 1"""
            )
        ),
    )


def _months(rows: Any) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    query = """
        SELECT kind, strftime(timestamp, '%Y-%m'), count(*) FROM events
        WHERE timestamp IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
    """
    for kind, month, events in rows(query):
        found.setdefault(Kind(kind).name.lower(), {})[month] = events
    return found


def _ranges(histogram: Mapping[int, int]) -> dict[str, int]:
    """Users by number of events: 0, 1, 2-3, 4-7, …"""
    widths = max(histogram).bit_length() + 1
    ranges = [0] * widths
    for events, users in histogram.items():
        ranges[events.bit_length()] += users
    return {_range(width): users for width, users in enumerate(ranges)}


def _range(width: int) -> str:
    low, high = (1 << width) >> 1, (1 << width) - 1
    return str(low) if low >= high else f"{low}-{high}"


def _counted(what: str, of: str, counts: Mapping[str, int]) -> RichTable:
    table = RichTable(what, of)
    for name, number in counts.items():
        table.add_row(escape(name), f"{number:,}")
    return table


def write_report(quality: Quality, path: Path) -> None:
    """Write the figures and plots as one HTML page that needs no network."""
    write_page(
        path,
        "galen.data",
        "quality.html",
        quality=quality,
        plots=[
            ("Events by kind", _bars(quality.kinds, "events")),
            *([("Events by month", _lines(quality.months))] if quality.months else []),
            ("Users by number of events", _bars(quality.users_by_events, "users")),
            ("Popularity of items", _popularity(quality.item_events)),
            ("Share of items where a column is unknown", _bars(quality.missing, "share")),
            *(
                [("Quarantined rows", _bars(quality.quarantined, "rows"))]
                if quality.quarantined
                else []
            ),
        ],
    )


def _bars(values: Mapping[str, float], of: str) -> Markup:
    figure = Figure(figsize=(8, 0.3 * len(values) + 1))
    axes = figure.add_subplot()
    bars = axes.barh([plain(name) for name in values], list(values.values()), color=_ACCENT)
    axes.bar_label(bars, fmt="{:,.3g}" if of == "share" else "{:,.0f}", padding=3, fontsize=8)
    axes.margins(x=0.12)
    axes.invert_yaxis()
    axes.set_xlabel(of)
    return svg(figure)


def _lines(months: Mapping[str, Mapping[str, int]]) -> Markup:
    every = sorted({month for events in months.values() for month in events})
    figure = Figure(figsize=(8, 3.5))
    axes = figure.add_subplot()
    for kind, events in months.items():
        axes.plot(range(len(every)), [events.get(month, 0) for month in every], label=kind)
    step = max(1, len(every) // 12)
    axes.set_xticks(range(0, len(every), step), every[::step], rotation=45)
    axes.set_ylabel("events")
    axes.legend(frameon=False)
    return svg(figure)


def _popularity(events: Sequence[int]) -> Markup:
    figure = Figure(figsize=(8, 3.5))
    axes = figure.add_subplot()
    if events:
        axes.loglog([2**k for k in range(len(events))], events, "o-", color=_ACCENT)
    axes.set_xlabel("rank of the item")
    axes.set_ylabel("events")
    return svg(figure)
