"""Rerankers that borrow a channel's model: named in a recipe, and back from a bundle."""

from datetime import UTC, datetime

import numpy as np
import pytest
from worlds import write_world

from galen.assembly.bundles.bundle import save_bundle
from galen.assembly.check import check_recipe
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.assembly.recipes.recipe_text import toml_of
from galen.assembly.recipes.shipped import read_recipe
from galen.assembly.train import train
from galen.features.store import FeatureStore

QUICK = {
    "sizes": [4, 4],
    "width": 8,
    "layers": 1,
    "epochs": 2,
    "repeat": True,
    "quota": 20,
    "deadline": 5.0,
    "preference": {"method": "s_dpo", "epochs": 1},
}


def recipe(**rerank):
    tree = {
        "name": "written",
        "filters": ["hidden"],
        "recall": {"writes": {"model": "generator", **QUICK}, "popular": {"quota": 10}},
        "rerank": [{"model": "slate_writer", **rerank}],
    }
    return Recipe.from_tree(tree, where="test")


def test_a_bundle_lends_its_channel_to_the_reranker_again(world, tmp_path):
    shop = write_world(world, tmp_path / "shop")
    made = recipe(channel="writes", share=1.0)
    trained = train(made, shop, "strict", progress=lambda what: None)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    bundle = save_bundle(tmp_path / "bundle", trained, shop="world", seed=0, now=now)
    catalogue, store = trained.split.final.catalogue, FeatureStore.replay(trained.split.final)
    asked = store.requests(np.arange(10), 2 * 10**15, seed=np.arange(10), region="east")
    before = trained.parts.pipeline(catalogue, store).run(asked, 5)
    after = bundle.pipeline(catalogue, store).run(asked, 5)
    plain = trained.parts.without_rerank().pipeline(catalogue, store).run(asked, 5)
    assert before.degraded == after.degraded == ()
    assert before.candidates.item.tolist() == after.candidates.item.tolist()
    assert before.candidates.item.tolist() != plain.candidates.item.tolist()


def test_a_recipe_of_a_borrower_is_written_and_read_back(tmp_path):
    made = recipe(channel="writes")
    (tmp_path / "written.toml").write_text(toml_of(made))
    back = read_recipe(tmp_path / "written.toml")
    assert back == made
    check_recipe(back)


@pytest.mark.parametrize("channel", ["popular", "nobody", None])
def test_a_channel_that_cannot_be_asked_is_refused(channel):
    named = {} if channel is None else {"channel": channel}
    with pytest.raises(RecipeError, match=rf"channel = {channel!r} must name.*writes of its"):
        check_recipe(recipe(**named))


def test_a_misspelt_setting_of_a_borrower_is_told():
    with pytest.raises(RecipeError, match=r"'shares' is not one of.*'share'"):
        check_recipe(recipe(channel="writes", shares=0.5))
