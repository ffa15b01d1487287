"""Settings are searched within declared ranges, without a test part; what is found trains."""

import math
import subprocess
import sys

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galen.assembly.experiments.tuning import (
    Budget,
    TuningError,
    objective_named,
    summary,
    tune,
    tuned_recipe,
    tuned_text,
    write_tuning,
)
from galen.assembly.ranges import own_values, ranges_of, with_settings
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.assembly.recipes.recipe_text import toml_of
from galen.assembly.recipes.shipped import find_recipe, read_recipe, shipped_recipes
from galen.assembly.table import train_table

BASE = {"recall": {"popular": {}}, "filters": ["hidden"]}
TRAINING = {"epochs": 3, "batch": 64, "learning_rate": 0.01}
DIMENSION = {"rank.dimension": [2, 4, 8]}
TREES = {"model": "gbdt", "trees": 20, "rows_per_leaf": 5, "rows_per_category": 1}


def recipe(tune, **rank):
    rank = rank or {"model": "fm", "dimension": 4, "training": TRAINING}
    return Recipe.from_tree({"name": "own", **BASE, "rank": rank, "tune": tune}, where="test")


FM = recipe(
    {**DIMENSION, "rank.training.learning_rate": {"low": 1e-3, "high": 0.1, "log": True}},
)


@pytest.fixture
def table(tmp_path):
    """Samples without a test part: nothing may miss it."""
    folder, draw = tmp_path / "table", np.random.default_rng(0)
    folder.mkdir()
    for name in ("train", "valid"):
        user, item = draw.integers(0, 12, 600), draw.integers(0, 9, 600)
        chance = np.where((user % 3 == 0) | (item % 2 == 0), 0.9, 0.1)
        label = (draw.random(600) < chance).astype(np.int8)
        pq.write_table(
            pa.table({"label": label, "user": user, "item": item}), folder / f"{name}.parquet"
        )
    return folder


def search(table, recipe=FM, trials=3, *, folder="tuning", said=None, **options):
    budget = Budget(trials, options.pop("seconds", None))
    progress = [].append if said is None else said.append
    kept = table.parent / folder
    return tune(recipe, table, kept, budget, progress=progress, **options)


def facts(tuning):
    return [(one.number, one.value, one.settings, one.epochs) for one in tuning.tried]


def test_the_best_of_three_trials_trains_to_the_value_that_was_told(table, tmp_path):
    said = []
    tuning = search(table, said=said)
    assert (tuning.trials, len(said), tuning.recipe, tuning.table) == (3, 3, "own", "table")
    assert tuning.best.value == max(one.value for one in tuning.tried)
    assert tuning.cpu_seconds == pytest.approx(sum(one.cpu_seconds for one in tuning.tried))
    (tmp_path / "tuned.toml").write_text(tuned_text(FM, tuning))
    tuned = find_recipe(str(tmp_path / "tuned.toml"))
    assert tuned.rank == tuned_recipe(FM, tuning).rank
    model = train_table(tuned, table, progress=[].append).model
    course = model.course
    assert course.epochs[course.best].valid["auc"] == tuning.best.value


def test_the_first_trial_has_the_recipes_own_settings(table):
    tuning = search(table, trials=1)
    own = {"rank.dimension": 4, "rank.training.learning_rate": 0.01}
    assert tuning.best.settings == own
    assert tuning.own == tuning.best.value


def test_a_search_that_was_broken_off_ends_as_one_that_was_not(table):
    search(table, trials=2)
    said = []
    again = search(table, trials=4, said=said)
    whole = search(table, trials=4, folder="another")
    assert facts(again) == facts(whole)
    assert said[0] == "2 trials are there already"
    assert said[1].startswith("trial 3 of 4: auc 0.")


def test_a_killed_search_loses_the_trial_under_way_and_no_other(table, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(toml_of(FM))
    command = ["tune", table, "--recipe", path, "--trials", "500", "--folder", tmp_path / "tuning"]
    with subprocess.Popen(
        [sys.executable, "-c", "from galen.cli.main import main; main()", *map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = next(line for line in process.stderr if line.startswith("trial 2"))
        process.kill()
    assert said.startswith("trial 2 of 500: auc 0.")
    again = search(table, find_recipe(str(path)), trials=12)
    whole = search(table, find_recipe(str(path)), trials=12, folder="another")
    assert facts(again) == facts(whole)


def test_another_seed_or_objective_or_range_is_another_search(table):
    search(table, trials=1)
    other = recipe(DIMENSION, model="fm", dimension=2, training=TRAINING)
    for options in ({"seed": 1}, {"objective": "loss"}, {"recipe": other}):
        said = []
        search(table, trials=1, said=said, **options)
        assert len(said) == 1
    assert len(list((table.parent / "tuning").glob("*.journal"))) == 4


def test_the_seconds_of_the_processor_bound_a_search(table):
    assert search(table, trials=50, seconds=1e-6).trials == 1
    with pytest.raises(RecipeError, match="above 0"):
        search(table, seconds=0.0)


def test_a_loss_is_brought_down(table):
    tuning = search(table, objective="loss")
    assert tuning.best.value == min(one.value for one in tuning.tried) < math.log(2)
    with pytest.raises(RecipeError, match="by auc or by loss"):
        objective_named("aucs")


def test_hopeless_trials_are_broken_off_before_their_last_epoch(table):
    rate = {"rank.training.learning_rate": {"low": 1e-6, "high": 0.1, "log": True}}
    slow = {"model": "fm", "dimension": 4, "training": {**TRAINING, "epochs": 5}}
    tuning = search(table, recipe(rate, **slow), trials=12)
    broken = [one for one in tuning.tried if one.value is None]
    assert len(broken) == tuning.pruned > 0
    assert min(one.epochs for one in broken) < 5
    assert not any(one.error for one in broken)


def test_a_trial_that_cannot_learn_is_told_and_passed_over(table):
    rate = {"rank.training.learning_rate": [0.01, 1e38]}
    said = []
    tuning = search(table, recipe(rate), trials=6, said=said)
    failed = [one for one in tuning.tried if one.error]
    assert failed
    assert all(one.value is None and "the loss is" in one.error for one in failed)
    assert any("failed (the loss is" in line for line in said)
    hopeless = recipe({"rank.training.learning_rate": [1e37, 1e38]})
    with pytest.raises(TuningError, match=r"none of 2 trials came to its end.*the loss is"):
        search(table, hopeless, trials=2)


MODELS = {
    "trees": recipe({"rank.leaves": {"low": 3, "high": 31, "log": True}}, **TREES),
    "blend": recipe(
        {"rank.members.0.dimension": [2, 4], "rank.members.1.row_share": {"low": 0.5, "high": 1.0}},
        model="blend",
        members=[{"model": "fm", "training": {**TRAINING, "epochs": 1}}, TREES],
    ),
    "extended": recipe(
        {"rank.extend.0.leaves": [3, 7], "rank.dimension": [2, 4]},
        model="fm",
        training={**TRAINING, "epochs": 1},
        extend=[{"model": "leaves", "trees": 3, "leaves": 3}],
    ),
    "extended trees": recipe(
        {"rank.extend.0.trees": {"low": 2, "high": 4}},
        model="logistic",
        extend=[{"model": "leaves", "trees": 3, "leaves": 3}],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_every_kind_are_tuned(table, name):
    tuning = search(table, MODELS[name])
    assert tuning.pruned == 0
    assert tuning.best.value > 0.6
    assert set(tuning.best.settings) == set(MODELS[name].tune)


def test_rows_that_do_not_fit_in_memory_are_streamed(table):
    assert search(table, memory=1).best.value > 0.6


def test_figures_and_a_summary_are_written(table, tmp_path):
    tuning = search(table, trials=8)
    write_tuning(tuning, tmp_path / "deep" / "tuning.json")
    told = msgspec.json.decode((tmp_path / "deep" / "tuning.json").read_bytes())
    assert (told["trials"], len(told["tried"])) == (8, 8)
    assert told["cpu_seconds"] > 0
    assert sum(told["importance"].values()) == pytest.approx(1, abs=0.01)
    assert "best: validation auc" in summary(tuning)
    assert "rank.dimension = " in summary(tuning)


@pytest.mark.parametrize(
    ("tune", "said"),
    [
        ({}, r"\[tune\] is missing"),
        ({"rank.dimensoin": [2, 4]}, "'rank.dimensoin'. Did you mean 'rank.dimension'"),
        ({"rank.training.epoch": [2, 4]}, "Did you mean 'rank.training.epochs'"),
        ({"rank.seed": [1, 2]}, "unknown setting 'rank.seed'"),
        ({"rank.members.0.dimension": [2, 4]}, "Did you mean 'rank.dimension'"),
        ({"rank": {"dimension": [2, 4]}}, "Paths are in quotes"),
        ({"rank.dimension": 4}, "= 4 is no range"),
        ({"rank.dimension": [4]}, "two or more"),
        ({"rank.dimension": [4, 4]}, "each once"),
        ({"rank.dimension": [4, "8"]}, "'8': Expected `int`"),
        ({"rank.dimension": {"low": 1.5, "high": 4}}, "low: 1.5: Expected `int`"),
        ({"rank.dimension": {"low": 4}}, "needs low and high"),
        ({"rank.dimension": {"low": 4, "high": 4}}, "4 is not below 4"),
        ({"rank.dimension": {"low": 4, "hihg": 8}}, "'hihg'. Did you mean 'high'"),
        ({"rank.training.table_l2": {"low": 0.0, "high": 1.0, "log": True}}, "above 0"),
        (
            {"rank.training.table_l2": {"low": 0.1, "high": 1.0, "log": 1}},
            "log: 1: Expected `bool`",
        ),
        ({"rank.training.monitor": {"low": 0, "high": 1}}, "low: 0"),
        ({"rank.training.monitor": ["auc", "los"]}, "'los'"),
    ],
)
def test_a_range_that_makes_no_sense_is_told_with_the_nearest_right_word(tune, said, table):
    with pytest.raises(RecipeError, match=said):
        search(table, recipe(tune))


def test_a_tune_that_is_no_table_and_a_recipe_without_a_model_are_told(table):
    with pytest.raises(RecipeError, match=r"\[tune\]"):
        search(table, recipe([3]))
    with pytest.raises(RecipeError, match=r"no \[rank\]"):
        search(table, Recipe.from_tree({"name": "own", **BASE, "tune": DIMENSION}, where="test"))


@pytest.mark.parametrize("name", [n for n in shipped_recipes() if find_recipe(n).tune])
def test_shipped_ranges_are_whole_and_hold_the_recipes_own_settings(name):
    found = find_recipe(name)
    assert own_values(found, ranges_of(found)).keys() == found.tune.keys()


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_written_recipe_is_the_same_recipe(name, tmp_path):
    found = find_recipe(name)
    path = tmp_path / f"{name.rsplit('/', maxsplit=1)[-1]}.toml"
    path.write_text(toml_of(found, "of a test"))
    assert read_recipe(path) == found


def test_settings_are_put_in_their_place():
    blend = with_settings(
        MODELS["blend"], {"rank.members.1.row_share": 0.7, "rank.members.0.training.epochs": 9}
    )
    first, second = blend.rank.members
    assert (second.settings["row_share"], first.training["epochs"]) == (0.7, 9)
    assert first.training["batch"] == TRAINING["batch"]
