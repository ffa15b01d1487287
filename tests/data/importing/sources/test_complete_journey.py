from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from galen.data.importing.importer import ImportRefused, ImportSettings, import_shop
from galen.data.schema import Kind
from galen.data.shop import Shop

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MOMENT = datetime(2017, 3, 1, 12)


Columns = dict[str, dict[str, Any]]  # of each file
PACKAGED: Columns = {  # as the packages for R and Python have it
    "products": {
        "product_id": ["10", "20", "30"],
        "department": ["DRUG GM", "GROCERY", "DRUG GM"],
        "brand": ["National", "Private", "National"],
        "product_category": ["VITAMINS", "MILK", None],
        "product_type": ["VITAMIN C", "MILK", None],
        "package_size": ["100 CT", None, None],
    },
    "transactions_sample": {
        "household_id": ["1", "1", "2", "2"],
        "basket_id": ["a", "a", "b", "c"],
        "product_id": ["10", "20", "10", "10"],
        "quantity": [2.0, 1.0, 1.0, 0.0],
        "sales_value": [8.0, 3.0, 6.0, 0.0],
        "transaction_timestamp": pa.array([MOMENT] * 4, pa.timestamp("us")),
    },
    "demographics": {
        "household_id": ["1"],
        "age": ["65+"],
        "household_comp": ["1 Adult Kids"],
        "household_size": ["5+"],
    },
}
PUBLISHED: Columns = {  # as dunnhumby has it: blanks for nothing, counted days
    "product": {
        "PRODUCT_ID": [10, 20, 30],
        "MANUFACTURER": [1, 1, 1],
        "DEPARTMENT": ["DRUG GM", "GROCERY", "DRUG GM"],
        "BRAND": ["National", "Private", "National"],
        "COMMODITY_DESC": ["VITAMINS", "MILK", " "],
        "SUB_COMMODITY_DESC": ["VITAMIN C", "MILK", " "],
        "CURR_SIZE_OF_PRODUCT": ["100 CT", " ", " "],
    },
    "transaction_data": {
        "household_key": [1, 1, 2, 2],
        "BASKET_ID": ["a", "a", "b", "c"],
        "DAY": [344, 344, 344, 344],
        "PRODUCT_ID": [10, 20, 10, 10],
        "QUANTITY": [2, 1, 1, 0],
        "SALES_VALUE": [8.0, 3.0, 6.0, 0.0],
        "TRANS_TIME": [1200, 1200, 1200, 1200],
    },
    "hh_demographic": {
        "AGE_DESC": ["65+"],
        "HH_COMP_DESC": ["1 Adult Kids"],
        "HOUSEHOLD_SIZE_DESC": ["5+"],
        "household_key": [1],
    },
}


def written(folder: Path, files: Columns, ending: str) -> Path:
    folder.mkdir()
    for name, columns in files.items():
        path = folder / f"{name}{ending}"
        if ending == ".parquet":
            pq.write_table(pa.table(columns), path)
        else:
            with pa.output_stream(path) as stream:  # which packs what ends in .gz
                pacsv.write_csv(pa.table(columns), stream)
    return folder


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return written(tmp_path / "chain", PACKAGED, ".parquet")


def tables(folder: Path, shop: Path) -> dict[str, list[dict[str, Any]]]:
    import_shop("complete-journey", {"folder": folder}, shop, now=NOW)
    rows = {name: Shop.open(shop).read(name).to_pylist() for name in ("items", "users", "events")}
    rows["events"] = [{**row, "event_id": None} for row in rows["events"]]  # named after the file
    return rows


@pytest.mark.parametrize(
    ("files", "ending"),
    [(PACKAGED, ".csv"), (PACKAGED, ".csv.gz"), (PUBLISHED, ".csv"), (PUBLISHED, ".parquet")],
)
def test_every_edition_gives_the_same_shop(
    chain: Path, tmp_path: Path, files: Columns, ending: str
):
    other = written(tmp_path / "other", files, ending)
    assert tables(other, tmp_path / "b") == tables(chain, tmp_path / "a")


def test_what_r_writes_where_nothing_is_known_is_unknown(tmp_path: Path):
    nothing = {"AGE_DESC": ["NA"], "HH_COMP_DESC": ["NA"], "HOUSEHOLD_SIZE_DESC": ["NA"]}
    files = {
        **PUBLISHED,
        "product": {**PUBLISHED["product"], "SUB_COMMODITY_DESC": ["NA", "MILK", "NA"]},
        "hh_demographic": {**PUBLISHED["hh_demographic"], **nothing},
    }
    told = tables(written(tmp_path / "chain", files, ".csv"), tmp_path / "shop")
    assert told["items"][0]["title"] == "VITAMINS 100 CT"
    assert told["items"][0]["category"] == ["DRUG GM", "VITAMINS"]
    known = {told["users"][0][name] for name in ("age", "life_stage", "household_size")}
    assert known == {None}


@pytest.mark.parametrize(
    ("clock", "hour", "minute"), [("5", 0, 5), ("905", 9, 5), ("0905", 9, 5), ("2359", 23, 59)]
)
def test_a_clock_is_hours_and_minutes(tmp_path: Path, clock: str, hour: int, minute: int):
    sales = {**PUBLISHED["transaction_data"], "TRANS_TIME": [clock] * 4, "DAY": [285] * 4}
    files = {**PUBLISHED, "transaction_data": sales}
    told = tables(written(tmp_path / "chain", files, ".csv"), tmp_path / "shop")
    assert told["events"][0]["timestamp"] == datetime(2017, 1, 1, hour, minute)


def test_a_clock_that_cannot_be_is_set_aside(tmp_path: Path):
    sales = {**PUBLISHED["transaction_data"], "TRANS_TIME": ["1275", "1200", "1200", "1200"]}
    folder = written(tmp_path / "chain", {**PUBLISHED, "transaction_data": sales}, ".csv")
    report = import_shop(
        "complete-journey",
        {"folder": folder},
        tmp_path / "shop",
        now=NOW,
        settings=ImportSettings(max_bad_share=1),
    )
    assert report.rows["events"] == 3
    ((table, reason),) = report.quarantined
    assert table == "events"
    assert "timestamp" in reason


def test_the_whole_year_goes_before_its_sample(chain: Path, tmp_path: Path):
    whole = {name: values[:1] for name, values in PACKAGED["transactions_sample"].items()}
    pq.write_table(pa.table(whole), chain / "transactions.parquet")
    assert len(tables(chain, tmp_path / "shop")["events"]) == 1


def test_a_folder_without_the_files_says_which_it_misses_and_what_it_holds(tmp_path: Path):
    (tmp_path / "products.rda").touch()
    with pytest.raises(ImportRefused, match=r"no file of products.*products\.rda.*write\.csv"):
        import_shop("complete-journey", {"folder": tmp_path}, tmp_path / "shop", now=NOW)
    with pytest.raises(ImportRefused, match="no such folder"):
        import_shop("complete-journey", {"folder": tmp_path / "no"}, tmp_path / "shop", now=NOW)


def test_a_file_of_something_else_is_refused_with_its_columns(tmp_path: Path):
    files = {**PUBLISHED, "product": {"PRODUCT_ID": [10], "NAME": ["MILK"]}}
    folder = written(tmp_path / "chain", files, ".csv")
    with pytest.raises(ImportRefused, match=r"no column brand.*PRODUCT_ID, NAME"):
        import_shop("complete-journey", {"folder": folder}, tmp_path / "shop", now=NOW)


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


def test_only_the_chosen_categories_of_the_chosen_departments_are_in_scope(
    chain: Path, tmp_path: Path
):
    for categories, kept in (("VITAMINS", ["10"]), ("MILK", []), ("VITAMINS, MILK", ["10"])):
        settings = ImportSettings(options={"departments": "DRUG GM", "categories": categories})
        place = tmp_path / categories
        import_shop("complete-journey", {"folder": chain}, place, now=NOW, settings=settings)
        assert Shop.open(place).read("items")["item_id"].to_pylist() == kept


def test_a_product_that_no_file_describes_is_in_no_department(tmp_path: Path):
    sales = {**PUBLISHED["transaction_data"], "PRODUCT_ID": [10, 99, None, 10]}
    folder = written(tmp_path / "chain", {**PUBLISHED, "transaction_data": sales}, ".csv")
    settings = ImportSettings(max_bad_share=1, options={"departments": "DRUG GM"})
    report = import_shop(
        "complete-journey", {"folder": folder}, tmp_path / "shop", now=NOW, settings=settings
    )
    assert report.rows["events"] == 2
    assert dict(report.quarantined) == {("events", "item_id is missing"): 1}


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
