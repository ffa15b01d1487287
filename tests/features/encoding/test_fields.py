"""Columns by their names: moments as what comes again, and errors that name the column."""

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from galen.features.encoding.encoder import fit_encoder
from galen.features.encoding.fields import column_of, floats, parts_of
from galen.features.encoding.schema import SchemaError
from galen.features.encoding.tables import TableColumns

TABLE = pa.table(
    {
        "label": [0, 1, 1],
        "shown": [datetime(2026, 11, 30, 23, 5), datetime(2026, 12, 6, 7), None],
        "born": [date(2026, 11, 30), None, date(2026, 12, 6)],
    }
)


def encoder_of(table, **columns):
    types = {field.name: field.type for field in table.schema}
    return fit_encoder(TableColumns(**columns), types, iter(table.to_batches()))


def test_a_moment_is_read_as_its_hour_and_its_day_of_the_week_and_a_day_as_the_latter():
    encoder = encoder_of(TABLE)
    assert [field.name for field in encoder.schema.categories] == [
        "shown:hour",
        "shown:weekday",
        "born:weekday",
    ]
    later = TABLE.set_column(1, "shown", pa.array([datetime(2030, 1, 7, 23)] * 3))
    assert encoder.encode(later).categories[0].tolist() == [2, 1, 1]  # a Monday night again
    assert encoder.encode(TABLE).categories[2].tolist() == [0, 0, 2]


def test_hours_are_those_of_the_columns_zone():
    there = pa.array([datetime(2026, 11, 30, 23, 5)], pa.timestamp("s", "Asia/Shanghai"))
    assert column_of(pa.table({"at": there}), "at:hour").to_pylist() == [7]


def test_a_moment_that_is_named_a_category_stays_whole_and_one_skipped_is_left_out():
    whole = encoder_of(TABLE, categories=("shown",), skip=("born",))
    assert [(field.name, field.size) for field in whole.schema.categories] == [("shown", 3)]


def test_a_column_with_such_a_name_is_read_as_it_stands():
    named = pa.table({"at:hour": [5], "at": [1]})
    assert column_of(named, "at:hour").to_pylist() == [5]
    assert parts_of("at", pa.int64()) == ()


@pytest.mark.parametrize("name", ["gone", "gone:hour"])
def test_a_column_that_is_missing_is_named_with_those_that_are_there(name):
    with pytest.raises(SchemaError, match="no column 'gone'; it has label, shown, born"):
        column_of(TABLE, name)


def test_a_column_that_no_longer_holds_moments_is_told():
    encoder = encoder_of(TABLE)
    with pytest.raises(SchemaError, match="'shown' held moments and is now int64"):
        encoder.encode(TABLE.set_column(1, "shown", pa.array([1, 2, 3])))


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.decimal128(20, 0)])
def test_whole_numbers_that_floats_round_are_numbers_all_the_same(kind):
    read = floats(pa.array([2**24 + 1, 2**62 + 1, None, 3], kind))
    assert read[[0, 1, 3]].tolist() == [2**24, 2**62, 3]
    assert np.isnan(read[2])
