import bz2
import gzip
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shop_files import HEADER, NOW, event, events, landed, rejected, run, shop

from galen.data.importing.importer import ImportRefused, ImportSettings, import_shop
from galen.data.manifest import ShopError

FIELDS = HEADER.decode().strip().split(",")


def as_json(count: int) -> bytes:
    rows = (
        dict(zip(FIELDS, event(n).decode().strip().split(","), strict=True)) for n in range(count)
    )
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_parquet(count: int) -> bytes:
    names = [event(n).decode().strip().split(",") for n in range(count)]
    sink = pa.BufferOutputStream()
    columns = dict(zip(FIELDS, zip(*names, strict=True), strict=True))
    pq.write_table(pa.table({k: list(v) for k, v in columns.items()}), sink, row_group_size=100)
    return sink.getvalue().to_pybytes()


def one_bad_among_good(folder: Path, line: bytes) -> str | None:
    """The reason against a line between good ones, which must all land."""
    run(folder, events=HEADER + event(0) + event(1) + line + event(2) + event(3))
    assert {"e0", "e1", "e2", "e3"} <= landed(folder)
    return rejected(folder).get(("events", 4))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("value", "cheap", "value is not a number"),
        ("value", "-1", "value is negative"),
        ("value", "inf", "value is not finite"),
        ("quantity", "nan", "quantity is not finite"),
        ("quantity", "-2", "quantity is negative"),
        ("propensity", "0", "propensity is not above 0 and at most 1"),
        ("propensity", "1.01", "propensity is not above 0 and at most 1"),
        ("timestamp", "yesterday", "timestamp is not a time"),
        ("timestamp", "2026-02-30T00:00:00", "timestamp is not a time"),
        ("timestamp", "1989-12-31T23:59:59", "timestamp is before 1990"),
        ("timestamp", "2026-06-01T00:00:01", "timestamp is in the future"),
        ("timestamp", "", "timestamp is missing"),
        ("user_id", "", "user_id is missing"),
        ("kind", "glance", None),
        ("event_id", "e1", "event_id is there twice"),
        ("event_id", "", "event_id is missing"),
    ],
)
def test_a_value_that_cannot_be_true_goes_to_quarantine(
    tmp_path: Path, field: str, value: str, reason: str | None
):
    told = one_bad_among_good(tmp_path, event(9, **{field: value}))
    expected = (
        reason
        or "kind is not one of impression, click, cart, purchase, rating, hide, return: 'glance'"
    )
    assert told == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"e9,u1,i1\n", "8 fields were expected, not 3"),
        (event(9)[:-1] + b",more\n", "8 fields were expected, not 9"),
        (b'e9,"u1,i1,click,2026-05-01T10:00:00,1,9.5,0.5\n', "quotes are broken"),
        (event(9).replace(b"u2", b'"u2"x'), None),
        (event(9).replace(b"u2", b"u\xff2"), "line is not UTF-8"),
        (event(9).replace(b"u2", b"u\x002"), "line has NUL bytes"),
        (event(9).replace(b"u2", b"u\r2"), "line has a line end inside"),
    ],
)
def test_a_broken_line_of_csv_costs_only_itself(tmp_path: Path, line: bytes, reason: str | None):
    told = one_bad_among_good(tmp_path, line)
    if reason is not None:
        assert told == reason
        assert "e9" not in landed(tmp_path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"event_id": "e9", \n', "JSON is broken"),
        (b"[1, 2]\n", "line is not a JSON object"),
        (b'{"event_id": "e\xff"}\n', "line is not UTF-8"),
        (b'{"event_id": "e\\u0000"}\n', "line has NUL characters"),
        (b'{"event_id": "e9", "user_id": {"a": 1}}\n', None),
        (b'{"user_id": ' + b"[" * 100_000 + b"\n", "JSON is broken"),
    ],
)
def test_a_broken_line_of_json_costs_only_itself(tmp_path: Path, line: bytes, reason: str | None):
    good = as_json(4).splitlines(keepends=True)
    data = b"".join([*good[:2], line, *good[2:]])
    run(tmp_path, events=(".jsonl", data))
    assert landed(tmp_path) == {"e0", "e1", "e2", "e3"}
    told = rejected(tmp_path)["events", 3]
    assert reason is None or told == reason


def test_a_bad_row_of_parquet_is_told_by_its_number(tmp_path: Path):
    table = pa.table(
        {
            "user_id": [1, 2, 3],
            "item_id": [1, 1, 1],
            "kind": ["click"] * 3,
            "order": [0.0, 1.5, None],
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    run(tmp_path, events=(".parquet", sink.getvalue().to_pybytes()))
    assert rejected(tmp_path) == {
        ("events", 2): "order is not a whole number",
        ("events", 3): "order is missing",
    }


def test_events_of_unknown_items_go_to_quarantine_when_items_are_given(tmp_path: Path):
    run(tmp_path, events=events(10), items=b"item_id\ni0\ni1\ni2\ni3\n")
    assert rejected(tmp_path) == {
        ("events", 6): "item_id is not among the items",
        ("events", 11): "item_id is not among the items",
    }


def test_items_and_users_that_are_there_twice_land_once(tmp_path: Path):
    run(
        tmp_path,
        events=HEADER + event(0),
        items=b"item_id,title\ni0,first\ni1,x\ni0,second\n",
        users=b"user_id\nu0\nu0\n",
    )
    assert shop(tmp_path).read("items")["title"].to_pylist() == ["first", "x"]
    assert rejected(tmp_path) == {
        ("items", 4): "item_id is there twice",
        ("users", 3): "user_id is there twice",
    }


def test_bad_items_go_to_quarantine(tmp_path: Path):
    items = (
        b"item_id,price,rx_class,min_age,created_at\ni0,1,otc,0,2020-01-01\ni1,-1,otc,0,2020-01-01\n"
        b"i2,1,free,0,2020-01-01\ni3,1,otc,900,2020-01-01\ni4,1,otc,0,2090-01-01\n,1,otc,0,2020-01-01\n"
    )
    run(tmp_path, events=HEADER + event(0), items=items)
    assert list(rejected(tmp_path).values()) == [
        "price is negative",
        "rx_class is not one of none, otc, pharmacist, prescription: 'free'",
        "min_age is not from 0 to 130 years",
        "created_at is in the future",
        "item_id is missing",
    ]


def test_a_text_with_line_ends_in_quotes_is_one_row(tmp_path: Path):
    items = b'item_id,title\r\ni0,"two\nlines, ""quoted"""\r\ni1,5" tube\r\n'
    run(tmp_path, events=events(2), items=items)
    assert shop(tmp_path).read("items")["title"].to_pylist() == ['two\nlines, "quoted"', '5" tube']


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path):
    run(tmp_path, events=b"\xef\xbb\xbf" + events(3))
    assert landed(tmp_path) == {"e0", "e1", "e2"}


def test_a_last_line_that_is_cut_is_told(tmp_path: Path):
    run(tmp_path, events=events(4)[:-40])
    assert landed(tmp_path) == {"e0", "e1", "e2"}
    assert rejected(tmp_path) == {("events", 5): "file is cut in the middle of this line"}


def test_a_last_line_without_its_line_end_lands(tmp_path: Path):
    run(tmp_path, events=events(4)[:-1])
    assert len(landed(tmp_path)) == 4


def test_a_gzip_that_is_cut_gives_what_could_be_read(tmp_path: Path):
    packed = gzip.compress(events(5000))
    run(tmp_path, events=(".csv.gz", packed[: len(packed) // 2]))
    ids = landed(tmp_path)
    assert ids == {f"e{n}" for n in range(len(ids))}
    assert 1000 < len(ids) < 5000
    assert rejected(tmp_path) == {("events", len(ids) + 2): "file is cut here"}


def test_a_gzip_of_several_members_is_read_whole(tmp_path: Path):
    data = events(100)
    run(tmp_path, events=(".csv.gz", gzip.compress(data[:999]) + gzip.compress(data[999:])))
    assert len(landed(tmp_path)) == 100


def test_a_gzip_that_is_damaged_gives_what_is_before(tmp_path: Path):
    packed = bytearray(gzip.compress(events(20_000)))
    packed[len(packed) // 2] ^= 0xFF
    run(tmp_path, events=(".jsonl.csv.gz", bytes(packed)))
    assert {f"e{n}" for n in range(1000)} <= landed(tmp_path)
    assert rejected(tmp_path)


def test_a_list_with_a_missing_entry_is_told_and_what_it_says_is_not_taken_for_all(tmp_path: Path):
    columns = {"item_id": ["a", "b", "c"], "ingredients": [["ibuprofen", None], ["zinc"], None]}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    run(tmp_path, items=(".parquet", sink.getvalue().to_pybytes()), events=events(4))
    assert shop(tmp_path).read("items")["item_id"].to_pylist() == ["b", "c"]
    reason = "ingredients is a list with an entry that is missing"
    assert rejected(tmp_path)["items", 1] == reason


def test_a_parquet_without_its_footer_is_refused(tmp_path: Path):
    with pytest.raises(ImportRefused, match="cannot be read as Parquet"):
        run(tmp_path, events=(".parquet", as_parquet(300)[:-30]))


def test_a_damaged_row_group_costs_only_itself(tmp_path: Path):
    data = bytearray(as_parquet(300))
    second = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(1).column(0)
    start = second.dictionary_page_offset or second.data_page_offset
    data[start : start + 40] = b"\xff" * 40
    run(tmp_path, events=(".parquet", bytes(data)))
    assert landed(tmp_path) == {f"e{n}" for n in (*range(100), *range(200, 300))}
    assert rejected(tmp_path)["events", 101].startswith("row group cannot be read")


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".csv.gz"])
def test_an_empty_file_is_refused(tmp_path: Path, ending: str):
    with pytest.raises(ImportRefused, match="is empty"):
        run(tmp_path, events=(ending, b""))


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(ImportRefused, match="no such file"):
        import_shop("table", {"events": tmp_path / "none.csv"}, tmp_path / "shop", now=NOW)


@pytest.mark.parametrize("slip", ["tiemstamp", "timestam", "timestamps", "timestanp"])
def test_a_column_one_slip_from_a_field_is_an_error_that_names_it(tmp_path: Path, slip: str):
    data = events(3).replace(b"timestamp", slip.encode()).replace(b"value", b"order")
    with pytest.raises(ImportRefused, match=f"{slip}.*did you mean 'timestamp'"):
        run(tmp_path, events=data)


def test_a_mapping_to_no_column_names_the_nearest(tmp_path: Path):
    settings = ImportSettings(mapping={"events": {"session": "quantty"}})
    with pytest.raises(ImportRefused, match="nearest is 'quantity'"):
        run(tmp_path, settings, events=events(3))


def test_a_file_without_a_required_field_says_how_to_give_it(tmp_path: Path):
    with pytest.raises(ImportRefused, match=r"gives no kind.*--map events\.kind"):
        run(tmp_path, events=b"user_id,item_id,order\nu,i,0\n")


def test_too_many_bad_rows_leave_the_shop_and_show_what_was_rejected(tmp_path: Path):
    run(tmp_path, events=events(20))
    before = landed(tmp_path)
    bad = events(90) + b"".join(event(n, value="x") for n in range(100, 110))
    with pytest.raises(ImportRefused) as refused:
        run(tmp_path, ImportSettings(max_bad_share=0.05), events=bad)
    words = str(refused.value)
    assert "10 of 100 rows of events" in words
    assert "value is not a number" in words
    assert "events.csv:92" in words
    assert landed(tmp_path) == before
    kept = tmp_path / "shop.rejected.parquet"
    assert str(kept) in words
    assert pq.read_table(kept)["line"].to_pylist() == list(range(92, 102))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["events.csv", "shop", kept.name]


def test_a_folder_with_something_else_is_not_replaced(tmp_path: Path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "letter.txt").write_text("dear")
    with pytest.raises(ShopError, match="not a shop"):
        run(tmp_path, events=events(3))
    assert (tmp_path / "shop" / "letter.txt").read_text() == "dear"


def test_json_whose_keys_are_values_is_refused_with_what_to_do(tmp_path: Path):
    items = b"".join(b'{"i%d": {"title": "x"}}\n' % n for n in range(10_001))
    with pytest.raises(ImportRefused, match=r"more than 10,000 different keys.* as a value"):
        run(tmp_path, events=events(3), items=(".jsonl", items))


@pytest.mark.parametrize("encoding", ["foo", "utf-16", "cp037", "hex", "a\0b", ""])
def test_an_encoding_that_cannot_be_is_refused_before_a_file_is_read(tmp_path: Path, encoding: str):
    settings = ImportSettings(options={"encoding": encoding})
    with pytest.raises(ImportRefused, match=r"encoding cannot be .*such as cp1252"):
        run(tmp_path, settings, events=events(3))


def test_a_byte_that_its_encoding_lacks_costs_only_its_line(tmp_path: Path):
    data = HEADER + event(0) + event(1, user_id="\x81") + event(2, user_id="é")
    settings = ImportSettings(max_bad_share=1.0, options={"encoding": "cp1252"})
    run(tmp_path, settings, events=data.decode().encode("latin-1"))
    assert rejected(tmp_path) == {("events", 3): "line is not CP1252"}
    assert shop(tmp_path).read("users")["user_id"].to_pylist() == ["u0", "é"]


def test_a_header_that_its_encoding_cannot_say_is_refused(tmp_path: Path):
    settings = ImportSettings(options={"encoding": "cp1252"})
    with pytest.raises(ImportRefused, match=r"line 1: the columns' names cannot be read"):
        run(tmp_path, settings, events=HEADER.replace(b"value", b"val\x81e") + event(0))


def test_an_item_of_none_but_rejected_events_is_none(tmp_path: Path):
    run(tmp_path, events=HEADER + event(0) + event(0, item_id="doubled") + event(1))
    assert shop(tmp_path).read("items")["item_id"].to_pylist() == ["i0", "i1"]
    assert shop(tmp_path).read("events")["item"].to_pylist() == [0, 1]


def test_an_event_of_an_unknown_item_does_not_use_up_its_id(tmp_path: Path):
    data = HEADER + event(0, item_id="strange") + event(0)
    run(tmp_path, events=data, items=b"item_id\ni0\n")
    assert landed(tmp_path) == {"e0"}
    assert rejected(tmp_path) == {("events", 2): "item_id is not among the items"}


def test_an_id_that_floats_cannot_tell_apart_goes_to_quarantine_with_what_to_do(tmp_path: Path):
    table = pa.table(
        {"user_id": [1e19, 2e19, 3.0], "item_id": [1] * 3, "kind": ["click"] * 3, "order": [0] * 3}
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    run(tmp_path, events=(".parquet", sink.getvalue().to_pybytes()))
    reason = "user_id is not told apart from others in a column of floats; write it as text"
    assert rejected(tmp_path) == {("events", 1): reason, ("events", 2): reason}
    assert shop(tmp_path).read("users")["user_id"].to_pylist() == ["3"]


@pytest.mark.parametrize(
    ("mark", "flag"),
    [(b";", "separator=';'"), (b"\t", r"separator=\$'\\t'"), (b"|", r"separator='\|'")],
)
def test_columns_that_stand_as_one_say_what_parts_them(tmp_path: Path, mark: bytes, flag: str):
    with pytest.raises(ImportRefused, match=rf"They stand as one: .*--option {flag}") as refused:
        run(tmp_path, events=events(3).replace(b",", mark))
    assert "--map" not in str(refused.value)


@pytest.mark.parametrize(
    ("ending", "data", "told"),
    [
        (".csv", b"\n" + events(3), "line 1 is empty: it has to name the columns"),
        (".json", b"[" + as_json(2).replace(b"\n", b",\n") + b"{}]", r"one JSON list.*jq -c"),
        (".csv", b"PK\x03\x04\x14\0\0\0", "Excel workbook, which is not read; unpack it"),
        (".xlsx", b"PK\x03\x04\x14\0\0\0", "Excel workbook, which is not read; unpack it"),
        (".csv.xz", lzma.compress(events(3)), "packed with xz.*gzip"),
        (".csv.bz2", bz2.compress(events(3)), "packed with bzip2.*gzip"),
        (".csv", events(3).decode().encode("utf-16"), "UTF-16.*save it as UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(
    tmp_path: Path, ending: str, data: bytes, told: str
):
    with pytest.raises(ImportRefused, match=told):
        run(tmp_path, events=(ending, data))


def test_a_folder_is_not_called_missing(tmp_path: Path):
    (tmp_path / "events.parquet").mkdir()
    with pytest.raises(ImportRefused, match="is a folder; name one file"):
        import_shop("table", {"events": tmp_path / "events.parquet"}, tmp_path / "shop", now=NOW)


def test_columns_without_a_name_are_left_however_many_they_are(tmp_path: Path):
    """As spreadsheets end every line with the separators of columns that are empty."""
    lines = events(4).decode().splitlines()
    for place, data in enumerate(
        ["\n".join(f",{line},," for line in lines), "\n".join(f"{line},," for line in lines) + "\r"]
    ):
        (tmp_path / str(place)).mkdir()
        report = run(tmp_path / str(place), ImportSettings(), events=data.encode())
        assert landed(tmp_path / str(place)) == {"e0", "e1", "e2", "e3"}
        assert not report.ignored
