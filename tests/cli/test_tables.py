"""A training over samples goes on with what was broken off of it, and leaves that of others."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.table import TableBundle, checkpoint_folder, read_parts, train_table
from galen.cli.tables import train_on_table

RECIPE = """
filters = ["hidden"]
[recall.popular]
[rank]
model = "fm"
dimension = 4
training = { epochs = 3, patience = 9, batch = 64, learning_rate = 0.05 }
"""


class BrokenOffError(Exception):
    pass


def break_off(epoch, network):
    if epoch.epoch == 1:
        raise BrokenOffError


def write(folder, seed):
    draw = np.random.default_rng(seed)
    taste = draw.random(9)
    folder.mkdir()
    for part, rows in (("train", 600), ("valid", 200), ("test", 50)):
        item = np.concatenate([np.arange(9), draw.integers(0, 9, rows - 9)])
        label = (draw.random(rows) < taste[item]).astype(np.int8)
        pq.write_table(pa.table({"label": label, "item": item}), folder / f"{part}.parquet")
    return folder


@pytest.fixture
def first_day(tmp_path):
    return write(tmp_path / "first", 1)


@pytest.fixture
def second_day(tmp_path):
    return write(tmp_path / "second", 2)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "fm.toml"
    path.write_text(RECIPE)
    return path


def train(table, bundle, recipe, *, warm=False):
    train_on_table(table, bundle, str(recipe), 0, True, warm=warm, tensorboard=None)
    return TableBundle.open(bundle).run()


def scored(run, table):
    return run.model.score(read_parts(table, run.encoder, ("test",))["test"])


def broken_off(table, bundle, recipe):
    """Checkpoints of a training that began from nothing."""
    own = find_recipe(str(recipe))
    place = checkpoint_folder(bundle, own, table, 0)
    with pytest.raises(BrokenOffError):
        train_table(own, table, progress=lambda _: None, checkpoints=place, watch=break_off)
    assert any(place.iterdir())
    return place


def test_a_warm_start_goes_on_with_no_training_that_began_from_nothing(
    first_day, second_day, recipe, tmp_path
):
    before = train(first_day, tmp_path / "bundle", recipe)
    own = find_recipe(str(recipe))
    alone = train_table(own, second_day, progress=lambda _: None, after=before)
    broken_off(second_day, tmp_path / "bundle", recipe)
    warm = train(second_day, tmp_path / "bundle", recipe, warm=True)
    np.testing.assert_allclose(scored(warm, second_day), scored(alone, second_day), rtol=1e-5)


def test_a_training_that_ends_removes_its_own_checkpoints_alone(
    first_day, second_day, recipe, tmp_path
):
    others = broken_off(second_day, tmp_path / "bundle", recipe)
    train(first_day, tmp_path / "bundle", recipe)
    assert list(others.parent.iterdir()) == [others]
    train(second_day, tmp_path / "bundle", recipe)
    assert not others.parent.exists()
