from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galen.data.importing.importer import ImportRefused, ImportSettings, import_shop
from galen.data.schema import Kind
from galen.data.shop import Shop

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MOMENT = datetime(2017, 3, 1, 12)


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    folder = tmp_path / "chain"
    folder.mkdir()
    products = {
        "product_id": ["10", "20", "30"],
        "department": ["DRUG GM", "GROCERY", "DRUG GM"],
        "brand": ["National", "Private", "National"],
        "product_category": ["VITAMINS", "MILK", None],
        "product_type": ["VITAMIN C", "MILK", None],
        "package_size": ["100 CT", None, None],
    }
    sales = {
        "household_id": ["1", "1", "2", "2"],
        "basket_id": ["a", "a", "b", "c"],
        "product_id": ["10", "20", "10", "10"],
        "quantity": [2.0, 1.0, 1.0, 0.0],
        "sales_value": [8.0, 3.0, 6.0, 0.0],
        "transaction_timestamp": pa.array([MOMENT] * 4, pa.timestamp("us")),
    }
    people = {
        "household_id": ["1"],
        "age": ["65+"],
        "household_comp": ["1 Adult Kids"],
        "household_size": ["5+"],
    }
    for name, columns in (
        ("products", products),
        ("transactions_sample", sales),
        ("demographics", people),
    ):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


def test_sales_become_purchases_of_described_products(chain: Path, tmp_path: Path):
    import_shop("complete-journey", {"folder": chain}, tmp_path / "shop", now=NOW)
    shop = Shop.open(tmp_path / "shop")
    items = {item["item_id"]: item for item in shop.read("items").to_pylist()}
    assert items["10"]["title"] == "VITAMIN C 100 CT"
    assert items["10"]["category"] == ["DRUG GM", "VITAMINS", "VITAMIN C"]
    assert items["10"]["price"] == 5.0  # between 4 and 6 for one
    assert items["30"]["title"] == "DRUG GM"
    assert items["30"]["price"] is None
    users = shop.read("users").to_pylist()
    known = ("user_id", "age", "life_stage", "household_size")
    assert [tuple(user[name] for name in known) for user in users] == [
        ("1", 65, "1 Adult Kids", 5),
        ("2", None, None, None),
    ]
    event = shop.read("events").to_pylist()[0]
    assert (event["kind"], event["session"], event["timestamp"]) == (Kind.PURCHASE, "a", MOMENT)
    assert (event["quantity"], event["value"]) == (2.0, 8.0)


def test_only_the_chosen_departments_are_in_scope(chain: Path, tmp_path: Path):
    settings = ImportSettings(options={"departments": "DRUG GM"})
    report = import_shop(
        "complete-journey", {"folder": chain}, tmp_path / "shop", now=NOW, settings=settings
    )
    assert dict(report.rows) == {"items": 2, "users": 2, "events": 3}
    assert not report.quarantined


def test_an_unknown_department_is_refused_with_those_there_are(chain: Path, tmp_path: Path):
    settings = ImportSettings(options={"departments": "DRUGS"})
    with pytest.raises(ImportRefused, match=r"DRUGS.*DRUG GM"):
        import_shop(
            "complete-journey", {"folder": chain}, tmp_path / "shop", now=NOW, settings=settings
        )


def test_the_real_chain_lands_but_for_unknown_products(tmp_path: Path, real_data: Path):
    folder = real_data / "complete_journey"
    report = import_shop("complete-journey", {"folder": folder}, tmp_path / "shop", now=NOW)
    assert report.rows["items"] == 92_331
    assert report.rows["events"] == 75_000 - 222
    assert dict(report.quarantined) == {("events", "item_id is not among the items"): 222}
