"""Every shipped ranking recipe learns from a small table, is saved, and scores as it did."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from quick_recipes import quick

from galen.assembly.recipes.shipped import find_recipe, shipped_recipes
from galen.assembly.table import TableBundle, read_parts, save_run, train_table

RECIPES = [name for name in shipped_recipes() if name.startswith("ctr/")]
COLUMNS = """
labels = {click = "clicked", purchase = "bought"}
user = "user"
item = "item"
scene = "scene"
history = ["seen"]
targets = {seen = "item"}
least = 1
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """People with histories, two things that they do, a scene and a price: what any model reads."""
    folder, draw = tmp_path_factory.mktemp("ctr"), np.random.default_rng(0)
    for name, rows in (("train", 300), ("valid", 100), ("test", 100)):
        user, item = draw.integers(0, 12, rows), draw.integers(0, 9, rows)
        clicked = draw.random(rows) < np.where((user + item) % 3 == 0, 0.8, 0.2)
        columns = {
            "user": user,
            "item": item,
            "scene": draw.integers(0, 2, rows),
            "price": draw.random(rows),
            "seen": [draw.integers(0, 9, n).tolist() for n in draw.integers(0, 6, rows)],
            "clicked": clicked.astype(np.int8),
            "bought": (clicked & (draw.random(rows) < 0.5)).astype(np.int8),
        }
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    (folder / "samples.toml").write_text(COLUMNS)
    return folder


@pytest.mark.parametrize("name", RECIPES)
def test_a_shipped_ranking_recipe_learns_is_saved_and_scores_as_it_did(name, table, tmp_path):
    run = train_table(quick(find_recipe(name)), table, progress=lambda _: None)
    test = read_parts(table, run.encoder, ("test",))["test"]
    scores = run.model.score(test)
    assert scores.shape == (100, len(run.model.objectives))
    assert ((scores > 0) & (scores < 1)).all()
    assert (scores.std(axis=0) > 0).all()
    save_run(tmp_path / "run", run, now=datetime(2026, 1, 1, tzinfo=UTC))
    again = TableBundle.open(tmp_path / "run").run().model.score(test)
    assert np.allclose(again, scores, atol=1e-6)
