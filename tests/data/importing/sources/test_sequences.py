from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from galen.data.importing.feeds import OPEN_SALE
from galen.data.importing.importer import import_shop
from galen.data.schema import Kind
from galen.data.shop import Shop

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_items_come_from_the_interactions_in_order_of_appearance(tmp_path: Path):
    file = tmp_path / "interactions.parquet"
    pq.write_table(pa.table({"user_id": [1, 1, 2], "item_id": [9, 4, 9], "pos": [0, 1, 0]}), file)
    import_shop("sequences", {"interactions": file}, tmp_path / "shop", now=NOW)
    shop = Shop.open(tmp_path / "shop")
    assert shop.clock == "order"
    assert shop.manifest.assumed == OPEN_SALE
    assert shop.read("items")["item_id"].to_pylist() == ["9", "4"]
    events = shop.read("events")
    assert events["item"].to_pylist() == [0, 1, 0]
    assert events["order"].to_pylist() == [0, 1, 0]
    assert set(events["kind"].to_pylist()) == {Kind.RATING}


def test_brand_category_and_text_are_found_by_the_beginnings_of_columns(tmp_path: Path):
    interactions, items = tmp_path / "interactions.csv", tmp_path / "items.parquet"
    interactions.write_text("user_id,item_id,pos\n1,1,0\n1,2,1\n")
    columns = {
        "item_id": [1, 2],
        "brand_of_someone": ["OPI", None],
        "categories_found": [["Beauty", "Nails"], ["Beauty"]],
        "textual_id": ["nail lacquer", "soap"],
    }
    pq.write_table(pa.table(columns), items)
    paths = {"interactions": interactions, "items": items}
    import_shop("sequences", paths, tmp_path / "shop", now=NOW)
    rows = Shop.open(tmp_path / "shop").read("items").to_pylist()
    assert [(r["brand"], r["category"], r["title"]) for r in rows] == [
        ("OPI", ["Beauty", "Nails"], "nail lacquer"),
        (None, ["Beauty"], "soap"),
    ]


def test_the_published_beauty_set_lands_whole(tmp_path: Path, real_data: Path):
    folder = real_data / "amazon_beauty"
    paths = {name: folder / f"{name}.parquet" for name in ("interactions", "items")}
    report = import_shop("sequences", paths, tmp_path / "shop", now=NOW)
    assert dict(report.rows) == {"items": 12_101, "users": 22_363, "events": 198_502}
    assert not report.quarantined


def test_a_file_that_tells_times_has_a_clock(tmp_path: Path):
    file = tmp_path / "interactions.csv"
    file.write_text("user_id,item_id,timestamp\n1,9,2024-05-02\n1,4,2024-05-01\n2,9,1714521600\n")
    import_shop("sequences", {"interactions": file}, tmp_path / "shop", now=NOW)
    shop = Shop.open(tmp_path / "shop")
    assert shop.clock == "time"
    assert sorted(shop.read("events")["item"].to_pylist()) == [0, 0, 1]
