"""Features of tables are named in a recipe, learned from, saved and served."""

from datetime import UTC, datetime

import numpy as np
import pytest
from features.profile_table import write_profiles
from worlds import write_world

from galen.assembly.bundles.bundle import save_bundle
from galen.assembly.check import check_recipe
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.assembly.recipes.recipe_text import toml_of
from galen.assembly.recipes.shipped import read_recipe
from galen.assembly.table import train_table
from galen.assembly.train import train
from galen.data.enriched import EnrichedError, Extent
from galen.features.store import FeatureStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RANK = {"model": "logistic", "examples": "replay", "features": [{"model": "profile_fit"}]}


def recipe(rank):
    tree = {"name": "told", "filters": [], "recall": {"popular": {"repeat": True}}, "rank": rank}
    return Recipe.from_tree(tree, where="test")


def silent(what):
    pass


@pytest.fixture
def shop(world, tmp_path):
    return write_world(world, tmp_path / "world")


@pytest.fixture
def folder(shop):
    return shop.folder.with_name(shop.folder.name + ".enriched")


def test_a_ranker_learns_from_profiles_and_its_bundle_serves_them(shop, folder, tmp_path):
    trained = train(recipe(RANK), shop, "strict", progress=silent)
    assert set(trained.parts.features) == {"0-profile_fit"}
    names = [number.name for number in trained.parts.ranker.model.schema.numbers]
    assert {"profile_weight", "profile_lift", "profile_known"} <= set(names)
    bundle = save_bundle(
        tmp_path / "bundle", trained, shop="world", seed=0, now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    final = trained.split.final
    store = FeatureStore.replay(final)
    asked = store.requests(np.arange(4), int(final.at.max()) + 1)
    before = trained.parts.pipeline(final.catalogue, store).run(asked, 5)
    after = bundle.pipeline(final.catalogue, store).run(asked, 5)
    assert before.degraded == after.degraded == ()
    assert before.candidates.item.tolist() == after.candidates.item.tolist()


def test_a_table_that_knows_what_is_held_out_stops_the_training(shop, folder):
    write_profiles(folder, {(): {"anything": 0.1}}, Extent(10**9, 10**18))
    with pytest.raises(EnrichedError, match="before the split"):
        train(recipe(RANK), shop, "strict", progress=silent)


def test_the_recipe_is_written_and_read_back(tmp_path):
    path = tmp_path / "told.toml"
    path.write_text(toml_of(recipe(RANK)))
    assert read_recipe(path).rank == recipe(RANK).rank


@pytest.mark.parametrize(
    ("rank", "told"),
    [
        ({**RANK, "features": [{"model": "profile"}]}, "profile_fit"),
        ({**RANK, "features": [{"model": "profile_fit", "tables": "x"}]}, "'table'"),
        ({"model": "blend", "members": [RANK, {"model": "gbdt"}]}, "share the features"),
    ],
)
def test_a_wrong_feature_is_named(rank, told):
    with pytest.raises(RecipeError, match=told):
        check_recipe(recipe(rank))


def test_a_folder_of_samples_has_no_tables_to_read(tmp_path):
    with pytest.raises(RecipeError, match="of no shop"):
        train_table(recipe(RANK), tmp_path, progress=silent)


def test_other_models_keep_the_features_of_the_recipe_below(tmp_path):
    (tmp_path / "told.toml").write_text(toml_of(recipe(RANK)))
    above = tmp_path / "above.toml"
    above.write_text('extends = "told.toml"\n[rank]\nmodel = "gbdt"\n')
    found = read_recipe(above).rank
    assert (found.model, found.features) == ("gbdt", recipe(RANK).rank.features)
