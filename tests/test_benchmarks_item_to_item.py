"""The benchmark of item to item: truths are counted as they are, and the right models find them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import item_to_item
from galen.pipeline.candidates import Candidates

PAIRS = 40
"""Kinds of two items that are bought together; a kind has a word of its own."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """People walk from pair to pair; the truth of each item is its partner."""
    folder = tmp_path_factory.mktemp("shop")
    random = np.random.default_rng(0)
    walks = [
        np.concatenate([[2 * kind, 2 * kind + 1] for kind in random.permutation(PAIRS)[:4]])
        for _ in range(300)
    ]
    events = {
        "user_id": np.repeat(np.arange(300), 8),
        "item_id": np.concatenate(walks),
        "pos": np.tile(np.arange(8), 300),
    }
    pq.write_table(pa.table(events), folder / "interactions.parquet")
    numbers = np.arange(2 * PAIRS)
    items = {
        "item_id": numbers,
        "asin": [f"A{n}" for n in numbers],
        "text": [f"thing {n}" for n in numbers],
        "categories": [["shop", f"kind {n // 4}"] for n in numbers],
    }
    pq.write_table(pa.table(items), folder / "items.parquet")
    truth = {
        "asin": [f"A{n}" for n in numbers] + ["A0", "A1"],
        "related_asin": [f"A{n ^ 1}" for n in numbers] + ["elsewhere", "A2"],
        "relation": ["bought_together"] * (2 * PAIRS + 1) + ["also_viewed"],
    }
    pq.write_table(pa.table(truth), folder / "relations.parquet")
    return [
        word
        for name in ("interactions", "items", "relations")
        for word in (f"--{name}", str(folder / f"{name}.parquet"))
    ]


def test_what_is_bought_together_is_found_and_chance_is_not(files, tmp_path, capsys):
    rows = tmp_path / "rows.json"
    models = "random_in_category,co_occurrence,i2i"
    item_to_item.main([*files, "--models", models, "--json", str(rows)])
    found = {row["model"]: row["metrics"] for row in json.loads(rows.read_text())}
    assert found["i2i"]["asked"] == PAIRS  # the other half is for choosing
    assert found["i2i"]["truths"] == PAIRS
    assert found["random_in_category"]["precision@1/all"] < 0.6
    assert found["co_occurrence"]["precision@1/all"] > 0.9
    assert found["i2i"]["precision@1/all"] > 0.9
    assert "galen enrich run relations SHOP" in " ".join(capsys.readouterr().out.split())


def test_precision_and_recall_are_those_of_the_truth():
    truth = item_to_item.Truth(np.array([0, 0, 1]), np.array([2, 3, 3]))
    found = Candidates(np.array([0, 0, 1, 1]), np.array([2, 4, 4, 3]))
    events = np.array([9, 9, 9, 1, 9])
    metrics = item_to_item.figures(found, truth, events, cold=5, seed=0)
    assert metrics["precision@1/all"] == 0.5
    assert metrics["precision@5/all"] == pytest.approx((1 / 5 + 1 / 5) / 2)
    assert metrics["recall@10/all"] == 0.75
    assert metrics["recall@10/cold_targets"] == 0.5  # item 3 is found beside 1, not beside 0
    assert metrics["ceiling@1"] == 1
    assert metrics["coverage_cold"] == 1


def test_halves_of_the_items_share_no_item():
    source = np.arange(100)
    truth = item_to_item.Truth(source, source + 1)
    one, other = truth.part("test"), truth.part("validation")
    assert not set(one.source.tolist()) & set(other.source.tolist())
    assert len(one.source) + len(other.source) == 100


@pytest.mark.slow
def test_on_real_events_more_is_found_than_by_what_was_taken_together(real_data, tmp_path):
    folder, rows = real_data / "amazon_beauty", tmp_path / "rows.json"
    names = ("interactions", "items", "relations")
    paths = [word for n in names for word in (f"--{n}", str(folder / f"{n}.parquet"))]
    item_to_item.main([*paths, "--models", "co_occurrence,i2i", "--json", str(rows)])
    found = {row["model"]: row["metrics"] for row in json.loads(rows.read_text())}
    for name in ("precision@1/all", "recall@10/all"):
        assert found["i2i"][f"{name}_low"] > found["co_occurrence"][f"{name}_high"]
    assert found["i2i"]["recall@10/cold_targets"] > found["co_occurrence"]["recall@10/cold_targets"]
