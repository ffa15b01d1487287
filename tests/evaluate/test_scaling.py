"""Scaling laws: a known one is found, a flat one is told, and a climb goes on after a break."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galen.assembly.experiments.scaling import floor_of, sizes_and_shares
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.assembly.table import learn_encoder, read_parts
from galen.evaluate.power_law import fit_power_law, frontier
from galen.evaluate.scaling import scale, table_of, write_figures, write_report
from galen.rank.score_metrics import log_loss

ONE_EPOCH = {"epochs": 1, "batch": 64, "precision": "float32"}
COMPUTE = np.geomspace(1e6, 1e10, 10)


def recipe(model, **settings):
    tree = {
        "name": "own",
        "recall": {"popular": {}},
        "filters": ["hidden"],
        "rank": {"model": model, "training": ONE_EPOCH, **settings},
    }
    return Recipe.from_tree(tree, where="test")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scaling") / "table"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for name in ("train", "valid", "test"):
        user, item = draw.integers(0, 12, 300), draw.integers(0, 9, 300)
        chance = np.where((user + item) % 2 == 0, 0.9, 0.1)
        label = (draw.random(300) < chance).astype(np.int8)
        columns = {"label": label, "user": user, "item": item, "chance": chance}
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    (folder / "samples.toml").write_text('truth = "chance"\nuser = "user"\nitem = "item"\n')
    return folder


def part_asked(folder):
    return read_parts(folder, learn_encoder(folder), ("test",))["test"]


def test_a_law_that_is_there_is_found_and_predicts_beyond_its_points():
    noise = 1 + 1e-4 * np.random.default_rng(1).normal(size=10)
    loss = (0.2 + 0.3 * (COMPUTE / 1e6) ** -0.25) * noise
    fitted = fit_power_law(COMPUTE, loss, seed=0)
    assert fitted.law.floor == pytest.approx(0.2, abs=0.01)
    assert fitted.law.exponent == pytest.approx(0.25, abs=0.03)
    low, high = fitted.interval("exponent")
    assert low <= fitted.law.exponent <= high
    assert fitted.at(1e11)[0] == pytest.approx(0.2 + 0.3 * 1e5**-0.25, rel=0.01)
    assert not fitted.flat


def test_a_curve_that_does_not_fall_is_called_flat():
    loss = 0.3 + 0.001 * np.random.default_rng(0).normal(size=10)
    fitted = fit_power_law(COMPUTE, loss, seed=0)
    assert fitted.flat
    assert fitted.gain_per_doubling(1e10)[0] < 0.002


def test_a_known_floor_is_kept():
    loss = 0.2 + 0.3 * (COMPUTE / 1e6) ** -0.5
    fitted = fit_power_law(COMPUTE, loss, seed=0, floor=0.2)
    assert fitted.law.floor == 0.2
    assert fitted.law.exponent == pytest.approx(0.5, abs=0.03)


def test_three_points_make_no_law():
    with pytest.raises(ValueError, match="four points"):
        fit_power_law(COMPUTE[:3], COMPUTE[:3], seed=0)
    twice = np.repeat(COMPUTE[:2], 2)
    with pytest.raises(ValueError, match="three amounts of compute"):
        fit_power_law(twice, twice, seed=0)


def test_the_frontier_is_what_no_cheaper_point_beats():
    compute, loss = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.6, 0.4, 0.4])
    assert frontier(compute, loss).tolist() == [True, False, True, True]


def test_the_floor_is_the_entropy_of_the_probabilities(table):
    entropy = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert floor_of(table, part_asked(table)) == pytest.approx(entropy)


def test_the_floor_weighs_rows_as_the_loss_above_it_does(tmp_path):
    draw = np.random.default_rng(0)
    for name in ("train", "valid", "test"):
        chance = 0.01 * draw.integers(1, 6, 40_000)
        label = draw.random(40_000) < chance
        kept = label | (draw.random(40_000) < 0.1)
        columns = {"x": 100 * chance, "label": label.astype(np.int8), "chance": chance}
        part = pa.table({name: column[kept] for name, column in columns.items()})
        pq.write_table(part, tmp_path / f"{name}.parquet")
    (tmp_path / "samples.toml").write_text('kept_negatives = 0.1\ntruth = "chance"\n')
    test = part_asked(tmp_path)
    _, label, weight = test.known("click")
    truth = pq.read_table(tmp_path / "test.parquet")["chance"].to_numpy()
    assert floor_of(tmp_path, test) == pytest.approx(log_loss(label, truth, weight), rel=0.02)


def test_the_floor_is_that_of_the_rows_whose_label_is_known(tmp_path):
    chance, label = np.array([0.5, 0.5, 0.01, 0.01]), np.array([1, 0, np.nan, np.nan])
    columns = {"label": pa.array(label, from_pandas=False), "x": chance, "chance": chance}
    for name in ("train", "valid", "test"):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    (tmp_path / "samples.toml").write_text('truth = "chance"\n')
    assert floor_of(tmp_path, part_asked(tmp_path)) == pytest.approx(np.log(2))


def test_a_climb_is_told_whole_and_goes_on_where_it_was(table, tmp_path):
    ladder = sizes_and_shares([1, 2], [0.5, 1.0], 0)
    said = []
    found = scale(
        recipe("rankmixer", dimension=4),
        table,
        tmp_path,
        ladder,
        predict=4,
        progress=said.append,
    )
    assert len(found.points) == 5
    assert found.prediction.size == 4
    assert found.floor is not None
    assert "above the floor" in found.verdict
    assert "before it was trained" in found.verdict
    written = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.json")}
    next(iter(written)).unlink()
    again = scale(
        recipe("rankmixer", dimension=4), table, tmp_path, ladder, predict=4, progress=said.append
    )
    assert [p.loss for p in again.points] == [p.loss for p in found.points]
    kept = [f for f, at in written.items() if f.stat().st_mtime_ns == at]
    assert len(kept) == len(written) - 1
    write_report(found, "a climb", tmp_path / "r.html")
    write_figures(found, tmp_path / "r.json")
    assert "<svg" in (tmp_path / "r.html").read_text()
    assert table_of(found, "a climb").row_count == 5


@pytest.mark.parametrize(
    ("model", "told"), [("fm", "no dial `size`"), ("logistic", "no dial `size`")]
)
def test_a_model_without_a_size_is_told(table, tmp_path, model, told):
    tree = {"name": "own", "recall": {"popular": {}}, "filters": ["hidden"]}
    plain = Recipe.from_tree({**tree, "rank": {"model": model}}, where="test")
    with pytest.raises(RecipeError, match=told):
        scale(
            plain,
            table,
            tmp_path,
            sizes_and_shares([1, 2], [0.5, 1.0], 0),
            predict=None,
            progress=lambda _: None,
        )


def test_a_prediction_must_lie_beyond_the_ladder(table, tmp_path):
    with pytest.raises(RecipeError, match="not beyond"):
        scale(
            recipe("rankmixer"),
            table,
            tmp_path,
            sizes_and_shares([1, 2], [0.5, 1.0], 0),
            predict=2,
            progress=lambda _: None,
        )
