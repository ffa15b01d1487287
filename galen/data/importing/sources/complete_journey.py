"""dunnhumby's "The Complete Journey": a grocery chain's baskets, products and households.

Both editions that people get are read: dunnhumby's own CSV, which counts days, and the year 2017
of the `completejourney` packages for R and Python, which has other names and times of day.

No file tells a price. Each item gets the median of what was paid for it over all of the sales,
since an importer does not know where a comparison will part them: it tells a little of the sales
that a comparison tests on, and an item without a price is one that was never sold at all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.importing.feeds import (
    OPEN_SALE,
    Dialect,
    Feed,
    ImportPlan,
    ImportRefused,
    ImportSource,
)
from galen.data.importing.reading import columns_of, read_blocks
from galen.data.spilling import spill_folder

_ENDINGS: Final = (".parquet", ".csv", ".csv.gz")
_PRODUCTS: Final = ("products", "product")
_SALES: Final = ("transactions", "transactions_sample", "transaction_data")
_HOUSEHOLDS: Final = ("demographics", "hh_demographic")

_CHOICES: Final = {"departments": "department", "categories": "product_category"}
_LISTED: Final = 40  # names that a message lists whole
_PATH: Final = ("department", "product_category", "product_type")
_OF_PRODUCTS: Final[
    dict[str, tuple[str, ...]]
] = {  # a column's names, in any case: the packages', then dunnhumby's
    "product_id": ("product_id",),
    "brand": ("brand",),
    "department": ("department",),
    "product_category": ("product_category", "commodity_desc"),
    "product_type": ("product_type", "sub_commodity_desc"),
    "package_size": ("package_size", "curr_size_of_product"),
}
_OF_SALES: Final[dict[str, tuple[str, ...]]] = {
    "household_id": ("household_id", "household_key"),
    "basket_id": ("basket_id",),
    "product_id": ("product_id",),
    "quantity": ("quantity",),
    "sales_value": ("sales_value",),
}
_OF_HOUSEHOLDS: Final[dict[str, tuple[str, ...]]] = {
    "household_id": ("household_id", "household_key"),
    "age": ("age", "age_desc"),
    "household_comp": ("household_comp", "hh_comp_desc"),
    "household_size": ("household_size", "household_size_desc"),
}
_OF_MOMENTS: Final = _OF_SALES | {"moment": ("transaction_timestamp",)}
_OF_DAYS: Final = _OF_SALES | {"day": ("day",), "time": ("trans_time",)}
_DAYS: Final = r"^\d{1,4}$"
_CLOCK: Final = r"^([01]?\d|2[0-3])?[0-5]?\d$"

_DAY_0: Final = datetime(2016, 3, 22)
"""Day 285 of dunnhumby's is the first of 2017 in the packages made of it; so it is here."""


@dataclass(frozen=True)
class _File:
    """A file of either edition, and how it names the columns that are read."""

    path: Path
    names: Mapping[str, str]  # column as it is called here → column of the file

    def column(self, rows: pa.Table, name: str) -> pa.Array:
        """A column of raw rows."""
        return rows[self.names[name]]

    def words(self, rows: pa.Table, name: str) -> pa.Array:
        """A column of raw rows as words, null where a blank or R's NA stands for nothing."""
        trimmed = pc.utf8_trim_whitespace(self.column(rows, name).cast(pa.string()))
        return pc.if_else(pc.is_in(trimmed, pa.array(["", "NA"])), None, trimmed)

    def read(self, *names: str) -> pa.Table:
        """Some columns whole; rows that cannot be read are told of when the shop is made."""
        wanted = [self.names[name] for name in names]
        blocks = read_blocks(self.path, Dialect(), wanted, _unheard, _unheard)
        tables = [block.table.select(wanted).rename_columns(list(names)) for block in blocks]
        if not tables:
            return pa.table({name: pa.array([], pa.string()) for name in names})
        return pa.concat_tables(tables, promote_options="permissive")


def _unheard(*_: Any) -> None:
    """What is read ahead is read again, and spoken of then."""


def _plan(paths: Mapping[str, Path], options: Mapping[str, str]) -> ImportPlan:
    folder = paths["folder"]
    products = _named(_required(folder, _PRODUCTS, "products"), _OF_PRODUCTS)
    sales_path = _required(folder, _SALES, "transactions")
    has_moment = "transaction_timestamp" in _lowered(sales_path)
    sales = _named(sales_path, _OF_MOMENTS if has_moment else _OF_DAYS)
    items, events = _items(products, sales), _events(sales)
    if options:
        items, events = _chosen(options, products, sales, items, events)
    people = _found(folder, _HOUSEHOLDS)
    users = _users(_named(people, _OF_HOUSEHOLDS)) if people is not None else None
    return ImportPlan(events=events, items=items, users=users, assume=OPEN_SALE)


def _found(folder: Path, stems: Sequence[str]) -> Path | None:
    files = [folder / f"{stem}{ending}" for stem in stems for ending in _ENDINGS]
    return next((file for file in files if file.is_file()), None)


def _required(folder: Path, stems: Sequence[str], what: str) -> Path:
    file = _found(folder, stems)
    if file is not None:
        return file
    if not folder.is_dir():
        raise ImportRefused(f"{folder}: there is no such folder; check the path.")
    there = sorted(path.name for path in folder.iterdir())
    hint = ""
    if any(name.lower().endswith((".rda", ".rds")) for name in there):
        hint = f' R\'s own files are not read; in R: write.csv({stems[0]}, "{stems[0]}.csv").'
    raise ImportRefused(
        f"{folder} has no file of {what}: {', '.join(stems)} as {', '.join(_ENDINGS)}. "
        f"It holds: {', '.join(there[:12]) or 'nothing'}.{hint}"
    )


def _lowered(path: Path) -> dict[str, str]:
    return {name.lower(): name for name in columns_of(path, Dialect())}


def _named(path: Path, known: Mapping[str, Iterable[str]]) -> _File:
    """A file with the columns that are looked for, all of which it must have.

    Raises:
        ImportRefused: it has not.
    """
    there = _lowered(path)
    names = {}
    for column, spellings in known.items():
        found = next((there[name] for name in spellings if name in there), None)
        if found is None:
            raise ImportRefused(
                f"{path} has no column {' or '.join(spellings)}. Its columns: "
                f"{', '.join(there.values())}. Is it a file of The Complete Journey?"
            )
        names[column] = found
    return _File(path, names)


def _items(products: _File, sales: _File) -> Feed:
    return Feed(
        products.path,
        {"item_id": products.names["product_id"], "brand": products.names["brand"]},
        adapt=_described(products, _prices(sales)),
        made=("title", "category", "price"),
        reads=tuple(products.names[name] for name in ("product_id", "package_size", *_PATH)),
    )


def _events(sales: _File) -> Feed:
    names = sales.names
    feed = Feed(
        sales.path,
        {
            "user_id": names["household_id"],
            "item_id": names["product_id"],
            "kind": "=purchase",
            "timestamp": names.get("moment", "moment"),
            "session": names["basket_id"],
            "quantity": names["quantity"],
            "value": names["sales_value"],
        },
    )
    if "moment" in names:
        return feed
    return replace(feed, adapt=_dated(sales), made=("moment",), reads=(names["day"], names["time"]))


def _users(households: _File) -> Feed:
    return Feed(
        households.path,
        {
            "user_id": households.names["household_id"],
            "household_id": households.names["household_id"],
            "life_stage": "stage",
            "age": "years",
            "household_size": "people",
        },
        adapt=_banded(households),
        made=("stage", "years", "people"),
        reads=tuple(households.names[name] for name in ("age", "household_comp", "household_size")),
    )


def _chosen(
    options: Mapping[str, str], products: _File, sales: _File, items: Feed, events: Feed
) -> tuple[Feed, Feed]:
    """The feeds of some departments or categories; a product that no file describes is in none."""
    columns = [_CHOICES[name] for name in options]
    table = products.read("product_id", *columns)
    inside = pa.array([True] * len(table))
    for column, words in zip(columns, options.values(), strict=True):
        inside = pc.and_(inside, _among(words, table[column], column, products.path))
    chosen = table["product_id"].filter(inside).combine_chunks().cast(pa.string())

    def kept(file: _File) -> Callable[[pa.Table], pa.Array]:
        def in_scope(rows: pa.Table) -> pa.Array:
            ids = file.column(rows, "product_id").cast(pa.string())
            return pc.or_(pc.is_in(ids, value_set=chosen), pc.is_null(ids))

        return in_scope

    return (
        replace(items, keep=kept(products)),
        replace(
            events,
            keep=kept(sales),
            reads=(*dict.fromkeys([*events.reads, sales.names["product_id"]]),),
        ),
    )


def _among(words: str, column: pa.ChunkedArray, name: str, path: Path) -> pa.Array:
    """Whether each word of a column is one of those that are asked for.

    Raises:
        ImportRefused: one that is asked for is not there at all.
    """
    wanted = [word.strip() for word in words.split(",")]
    there = pc.utf8_trim_whitespace(column.cast(pa.string())).combine_chunks()
    known = pc.unique(there).drop_null().to_pylist()
    strangers = [word for word in wanted if word not in known]
    if strangers:
        raise ImportRefused(f"{path} has no {name} {strangers}; it has {_told(strangers, known)}.")
    return pc.is_in(there, value_set=pa.array(wanted))


def _told(strangers: Sequence[str], known: Sequence[str]) -> str:
    near = [word for one in strangers for word in get_close_matches(one, known, n=3, cutoff=0.4)]
    listed = known if len(known) <= _LISTED else [*dict.fromkeys(near), "…"]
    return f"{len(known)}, {', '.join(listed)}"


def _prices(sales: _File) -> pa.Table:
    """The median price of one piece, by product, over all sales, whenever they were."""
    query = """
        WITH sold AS (
            SELECT product_id::VARCHAR AS product_id, try_cast(quantity AS DOUBLE) AS pieces,
                try_cast(sales_value AS DOUBLE) AS paid FROM sales
        )
        SELECT product_id, median(paid / pieces) AS price FROM sold
        WHERE pieces > 0 AND paid > 0 GROUP BY product_id
    """
    with (
        spill_folder() as folder,
        duckdb.connect(":memory:", config={"temp_directory": folder}) as database,
    ):
        database.register("sales", sales.read("product_id", "quantity", "sales_value"))
        return database.execute(query).to_arrow_table()


def _described(products: _File, prices: pa.Table) -> Callable[[pa.Table], pa.Table]:
    known = prices["product_id"].combine_chunks()

    def describe(rows: pa.Table) -> pa.Table:
        department, category, product_type = (products.words(rows, name) for name in _PATH)
        title = pc.binary_join_element_wise(
            pc.coalesce(product_type, category, department),
            products.words(rows, "package_size"),
            " ",
            null_handling="skip",
        )
        columns = [part.to_pylist() for part in (department, category, product_type)]
        paths = [[part for part in path if part is not None] for path in zip(*columns, strict=True)]
        ids = products.column(rows, "product_id").cast(pa.string())
        return (
            rows.append_column("title", title)
            .append_column("category", pa.array(paths, pa.list_(pa.string())))
            .append_column("price", prices["price"].take(pc.index_in(ids, value_set=known)))
        )

    return describe


def _dated(sales: _File) -> Callable[[pa.Table], pa.Table]:
    """Times from a day's number and its clock, such as 1631, or 9 for nine past midnight."""

    def date(rows: pa.Table) -> pa.Table:
        day = _whole(sales.words(rows, "day"), _DAYS)
        clock = _whole(sales.words(rows, "time"), _CLOCK)
        hours = pc.divide(clock, 100)
        minutes = pc.subtract(clock, pc.multiply(hours, 100))
        since = pc.add(pc.multiply(pc.add(pc.multiply(day, 24), hours), 60), minutes)
        length = pc.multiply(since, 60_000_000).cast(pa.duration("us"))
        return rows.append_column("moment", pc.add(pa.scalar(_DAY_0, pa.timestamp("us")), length))

    return date


def _whole(words: pa.Array, form: str) -> pa.Array:
    """Whole numbers, null where words have another form."""
    return pc.if_else(pc.match_substring_regex(words, form), words, None).cast(pa.int64())


def _banded(households: _File) -> Callable[[pa.Table], pa.Table]:
    """The lowest age of a band such as 35-44 or 65+, and the fewest people of a size such as 5+."""

    def bound(rows: pa.Table) -> pa.Table:
        for made, band in (("years", "age"), ("people", "household_size")):
            words = households.words(rows, band)
            low = pc.struct_field(pc.extract_regex(words, r"^(?P<low>\d+)"), "low")
            rows = rows.append_column(made, low)
        return rows.append_column("stage", households.words(rows, "household_comp"))

    return bound


COMPLETE_JOURNEY = ImportSource(
    name="complete-journey",
    what="a folder with products, transactions and demographics as CSV or Parquet",
    paths={"folder": True},
    options=tuple(_CHOICES),
    plan=_plan,
)
