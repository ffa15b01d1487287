"""Streamed samples: every row once, the same position after a break, errors raised at once."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galen.assembly.table import learn_encoder
from galen.features.encoding.schema import SchemaError
from galen.rank.streaming import Streamed

ROWS = 1003


@pytest.fixture
def folder(tmp_path):
    draw = np.random.default_rng(0)
    table = pa.table(
        {
            "label": draw.integers(0, 2, ROWS),
            "row": np.arange(ROWS),
            "tags": [list(range(i % 4)) for i in range(ROWS)],
            "price": draw.random(ROWS),
        }
    )
    pq.write_table(table, tmp_path / "train.parquet", row_group_size=130)
    (tmp_path / "samples.toml").write_text('categories = ["row"]  # a key, so that rows are told')
    return tmp_path


def streamed(folder, seed=0):
    encoder = learn_encoder(folder)
    return Streamed(folder / "train.parquet", encoder, ("click",), batch=32, seed=seed, buffer=100)


def rows_of(lessons):
    return [lesson.inputs.categories[:, 0].tolist() for lesson in lessons]


def test_gives_every_row_once_in_an_epoch(folder):
    given = [row for rows in rows_of(streamed(folder).lessons(0, 0)) for row in rows]
    assert sorted(given) == list(range(1, ROWS + 1))
    assert given != sorted(given)


def test_a_rest_of_one_row_is_left_out_as_batch_norm_has_no_spread_of_it(folder):
    source = replace(streamed(folder), batch=167, buffer=334)
    assert [len(lesson.weight) for lesson in source.lessons(0, 0)] == [167] * 6


def test_a_row_that_is_the_only_one_is_learned_from(folder):
    source = streamed(folder)
    pq.write_table(pq.read_table(source.path).slice(0, 1), source.path)
    assert [len(lesson.weight) for lesson in source.lessons(0, 0)] == [1]


def test_goes_on_at_the_exact_mini_batch(folder):
    source = streamed(folder)
    whole = rows_of(source.lessons(3, 0))
    for skip in (1, 4, 9, len(whole) - 1, len(whole)):
        assert rows_of(source.lessons(3, skip)) == whole[skip:]


def test_epochs_and_seeds_have_orders_of_their_own(folder):
    source = streamed(folder)
    assert rows_of(source.lessons(0, 0)) == rows_of(source.lessons(0, 0))
    assert rows_of(source.lessons(0, 0)) != rows_of(source.lessons(1, 0))
    assert rows_of(source.lessons(0, 0)) != rows_of(streamed(folder, seed=1).lessons(0, 0))


def test_a_row_that_cannot_be_read_stops_with_its_reason(folder):
    source = streamed(folder)
    table = pq.read_table(folder / "train.parquet").set_column(
        0, "label", pa.array(np.full(ROWS, 7))
    )
    pq.write_table(table, folder / "train.parquet", row_group_size=130)
    with pytest.raises(SchemaError, match=r"label 'click' is 7.0 in row 0"):
        list(source.lessons(0, 0))


def test_a_reader_that_stops_early_leaves_no_thread(folder):
    import threading

    before = threading.active_count()
    lessons = streamed(folder).lessons(0, 0)
    next(lessons)
    lessons.close()
    assert threading.active_count() == before
