"""Runs over a table side by side: figures, slices, what cannot be compared."""

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from galen.assembly.bundle import BundleError
from galen.assembly.recipe import Recipe
from galen.assembly.table import save_run, train_table
from galen.cli.main import app
from galen.evaluate.table_runs import TestPartError, compare_runs

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def recipe(**rank):
    base = {"name": "own", "recall": {"popular": {}}, "filters": ["hidden"]}
    return Recipe.from_tree({**base, "rank": rank}, where="test")


KNOWS = recipe(model="fm", dimension=4, training={"epochs": 15, "batch": 64, "learning_rate": 0.03})
GUESSES = recipe(model="fm", dimension=4, training={"epochs": 1, "learning_rate": 1e-6})


def write(folder, rows=600):
    draw = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for name in ("train", "valid", "test"):
        user, item = draw.integers(0, 45, rows), draw.integers(0, 12, rows)
        if name != "train":
            item[:20] = 99  # an item that nothing was learned of
        label = (user % 3 == 0) | (item % 2 == 0)
        columns = {"label": label.astype(np.int8), "user": user, "item": item}
        columns["scene"] = draw.integers(0, 3, rows)
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    table = write(folder / "shop")
    for name, one in (("knows", KNOWS), ("guesses", GUESSES)):
        save_run(folder / name, train_table(one, table, progress=lambda _: None), now=NOW)
    return folder


@pytest.fixture(scope="module")
def comparison(made):
    runs = [made / "guesses", made / "knows"]
    return compare_runs(made / "shop", runs, progress=lambda _: None)


def test_a_run_that_knows_stands_above_one_that_guesses_and_surely(comparison):
    guesses, knows = comparison.judged
    assert knows.metrics["auc"] > 0.95
    assert guesses.metrics["auc"] < knows.metrics["auc"] - 0.03
    assert knows.over_first.low > 0
    assert guesses.over_first is None
    assert knows.intervals["auc"].low <= knows.metrics["auc"] <= knows.intervals["auc"].high


def test_slices_part_the_rows(comparison):
    slices = comparison.judged[1].slices
    rows = {name: part["rows"] for name, part in slices.items()}
    assert rows["all"] == 600
    assert rows["pair was positive in train"] + rows["pair was not"] == 600
    assert sum(n for name, n in rows.items() if name.startswith("user with")) == 600
    assert sum(n for name, n in rows.items() if name.startswith("scene")) == 600
    assert rows["item not in train"] == 20


def test_costs_and_curves_come_from_the_run(comparison):
    cost = comparison.costs[1]
    assert cost.model == "fm"
    assert cost.figures["parameters in tables"] > 0
    assert len(cost.course) > 1


def test_a_run_of_another_table_is_refused(made, tmp_path):
    other = write(tmp_path / "other")
    with pytest.raises(BundleError, match="learned from table 'shop'; this is 'other'"):
        compare_runs(other, [made / "knows"], progress=lambda _: None)


def test_a_test_part_of_one_class_is_told(made, tmp_path):
    table = write(tmp_path / "shop")
    whole = pq.read_table(table / "test.parquet")
    ones = pa.array(np.ones(len(whole), np.int8))
    pq.write_table(whole.set_column(0, "label", ones), table / "test.parquet")
    with pytest.raises(TestPartError, match="both classes"):
        compare_runs(table, [made / "knows"], progress=lambda _: None)


def test_the_command_writes_a_report_and_every_figure(made, tmp_path):
    arguments = ["evaluate", made / "shop", made / "knows", made / "guesses", "--quiet"]
    arguments += ["--report", tmp_path / "r.html", "--json", tmp_path / "r.json"]
    done = CliRunner().invoke(app, [str(part) for part in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    assert "knows" in done.stdout
    page = (tmp_path / "r.html").read_text()
    assert page.count("<svg") == 3
    assert "user with 11 or more positives" in page
    told = json.loads((tmp_path / "r.json").read_text())
    assert [run["run"] for run in told["runs"]] == ["knows", "guesses"]


def test_thinned_negatives_count_for_those_that_were_left_out(tmp_path):
    draw = np.random.default_rng(3)
    folder = tmp_path / "thinned"
    folder.mkdir()
    for name in ("train", "valid", "test"):
        item = draw.integers(0, 12, 8000)
        label = draw.random(8000) < 0.02 + 0.02 * (item % 2)
        kept = label | (draw.random(8000) < 0.25)
        columns = {"label": label.astype(np.int8), "user": draw.integers(0, 45, 8000), "item": item}
        pq.write_table(pa.table(columns).filter(pa.array(kept)), folder / f"{name}.parquet")
    (folder / "samples.toml").write_text("kept_negatives = 0.25\n")
    save_run(tmp_path / "run", train_table(KNOWS, folder, progress=lambda _: None), now=NOW)
    (found,) = compare_runs(folder, [tmp_path / "run"], progress=lambda _: None).judged
    assert 0.7 < found.metrics["predicted_over_observed"] < 1.3
    assert found.metrics["ne"] < 1.1
    low, high = found.intervals["logloss"]
    assert low < found.metrics["logloss"] < high
    assert found.by_field["item"] < 0.02
    assert abs(found.seen.mean() - 0.03) < 0.015
