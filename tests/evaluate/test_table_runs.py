"""Runs over a table side by side: figures, slices, what cannot be compared."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from galen.assembly.bundles.bundle import BundleError
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.table import TableBundle, save_run, train_table
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


def test_a_thinned_log_is_judged_by_the_weights_of_its_rows(tmp_path):
    table, draw = tmp_path / "thinned", np.random.default_rng(0)
    table.mkdir()
    for name, rows in (("train", 60_000), ("valid", 30_000), ("test", 60_000)):
        x = draw.integers(0, 5, rows)
        label = draw.random(rows) < 0.01 * (x + 1)
        kept = label | (draw.random(rows) < 0.1)
        columns = {"x": x, "user": draw.integers(0, 400, rows), "label": label.astype(np.int8)}
        part = pa.table({name: column[kept] for name, column in columns.items()})
        pq.write_table(part, table / f"{name}.parquet")
    (table / "samples.toml").write_text("kept_negatives = 0.1\n")
    run = train_table(recipe(model="logistic"), table, progress=lambda _: None)
    save_run(tmp_path / "run", run, now=NOW)
    one = compare_runs(table, [tmp_path / "run"], progress=lambda _: None).judged[0]
    assert one.metrics["predicted_over_observed"] == pytest.approx(1, abs=0.1)
    assert one.metrics["ece"] < 0.01
    assert one.metrics["ne"] < 1
    assert one.by_field["x"] < 0.01
    assert one.seen.max() < 0.1
    assert one.slices["all"]["logloss"] == pytest.approx(one.metrics["logloss"])
    assert one.intervals["logloss"].low < one.metrics["logloss"] < one.intervals["logloss"].high


def test_a_slice_that_weighs_nothing_has_no_loss(tmp_path):
    table = write(tmp_path / "shop")
    for name in ("train", "valid", "test"):
        part = pq.read_table(table / f"{name}.parquet")
        weight = (part["scene"].to_numpy() != 2).astype(np.float32)
        pq.write_table(part.append_column("w", pa.array(weight)), table / f"{name}.parquet")
    (table / "samples.toml").write_text('weight = "w"\nscene = "scene"\n')
    save_run(tmp_path / "run", train_table(GUESSES, table, progress=lambda _: None), now=NOW)
    one = compare_runs(table, [tmp_path / "run"], progress=lambda _: None).judged[0]
    losses = [part["logloss"] for name, part in one.slices.items() if name.startswith("scene")]
    assert np.isnan(losses).sum() == 1
    assert np.isfinite(one.metrics["logloss"])


def test_costs_and_curves_come_from_the_run(comparison):
    cost = comparison.costs[1]
    assert cost.model == "fm"
    assert cost.figures["parameters in tables"] > 0
    assert len(cost.course) > 1


def test_a_run_of_another_table_is_refused_also_where_that_has_the_same_name(made, tmp_path):
    other = write(tmp_path / "elsewhere" / "shop", rows=601)
    with pytest.raises(BundleError, match=r"knows.* learned from another table, 'shop', than"):
        compare_runs(other, [made / "knows"], progress=lambda _: None)


def test_a_table_that_was_moved_and_has_another_test_part_is_still_the_one_learned_from(
    made, tmp_path
):
    moved = write(tmp_path / "moved")
    pq.write_table(pq.read_table(moved / "test.parquet")[100:], moved / "test.parquet")
    (one,) = compare_runs(moved, [made / "knows"], progress=lambda _: None).judged
    assert one.rows == 500


def test_a_run_of_before_tables_were_told_apart_by_their_rows_goes_by_the_name(made, tmp_path):
    run = save_run(tmp_path / "run", TableBundle.open(made / "knows").run(), now=NOW)
    old = replace(run, manifest=msgspec.structs.replace(run.manifest, learned_from=""))
    old.check_learned_from(tmp_path / "shop", "any")
    with pytest.raises(BundleError, match="another table, 'shop'"):
        old.check_learned_from(tmp_path / "other", "any")


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
