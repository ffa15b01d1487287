import time
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galen.data.catalogue import RX_CLASSES, Catalogue
from galen.data.schema import ITEMS

NUMBERS = ("price", "stock", "min_age", "hidden", "rx_class", "created_at")
words = st.sampled_from(["a", "b", "c"])
records = st.fixed_dictionaries(
    {"item_id": st.sampled_from([f"i{n}" for n in range(8)])},
    optional={
        "spu_id": st.none() | words,
        "title": st.none() | words,
        "brand": st.none() | words,
        "category": st.none() | st.lists(words, max_size=3),
        "price": st.none() | st.floats(0, 100),
        "rx_class": st.none() | st.sampled_from([*RX_CLASSES, "made up"]),
        "stock": st.none() | st.integers(0, 9),
        "regions": st.none() | st.lists(words, max_size=2),
        "min_age": st.none() | st.integers(0, 18),
        "hidden": st.none() | st.booleans(),
        "created_at": st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)),
    },
)


def catalogue_of(items: list[dict[str, Any]]) -> Catalogue:
    return Catalogue(pa.Table.from_pylist(items, schema=ITEMS))


def decoded(catalogue: Catalogue) -> dict[str, list[Any]]:
    pairs = {
        "brand": (catalogue.brand, catalogue.brand_words),
        "category": (catalogue.category, catalogue.category_words),
        "department": (catalogue.department, catalogue.department_words),
        "path": (catalogue.path, catalogue.path_words),
    }
    return {
        name: [None if code < 0 else known[code] for code in codes]
        for name, (codes, known) in pairs.items()
    }


@settings(deadline=None)  # the first call makes pyarrow load its functions
@given(st.lists(records, max_size=6, unique_by=lambda r: r["item_id"]), st.lists(records))
def test_upserts_one_by_one_equal_a_catalogue_read_whole(
    first: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    grown = catalogue_of(first)
    last = {record["item_id"]: record for record in first}
    for record in later:
        grown.upsert(record)
        last[record["item_id"]] = record
    whole = catalogue_of(list(last.values()))

    assert grown.ids == whole.ids
    assert grown.row_of == whole.row_of
    assert grown.titles == whole.titles
    assert [grown.region_sets[code] for code in grown.regions] == [
        whole.region_sets[code] for code in whole.regions
    ]
    assert decoded(grown) == decoded(whole)
    same_spu = grown.spu[:, None] == grown.spu[None, :]
    np.testing.assert_array_equal(same_spu, whole.spu[:, None] == whole.spu[None, :])
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(grown, name), getattr(whole, name), err_msg=name)
    assert grown.table.to_pylist() == whole.table.to_pylist()
    assert [grown.record(row) for row in range(len(grown))] == whole.table.to_pylist()


def test_a_change_of_a_known_item_is_seen_through_an_array_taken_before() -> None:
    catalogue = catalogue_of([{"item_id": "a", "hidden": False}, {"item_id": "b"}])
    hidden = catalogue.hidden
    catalogue.upsert({"item_id": "a", "hidden": True})
    assert hidden[0] == 1


def test_an_upsert_at_100k_items_takes_less_than_a_millisecond() -> None:
    items = [{"item_id": f"i{n}", "brand": f"b{n % 99}", "stock": n} for n in range(100_000)]
    catalogue = catalogue_of(items)
    catalogue.upsert({"item_id": "i0"})  # makes the columns
    spent = []
    for n in range(200):
        start = time.perf_counter()
        catalogue.upsert({"item_id": f"i{n * 37}" if n % 2 else f"new{n}", "hidden": True})
        spent.append(time.perf_counter() - start)
    assert np.median(spent) < 1e-3


@pytest.mark.parametrize(
    "record", [{"item_id": "a", "colour": "red"}, {"title": "x"}, {"item_id": "a", "price": "dear"}]
)
def test_a_record_that_is_no_item_changes_nothing(record: dict[str, Any]) -> None:
    catalogue = catalogue_of([{"item_id": "a", "price": 1.0}])
    with pytest.raises(ValueError, match=r"no item|price|double|float|convert"):
        catalogue.upsert(record)
    assert catalogue.table.to_pylist()[0]["price"] == 1.0
    assert len(catalogue) == 1
