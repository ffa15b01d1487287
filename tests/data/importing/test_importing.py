import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shop_files import HEADER, NOW, event, events, landed, rejected, run, shop

from galen.data.importing.importer import ImportRefused, ImportSettings, import_shop
from galen.data.schema import ITEMS, Kind
from galen.data.shop import Shop

ITEMS_CSV = (
    "item_id,title,category,price,rx_class,stock,regions,hidden,created_at\n"
    + "".join(f"i{n},Tube {n},Skin|Cream,{n}.5,otc,3,*,no,2020-01-01\n" for n in range(5))
).encode()


def test_a_blank_says_nothing_whatever_the_field(tmp_path):
    items = b"item_id,price,hidden,stock\na, , , \nb,2,true,1\n"
    run(tmp_path, items=items, events=events(3))
    rows = shop(tmp_path).read("items").to_pylist()
    told = [(row["item_id"], row["price"], row["hidden"], row["stock"]) for row in rows]
    assert told == [("a", None, None, None), ("b", 2.0, True, 1)]


def test_good_rows_land_as_they_are(tmp_path: Path):
    report = run(tmp_path, events=events(50), items=ITEMS_CSV)
    assert dict(report.rows) == {"items": 5, "users": 7, "events": 50}
    assert not report.quarantined
    rows = shop(tmp_path).read("events").to_pylist()
    ids = shop(tmp_path).read("items")["item_id"].to_pylist()
    people = shop(tmp_path).read("users")["user_id"].to_pylist()
    for n, row in enumerate(rows):
        assert row["event_id"] == f"e{n}"
        assert ids[row["item"]] == f"i{n % 5}"
        assert people[row["user"]] == f"u{n % 7}"
        assert row["kind"] == Kind.CLICK
        assert row["timestamp"] == datetime(2026, 5, 1 + n % 28, 10)
        assert row["value"] == 9.5
    item = shop(tmp_path).read("items").to_pylist()[3]
    assert item["category"] == ["Skin", "Cream"]
    assert (item["price"], item["stock"], item["hidden"]) == (3.5, 3, False)


def test_the_three_formats_give_the_same_shop(tmp_path: Path):
    names = HEADER.decode().strip().split(",")
    records = [
        dict(zip(names, event(n).decode().strip().split(","), strict=True)) for n in range(9)
    ]
    for record in records:
        record |= {"value": float(record["value"]), "quantity": int(record["quantity"])}
    lines = "\n".join(json.dumps(record) for record in records).encode()
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(records), sink)
    given = {
        "csv": (".csv", events(9)),
        "json": (".jsonl", lines),
        "parquet": (".parquet", sink.getvalue().to_pybytes()),
    }
    tables = []
    for name, file in given.items():
        (tmp_path / name).mkdir()
        run(tmp_path / name, events=file)
        tables.append(shop(tmp_path / name).read("events"))
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])
    assert len(tables[0]) == 9


def test_columns_and_constants_are_mapped(tmp_path: Path):
    mapping = {
        "events": {
            "user_id": "who",
            "item_id": "what",
            "kind": "=purchase",
            "order": "nth",
        }
    }
    settings = ImportSettings(mapping=mapping)
    report = run(tmp_path, settings, events=b"who,what,nth,weather\nA,x,0,rain\nB,x,1,sun\n")
    assert shop(tmp_path).clock == "order"
    rows = shop(tmp_path).read("events").to_pylist()
    assert [(r["user"], r["item"], r["kind"], r["order"]) for r in rows] == [
        (0, 0, Kind.PURCHASE, 0),
        (1, 0, Kind.PURCHASE, 1),
    ]
    assert report.ignored == {"events": ("weather",)}
    assert json.loads(report.json())["ignored"] == {"events": ["weather"]}


def test_events_without_ids_get_the_same_ids_in_every_import(tmp_path: Path):
    data = b"user_id,item_id,kind,order\nA,x,click,0\n\nB,x,click,1\n"
    run(tmp_path, events=data)
    first = landed(tmp_path)
    run(tmp_path, events=data)
    assert landed(tmp_path) == first == {"events.csv:2", "events.csv:4"}


def test_what_is_unknown_stays_unknown_unless_it_is_assumed(tmp_path: Path):
    items = b"item_id,stock\ni0,7\ni1,\ni2,\ni3,\ni4,\n"
    run(tmp_path, events=events(10), items=items)
    table = shop(tmp_path).read("items")
    assert table["stock"].to_pylist() == [7, None, None, None, None]
    assert table["rx_class"].null_count == table["regions"].null_count == 5
    assume = {"stock": "1", "rx_class": "otc", "regions": "CN|JP", "hidden": "false"}
    run(tmp_path, ImportSettings(assume=assume), events=events(10), items=items)
    table = shop(tmp_path).read("items")
    assert table["stock"].to_pylist() == [7, 1, 1, 1, 1]
    assert set(table["rx_class"].to_pylist()) == {"otc"}
    assert table["regions"].to_pylist() == [["CN", "JP"]] * 5
    assert shop(tmp_path).manifest.assumed == assume


def test_an_empty_word_takes_back_what_a_source_assumes(tmp_path: Path):
    (tmp_path / "log.csv").write_text("user_id,item_id,pos\na,x,1\nb,y,1\n")
    import_shop(
        "sequences",
        {"interactions": tmp_path / "log.csv"},
        tmp_path / "taken back",
        now=NOW,
        settings=ImportSettings(assume={"rx_class": "", "stock": "3"}),
    )
    there = Shop.open(tmp_path / "taken back")
    assert there.read("items")["rx_class"].to_pylist() == [None, None]
    assert there.read("items")["stock"].to_pylist() == [3, 3]
    assert "rx_class" not in there.manifest.assumed


@pytest.mark.parametrize(
    "assume", [{"stocks": ""}, {"stocks": "1"}, {"rx_class": "free"}, {"stock": "many"}]
)
def test_an_assumption_that_cannot_be_is_refused(tmp_path: Path, assume: dict[str, str]):
    with pytest.raises(ImportRefused, match=next(iter(assume))):
        run(tmp_path, ImportSettings(assume=assume), events=events(3))


@pytest.mark.parametrize(
    "moment",
    [
        "1780000000",
        "1780000000000",
        "1780000000000000",
        "2026-05-28 20:26:40",
        "2026-05-28T20:26:40Z",
        "2026-05-28T22:26:40+02:00",
    ],
)
def test_times_are_read_in_the_forms_that_shops_keep(tmp_path: Path, moment: str):
    run(tmp_path, events=HEADER + event(0, timestamp=moment) + event(1))
    assert shop(tmp_path).read("events")["timestamp"][0].as_py() == datetime(
        2026, 5, 28, 20, 26, 40
    )
    assert not rejected(tmp_path)


def test_users_of_events_join_the_users_of_a_file(tmp_path: Path):
    run(tmp_path, events=events(10), users=b"user_id,age\nu3,40\nu9,50\n")
    table = shop(tmp_path).read("users")
    assert table["user_id"].to_pylist()[:2] == ["u3", "u9"]
    assert set(table["user_id"].to_pylist()) == {"u9", *(f"u{n}" for n in range(7))}
    assert table["age"].to_pylist()[:3] == [40, 50, None]


def test_every_field_of_an_item_can_be_imported(tmp_path: Path):
    values = {
        "rx_class": "otc",
        "created_at": "2020-01-01",
        "hidden": "true",
        "category": "a|b",
    }
    row = {f.name: values.get(f.name, "7") for f in ITEMS}
    data = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    run(tmp_path, events=HEADER + event(0, item_id="7"), items=data.encode())
    (item,) = shop(tmp_path).read("items").to_pylist()
    assert None not in item.values()
    assert not rejected(tmp_path)


def test_progress_ends_at_the_size_of_the_files(tmp_path: Path):
    path = tmp_path / "events.csv"
    path.write_bytes(events(5000))
    told: list[tuple[str, int, int]] = []
    import_shop(
        "table",
        {"events": path},
        tmp_path / "shop",
        now=NOW,
        progress=lambda *step: told.append(step),
    )
    assert told[-1] == ("reading events", path.stat().st_size, path.stat().st_size)


def test_more_than_one_block_keeps_lines_and_ids(tmp_path: Path):
    count = 150_000  # about 10 MB
    data = events(count) + b"broken\n" + event(count)
    run(tmp_path, events=data)
    assert len(landed(tmp_path)) == count + 1
    assert rejected(tmp_path) == {("events", count + 2): "8 fields were expected, not 1"}


def test_a_field_that_json_lines_have_late_is_read_and_not_assumed(tmp_path: Path):
    filler = {"item_id": "", "title": "x" * 400, "stock": 1}
    rows = [filler | {"item_id": f"i{n}"} for n in range(25_000)]  # more than one block
    rows[-1]["hidden"] = True
    items = "\n".join(json.dumps(row) for row in rows).encode()
    settings = ImportSettings(assume={"hidden": "false"})
    run(tmp_path, settings, events=events(5), items=(".jsonl", items))
    hidden = shop(tmp_path).read("items")["hidden"].to_pylist()
    assert hidden == [False] * 24_999 + [True]


@pytest.mark.parametrize("separator", ["||", "::", "¦"])
def test_a_separator_of_several_bytes_parts_the_header_too(tmp_path: Path, separator: str):
    data = events(4).decode().replace(",", separator).encode()
    run(tmp_path, ImportSettings(options={"separator": separator}), events=data)
    assert landed(tmp_path) == {"e0", "e1", "e2", "e3"}
