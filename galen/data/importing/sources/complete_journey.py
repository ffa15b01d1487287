"""dunnhumby's "The Complete Journey": a grocery chain's baskets, products and households."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from galen.data.importing.feeds import OPEN_SALE, Feed, ImportPlan, ImportRefused, ImportSource
from galen.data.spilling import spill_folder

_PATH: Final = ("department", "product_category", "product_type")


def _plan(paths: Mapping[str, Path], options: Mapping[str, str]) -> ImportPlan:
    folder = paths["folder"]
    products, households = folder / "products.parquet", folder / "demographics.parquet"
    sales = folder / "transactions_sample.parquet"
    for file in (products, sales):
        if not file.exists():
            raise ImportRefused(f"{file}: there is no such file; check the path.")
    items = Feed(
        products,
        {"item_id": "product_id"},
        adapt=_described(_prices(sales)),
        made=("title", "category", "price"),
        reads=("product_id", "package_size", *_PATH),
    )
    events = Feed(
        sales,
        {
            "user_id": "household_id",
            "item_id": "product_id",
            "kind": "=purchase",
            "timestamp": "transaction_timestamp",
            "session": "basket_id",
            "value": "sales_value",
        },
    )
    if "departments" in options:
        items, events = _chosen(options["departments"], items, events)
    users = Feed(
        households,
        {
            "user_id": "household_id",
            "life_stage": "household_comp",
            "age": "years",
            "household_size": "people",
        },
        adapt=_lower_bounds,
        made=("years", "people"),
        reads=("age", "household_size"),
    )
    known = users if households.exists() else None
    return ImportPlan(events=events, items=items, users=known, assume=OPEN_SALE)


def _chosen(words: str, items: Feed, events: Feed) -> tuple[Feed, Feed]:
    """The feeds without what belongs to other departments."""
    wanted = pa.array([word.strip() for word in words.split(",")])
    table = pq.read_table(items.path, columns=["product_id", "department"])
    known = pc.unique(table["department"].cast(pa.string()))
    strangers = [w for w in wanted.to_pylist() if w not in known.to_pylist()]
    if strangers:
        raise ImportRefused(
            f"{items.path} has no department {strangers}; it has {known.to_pylist()}."
        )
    apart = pc.invert(pc.is_in(table["department"].cast(pa.string()), value_set=wanted))
    others = table["product_id"].filter(apart).combine_chunks().cast(pa.string())

    def in_department(rows: pa.Table) -> pa.Array:
        return pc.invert(pc.is_in(rows["product_id"].cast(pa.string()), value_set=others))

    return (
        replace(items, keep=in_department),
        replace(events, keep=in_department, reads=("product_id",)),
    )


def _prices(sales: Path) -> pa.Table:
    """The median price of one piece, by product."""
    query = """
        SELECT product_id, median(sales_value / quantity) AS price FROM read_parquet(?)
        WHERE quantity > 0 AND sales_value > 0 GROUP BY product_id
    """
    with (
        spill_folder() as folder,
        duckdb.connect(":memory:", config={"temp_directory": folder}) as database,
    ):
        return database.execute(query, [str(sales)]).to_arrow_table()


def _described(prices: pa.Table) -> Callable[[pa.Table], pa.Table]:
    known = prices["product_id"].cast(pa.string()).combine_chunks()

    def describe(rows: pa.Table) -> pa.Table:
        title = pc.binary_join_element_wise(
            pc.coalesce(rows["product_type"], rows["product_category"], rows["department"]),
            rows["package_size"],
            " ",
            null_handling="skip",
        )
        columns = [rows[name].to_pylist() for name in _PATH]
        paths = [[part for part in path if part is not None] for path in zip(*columns, strict=True)]
        place = pc.index_in(rows["product_id"].cast(pa.string()), value_set=known)
        return (
            rows.append_column("title", title)
            .append_column("category", pa.array(paths, pa.list_(pa.string())))
            .append_column("price", prices["price"].take(place))
        )

    return describe


def _lower_bounds(rows: pa.Table) -> pa.Table:
    """The lowest age of a band such as 35-44 or 65+, and the fewest people of a size such as 5+."""
    for made, band in (("years", "age"), ("people", "household_size")):
        low = pc.struct_field(pc.extract_regex(rows[band], r"^(?P<low>\d+)"), "low")
        rows = rows.append_column(made, low)
    return rows


COMPLETE_JOURNEY = ImportSource(
    name="complete-journey",
    what="a folder with products, transactions_sample and demographics as Parquet",
    paths={"folder": True},
    options=("departments",),
    plan=_plan,
)
