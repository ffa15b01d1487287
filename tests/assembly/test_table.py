"""Runs over folders of samples: trained, kept, resumed, continued; and what they refuse."""

import shutil
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galen.assembly.bundles.bundle import Bundle, BundleError
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.assembly.table import (
    TableBundle,
    checkpoint_folder,
    read_parts,
    save_run,
    train_table,
)
from galen.features.encoding.schema import SchemaError
from galen.features.encoding.tables import TableError
from galen.nn.learning.training import TrainingError
from galen.rank.score_metrics import auc

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BASE = {"recall": {"popular": {}}, "filters": ["hidden"]}


def recipe(**rank):
    return Recipe.from_tree({"name": "own", **BASE, "rank": rank}, where="test")


FM = recipe(model="fm", dimension=4, training={"epochs": 6, "batch": 64, "learning_rate": 0.02})


def write(folder, rows=800, users=12, seed=0, only=None):
    draw = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    for name in ("train", "valid", "test"):
        user, item = draw.integers(0, users, rows), draw.integers(0, 9, rows)
        chance = np.where((user % 3 == 0) | (item % 2 == 0), 0.9, 0.1)
        label = draw.random(rows) < chance
        if only is not None:
            label[:] = only
        table = pa.table({"label": label.astype(np.int8), "user": user, "item": item})
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "table")


def learn(folder, recipe=FM, **options):
    return train_table(recipe, folder, progress=lambda _: None, **options)


def scored(run, folder):
    test = read_parts(folder, run.encoder, ("test",))["test"]
    return test.labels["click"], run.model.score(test)[:, 0]


LOOSE = {
    "trees": 200,
    "rows_per_leaf": 2,
    "rows_per_category": 1,
    "category_smooth": 1.0,
    "category_l2": 1.0,
}
MODELS = [
    FM,
    recipe(model="gbdt", **LOOSE),
    recipe(model="logistic", crosses=500),
    recipe(model="logistic", crosses=500, calibrate_by="item"),
    recipe(
        model="blend",
        members=[
            {"model": "fm", "training": {"epochs": 3, "batch": 64, "learning_rate": 0.02}},
            {"model": "gbdt", **LOOSE},
        ],
    ),
    recipe(
        model="logistic",
        extend=[{"model": "pair_statistics"}, {"model": "leaves", "trees": 5, "leaves": 4}],
    ),
]


@pytest.mark.parametrize(
    "recipe", MODELS, ids=lambda r: r.rank.model + str(len(r.rank.extend)) + r.rank.calibrate_by
)
def test_a_run_comes_back_from_disk_with_the_same_scores(folder, tmp_path, recipe):
    run = learn(folder, recipe)
    save_run(tmp_path / "bundle", run, now=NOW)
    again = TableBundle.open(tmp_path / "bundle").run()
    label, scores = scored(run, folder)
    assert scored(again, folder)[1].tolist() == scores.tolist()
    assert auc(label, scores) > 0.8


def test_rows_that_do_not_fit_in_memory_are_streamed_to_as_good_an_end(folder):
    label, scores = scored(learn(folder, memory=1), folder)
    assert auc(label, scores) > 0.8


def test_a_run_goes_on_with_new_people_and_keeps_what_it_knew(folder, tmp_path):
    run = learn(folder)
    more = write(tmp_path / "more", users=20, seed=1)
    again = learn(more, recipe(model="fm", dimension=4, training={"epochs": 0}), after=run)
    old = read_parts(folder, run.encoder, ("test",))["test"]
    new = read_parts(folder, again.encoder, ("test",))["test"]
    assert again.encoder.schema.tables["user"] == 21
    assert np.corrcoef(run.model.score(old)[:, 0], again.model.score(new)[:, 0])[0, 1] > 0.999
    label, scores = scored(learn(more, after=run), more)
    assert auc(label, scores) > 0.8


def test_a_training_that_goes_astray_is_told_in_words(folder):
    wild = recipe(model="fm", training={"learning_rate": 1e30, "clip": 0.0})
    with pytest.raises(TrainingError, match="lower learning_rate"):
        learn(folder, wild)


def test_a_table_that_trees_have_no_room_for_is_told_before_it_is_read(folder, monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: 8)
    with pytest.raises(TableError, match="choose a network, which streams"):
        learn(folder, MODELS[1])


def test_trees_cannot_go_on_and_say_so(folder):
    with pytest.raises(RecipeError, match="without --warm"):
        learn(folder, MODELS[1], after=learn(folder))


def test_another_recipe_or_seed_has_another_place_for_its_checkpoints(folder, tmp_path):
    places = {
        checkpoint_folder(tmp_path, one, folder, seed)
        for one, seed in ((FM, 0), (FM, 1), (MODELS[1], 0))
    }
    assert len(places) == 3


def test_another_table_of_as_many_rows_has_another_place_for_its_checkpoints(folder, tmp_path):
    other = shutil.copytree(folder, tmp_path / "other")
    assert checkpoint_folder(tmp_path, FM, other, 0) == checkpoint_folder(tmp_path, FM, folder, 0)
    train = pq.read_table(other / "train.parquet")
    pq.write_table(train.take(pa.array(range(len(train))[::-1])), other / "train.parquet")
    assert checkpoint_folder(tmp_path, FM, other, 0) != checkpoint_folder(tmp_path, FM, folder, 0)


def test_the_seed_of_a_run_decides_what_is_learned(folder):
    scores = [scored(learn(folder, seed=seed), folder)[1] for seed in (0, 0, 1)]
    assert scores[0].tolist() == scores[1].tolist() != scores[2].tolist()


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("recipe", MODELS[:3], ids=lambda r: r.rank.model)
def test_labels_of_one_class_teach_its_share(tmp_path, recipe, label):
    folder = write(tmp_path / "one", only=label)
    _, scores = scored(learn(folder, recipe), folder)
    assert np.abs(scores - label).max() < 0.01


def test_a_part_that_is_missing_cut_or_empty_is_told(folder):
    (folder / "valid.parquet").rename(folder / "away")
    with pytest.raises(TableError, match=r"valid\.parquet is missing"):
        learn(folder)
    whole = (folder / "away").read_bytes()
    (folder / "valid.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TableError, match="cannot be read"):
        learn(folder)
    pq.write_table(pq.read_table(folder / "away").slice(0, 0), folder / "valid.parquet")
    with pytest.raises(TableError, match="has no rows"):
        learn(folder)


def test_a_description_that_names_no_column_is_told(folder):
    (folder / "samples.toml").write_text('user = "usr"\n')
    with pytest.raises(TableError, match=r"no column 'usr'; there are label, user, item"):
        learn(folder)
    (folder / "samples.toml").write_text("usr = 1\n")
    with pytest.raises(TableError, match="usr"):
        learn(folder)


def test_a_model_that_needs_a_history_says_what_to_do(folder):
    with pytest.raises(SchemaError, match=r"name one under `history`"):
        learn(folder, recipe(model="din"))


def test_a_bundle_of_a_table_is_no_recommender_and_says_so(folder, tmp_path):
    save_run(tmp_path / "bundle", learn(folder), now=NOW)
    with pytest.raises(BundleError, match="recommends nothing by itself"):
        Bundle.open(tmp_path / "bundle")


def test_a_file_that_was_touched_is_found_on_opening(folder, tmp_path):
    bundle = save_run(tmp_path / "bundle", learn(folder), now=NOW)
    file = bundle.folder / "rank" / "network.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"network\.safetensors is missing or not the file"):
        TableBundle.open(tmp_path / "bundle")
