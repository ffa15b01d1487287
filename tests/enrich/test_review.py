import math
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from enrich.asked import by_rules, numbered
from enrich.running.test_runner import run_once

from galen.cli.reviewing import judged_by_file, write_sample
from galen.enrich.review import precision, queue, reviewed, values, wilson
from galen.enrich.running.faults import EnrichError
from galen.enrich.running.journal import Journal


def written(folder, count=40):
    task = numbered(count)
    run_once(task, by_rules(task), folder)
    return pq.read_table(folder / "items.parquet")


def said(row, good, at=1):
    return reviewed(row, good=good, note="", at=at)


@pytest.mark.parametrize(
    ("good", "judged", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775)]
)
def test_the_interval_is_wilsons(good, judged, low, high):
    found = wilson(good, judged)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_without_a_verdict_nothing_is_known():
    found = wilson(0, 0)
    assert math.isnan(found.share)
    assert (found.low, found.high) == (0.0, 1.0)


def test_a_queue_is_the_same_sample_without_what_was_judged(tmp_path):
    table = written(tmp_path)
    with Journal(tmp_path) as journal:
        first = queue(table, journal, "items", 10, 0).to_pylist()
        assert len({row["key"] for row in first}) == 10
        journal.judge("items", said(first[0], True))
        rest = queue(table, journal, "items", 10, 0).to_pylist()
    assert rest == first[1:]
    assert queue_keys(table, tmp_path, seed=1) != [row["key"] for row in first]


def queue_keys(table, folder, seed):
    with Journal(folder) as journal:
        return [row["key"] for row in queue(table, journal, "items", 10, seed).to_pylist()]


def test_a_later_verdict_takes_the_place_of_one_before(tmp_path):
    table = written(tmp_path)
    row = table.slice(0, 1).to_pylist()[0]
    with Journal(tmp_path) as journal:
        journal.judge("items", said(row, False))
        journal.judge("items", said(row, True, at=2))
        found = precision(table, journal.verdicts("items"))
    assert (found.good, found.judged) == (1, 1)


def test_verdicts_on_another_prompt_say_nothing_of_this_one(tmp_path):
    table = written(tmp_path)
    row = table.slice(0, 1).to_pylist()[0] | {"prompt": "items@0+00000000"}
    with Journal(tmp_path) as journal:
        journal.judge("items", said(row, True))
        assert precision(table, journal.verdicts("items")).judged == 0


def test_what_is_judged_are_values_not_their_origin(tmp_path):
    row = written(tmp_path, 1).to_pylist()[0]
    assert {"product_word", "pack", "description"} <= values(row).keys()
    assert not {"key", "model", "cost", "synonyms"} & values(row).keys() - {"synonyms"}


@pytest.fixture
def needs(tmp_path):
    """A table with three rows of one key."""
    one = written(tmp_path, 1).to_pylist()[0]
    return pa.Table.from_pylist([one | {"product_word": word} for word in ("a", "b", "c")])


def test_each_row_of_a_key_is_judged_by_itself(needs, tmp_path):
    rows = needs.to_pylist()
    with Journal(tmp_path) as journal:
        journal.judge("needs", said(rows[0], True))
        journal.judge("needs", said(rows[1], False))
        assert queue(needs, journal, "needs", 3, 0).to_pylist() == rows[2:]
        found = precision(needs, journal.verdicts("needs"))
    assert (found.good, found.judged) == (1, 2)


def test_a_file_of_verdicts_says_by_its_values_which_row_of_a_key_is_meant(needs, tmp_path):
    path = tmp_path / "sample.csv"
    write_sample(needs, path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[2][:-1] + "no,"]))
    (verdict,) = judged_by_file(path, needs, 5)
    assert verdict == replace(said(needs.to_pylist()[1], False), at=5)
    path.write_text(path.read_text().replace("product_word", "word"))
    with pytest.raises(EnrichError, match="line 2: no row of the key 'sku-0' has these values"):
        list(judged_by_file(path, needs, 5))


def test_verdicts_of_before_values_were_told_apart_count_where_a_key_has_one_row(tmp_path):
    table = written(tmp_path, 2)
    row = table.to_pylist()[0]
    with Journal(tmp_path) as journal:
        old = ("items", row["key"], row["prompt"], row["model"], 1, "", 1)
        journal._base.execute("insert into verdicts values (?, ?, ?, ?, ?, ?, ?)", old)
        assert precision(table, journal.verdicts("items")).judged == 1
        assert len(queue(table, journal, "items", 2, 0)) == 1
        assert precision(pa.concat_tables([table, table]), journal.verdicts("items")).judged == 0
