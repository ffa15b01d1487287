"""The benchmark of cold items: what is held out teaches nothing, and the right models find it."""

import argparse
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import cold_items

KINDS = ["nail polish", "beard oil", "hand soap", "day cream"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Forty items of four kinds; each person takes one kind only, in an order of their own."""
    folder = tmp_path_factory.mktemp("shop")
    random = np.random.default_rng(0)
    walks = [random.permutation(10)[:6] + 10 * (user % 4) for user in range(200)]
    events = {
        "user_id": np.repeat(np.arange(200), 6),
        "item_id": np.concatenate(walks),
        "pos": np.tile(np.arange(6), 200),
    }
    pq.write_table(pa.table(events), folder / "interactions.parquet")
    titles = [KINDS[item // 10] for item in range(40)]
    items = {"item_id": np.arange(40), "text": titles, "categories": [[t] for t in titles]}
    pq.write_table(pa.table(items), folder / "items.parquet")
    return [
        "--interactions",
        str(folder / "interactions.parquet"),
        "--items",
        str(folder / "items.parquet"),
    ]


def test_items_that_are_held_out_are_found_by_what_is_said_of_them(files, tmp_path):
    rows = tmp_path / "rows.json"
    models = "popular_in_category,content,two_tower_text"
    cold_items.main([*files, "--share", "0.2", "--models", models, "--json", str(rows)])
    told = {row["model"]: row for row in json.loads(rows.read_text())}
    found = {model: row["metrics"] for model, row in told.items()}
    assert found["popular_in_category"]["recall@10/cold"] == 0
    assert found["content"]["recall@10/cold"] > 0.6  # of its kind, at most ten are there
    assert found["two_tower_text"]["recall@10/among_cold"] > 0.9
    assert found["content"]["coverage_cold"] == 1
    for row in found.values():
        assert row["requests"] == row["people_cold"] + row["people_warm"]
        assert row["parameters"] > 0
    facts = told["two_tower_text"]["facts"]
    assert "held out (0.2 of all" in facts["split"]
    assert "asked for items[-1] after items[:-1]" in facts["split"]
    assert facts["users"].startswith(f"all {found['content']['people_cold']:.0f} whose wanted")
    assert facts["seen"] == "excluded"


def test_nothing_of_a_cold_item_is_learned_from_and_its_people_are_asked(world):
    options = argparse.Namespace(part="test", people=None, share=0.2, warm=10)
    held = cold_items.world_of(world.data, options, seed=0)
    assert held.cold.sum() == 5
    assert not held.cold[held.learning.item].any()
    last = world.data.nth_last(1)
    assert held.asked_cold.sum() == held.cold[last.item].sum() > 0
    assert (~held.asked_cold).sum() == 10
    assert held.requests.history.length.tolist() == [5] * len(held.wanted)


def test_settings_are_chosen_without_the_last_item(world):
    options = argparse.Namespace(part="validation", people=None, share=0.2, warm=10)
    held = cold_items.world_of(world.data, options, seed=0)
    assert held.requests.history.length.tolist() == [4] * len(held.wanted)
