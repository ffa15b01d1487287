import math

import pyarrow.parquet as pq
import pytest
from enrich.asked import by_rules, numbered
from enrich.running.test_runner import run_once

from galen.enrich.review import precision, queue, values, wilson
from galen.enrich.running.journal import Journal, Review


def written(folder, count=40):
    task = numbered(count)
    run_once(task, by_rules(task), folder)
    return pq.read_table(folder / "items.parquet")


def said(row, good, at=1):
    return Review(row["key"], row["prompt"], row["model"], good, "", at)


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
