"""Numbers and times as a country writes them, in the files of an export."""

from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some
from shop_files import HEADER, NOW, event, run, shop

from galen.data.importing.converting import convert
from galen.data.importing.feeds import Dialect
from galen.data.importing.importer import ImportRefused, ImportSettings, import_shop
from galen.data.importing.local import converted
from galen.data.schema import ITEMS

PRICE, STOCK = ITEMS.field("price"), ITEMS.field("stock")
WHEN = pa.field("timestamp", pa.timestamp("us"))


def read(field, dialect, *texts):
    values, bad = converted(pa.array(texts, pa.string()), field, dialect)
    return values.to_pylist(), bad.tolist()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,57", 1.57),
        ("1.234,50", 1234.5),
        ("1.234", 1234.0),  # a thousand, where a point is no decimal point
        ("12", 12.0),
        ("-3,5 ", -3.5),
        ("1\u00a0234,5", 1234.5),
        ("1'234'567,25", 1234567.25),
        ("12.5", None),
        ("1,234.50", None),
        ("1.23", None),
        ("1,2,3", None),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_decimal_comma_is_read_and_nothing_is_taken_for_one(text, number):
    values, bad = read(PRICE, Dialect(decimal=","), text, "7,5")
    assert values == [None if number in {None, "unknown"} else number, 7.5]
    assert bad == [number is None, False]


def test_whole_numbers_may_have_parted_thousands():
    assert read(STOCK, Dialect(decimal=","), "1.200", "3,0", "0,5") == (
        [1200, 3, None],
        [False, False, True],
    )


def test_numbers_that_are_no_text_are_as_they_are():
    values, bad = converted(pa.array([1.5, None]), PRICE, Dialect(decimal=","))
    assert (values.to_pylist(), bad.any()) == ([1.5, None], False)


@given(
    some.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    some.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y"]),
    some.sampled_from(["", " %H:%M", ", %H:%M:%S", " %H:%M:%S.%f", "T%H:%M"]),
)
def test_days_first_are_read_back(moment, day, clock):
    text = moment.strftime(day + clock)
    (value,), (bad,) = read(WHEN, Dialect(dates="dmy"), text)
    assert not bad
    assert value.strftime(day + clock) == text


@pytest.mark.parametrize(
    ("dates", "text", "moment"),
    [
        ("dmy", "3.1.2026 7:05", datetime(2026, 1, 3, 7, 5)),
        ("mdy", "1/3/2026", datetime(2026, 1, 3)),
        ("mdy", "12/31/2026 23:59", datetime(2026, 12, 31, 23, 59)),
        ("ymd", "2026/1/3 12:00", datetime(2026, 1, 3, 12)),
        ("dmy", "03.01.2026 12:00 +02:00", datetime(2026, 1, 3, 10)),
        ("dmy", "03.01.2026 12:00Z", datetime(2026, 1, 3, 12)),
        ("dmy", "31.02.2026", None),
        ("dmy", "12/31/2026", None),
        ("dmy", "2026-01-03", None),
        ("dmy", "03.01.26", None),
        ("dmy", "03.01.2026 25:00", None),
        ("dmy", "03.01.2026 at noon", None),
    ],
)
def test_an_order_of_dates_is_held_to(dates, text, moment):
    values, bad = read(WHEN, Dialect(dates=dates), text, None)
    assert (values, bad) == ([moment, None], [moment is None, False])


def test_times_without_a_zone_are_of_the_zone_that_is_named():
    berlin = Dialect(zone="Europe/Berlin")
    texts = ("2026-01-03T12:00", "2026-07-03 12:00:00", "2026-07-03T12:00Z", "1767441600")
    values, bad = read(WHEN, berlin, *texts)
    assert [value.hour for value in values] == [11, 10, 12, 12]
    assert not any(bad)
    german = Dialect(dates="dmy", zone="Europe/Berlin")
    assert read(WHEN, german, "03.07.2026 12:00")[0] == [datetime(2026, 7, 3, 10)]
    assert read(WHEN, german, "29.03.2026 02:30")[0] == [datetime(2026, 3, 29, 1)]  # no such time


@pytest.mark.parametrize(
    ("values", "hour"),
    [
        (pa.array([datetime(2026, 1, 3, 12)], pa.timestamp("ns")), 11),
        (pa.array([datetime(2026, 1, 3, 12)], pa.timestamp("us", "UTC")), 12),
        (pa.array([date(2026, 1, 3)]), 23),
        (pa.array([1767441600]), 12),
    ],
)
def test_a_zone_holds_for_typed_times_that_name_none(values, hour):
    found, _ = converted(values, WHEN, Dialect(zone="Europe/Berlin"))
    assert found[0].as_py().hour == hour


def test_without_options_all_is_read_as_before():
    texts = pa.array(["2026-01-03", "1767441600", "1,5", None])
    for field in (WHEN, PRICE, STOCK):
        values, bad = converted(texts, field, Dialect())
        plain, plain_bad = convert(texts, field)
        assert values.equals(plain)
        assert bad.tolist() == plain_bad.tolist()


def test_a_german_export_lands(tmp_path):
    """Items from a tool that marks UTF-8, events from one that writes Windows' letters."""
    items = "PZN;Artikel;Preis;Bestand\r\n00042;Nasenöl 10 ml;1.234,50;1.200\r\n"
    orders = "Zeit;Kunde;PZN;Betrag;Art\r\n03.01.2026 12:30;Jörg;00042;12,50;Kauf\r\n"
    (tmp_path / "items.csv").write_bytes(items.encode("utf-8-sig"))
    (tmp_path / "events.csv").write_bytes(orders.encode("cp1252"))
    mapping = {
        "items": {"item_id": "PZN", "title": "Artikel", "price": "Preis", "stock": "Bestand"},
        "events": {
            **{"timestamp": "Zeit", "user_id": "Kunde", "item_id": "PZN", "value": "Betrag"},
            "kind": "Art",
        },
    }
    options = {"separator": ";", "encoding": "cp1252", "decimal": ",", "dates": "dmy"}
    settings = ImportSettings(
        mapping=mapping,
        options=options | {"zone": "Europe/Berlin"},
        words={"kind": {"Kauf": "purchase"}},
    )
    paths = {name: tmp_path / f"{name}.csv" for name in mapping}
    import_shop("table", paths, tmp_path / "shop", now=NOW, settings=settings)
    (item,) = shop(tmp_path).read("items").to_pylist()
    assert [item[name] for name in ("item_id", "title", "price", "stock")] == [
        *("00042", "Nasenöl 10 ml"),
        *(1234.5, 1200),
    ]
    (row,) = shop(tmp_path).read("events").to_pylist()
    assert (row["timestamp"], row["value"]) == (datetime(2026, 1, 3, 11, 30), 12.5)
    assert shop(tmp_path).read("users")["user_id"].to_pylist() == ["Jörg"]


def test_a_refusal_shows_a_row_of_each_reason_and_says_which_option_may_mend_it(tmp_path):
    data = HEADER + event(0) + event(1, value='"9,5"') + event(2, timestamp="03.01.2026 10:00")
    with pytest.raises(ImportRefused) as refused:
        run(tmp_path, ImportSettings(), events=data + event(3, value='"1,5"'))
    told = str(refused.value)
    assert "2 of events: value is not a number\n    such as " in told
    assert 'events.csv:3: {"event_id":"e1"' in told
    assert '"value":"9,5"' in told
    assert '"timestamp":"03.01.2026 10:00"' in told
    assert "--option decimal=','." in told
    assert "--option dates=dmy" in told


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("decimal", "comma"), ("decimal", ""), ("dates", "dd.mm.yyyy")),
        *(("zone", "Europe/Berli"), ("zone", "../etc"), ("zone", "CEST+2")),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(tmp_path, option, value):
    settings = ImportSettings(options={option: value})
    with pytest.raises(ImportRefused, match=f"the option {option} cannot be"):
        run(tmp_path, settings, events=HEADER + event(0))


@pytest.mark.parametrize(
    ("source", "path", "text"),
    [
        ("sequences", "interactions", "user_id;item_id;pos\na;x;1,0\n"),
        ("ctr-table", "events", "user;item;label\na;x;1\n"),
    ],
)
def test_sources_of_ones_own_files_take_the_same_options(tmp_path, source, path, text):
    (tmp_path / "own.csv").write_text(text)
    settings = ImportSettings(options={"separator": ";", "decimal": ","})
    paths = {path: tmp_path / "own.csv"}
    report = import_shop(source, paths, tmp_path / "shop", now=NOW, settings=settings)
    assert report.rows["events"] == 1
