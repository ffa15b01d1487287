"""A recipe for each surface in one bundle: learned together, stored once, answered by surface."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from worlds import NOW, write_world

from galen.assembly.bundles.bundle import Bundle, save_bundle
from galen.assembly.bundles.bundle_manifest import BundleError
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.train import train
from galen.data.shop import Shop
from galen.eligibility.guard import Guard
from galen.evaluate.command import evaluate_bundle
from galen.features.store import FeatureStore
from galen.serve.answering.once import explain_once, recommend_once
from galen.serve.messages import RecommendRequest
from galen.serve.service import Service
from galen.serve.settings import Settings

FIRST = Path(__file__).parent / "bundles" / "first_format"
GRAPH = {"item_graph": {"quota": 10, "repeat": True}}
POPULAR = {"popular": {"quota": 10, "repeat": True}}


def tree(name, recall, **more):
    return {"name": name, "filters": ["hidden", "stock"], "recall": recall, **more}


RECIPE = Recipe.from_tree(
    tree(
        "usual",
        GRAPH | POPULAR,
        surfaces={
            "cart": tree("beside", {"graph": {"model": "item_graph", **GRAPH["item_graph"]}}),
            "search": tree("found", {"popular": {"quota": 3, "repeat": True}}),
            "push": tree("found", {"popular": {"quota": 3, "repeat": True}}),
        },
    ),
    where="test",
)


@pytest.fixture(scope="module")
def folders(world, tmp_path_factory):
    """A shop, its bundle, and what was said while it learned."""
    folder, said = tmp_path_factory.mktemp("surfaces"), []
    shop = write_world(world, folder / "shop")
    trained = train(RECIPE, shop, "strict", progress=said.append)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    save_bundle(folder / "bundle", trained, shop="world", seed=0, now=now)
    return folder / "shop", folder / "bundle", said


def test_channels_with_equal_settings_learn_and_lie_in_the_bundle_once(folders):
    _, bundle, said = folders
    assert sum("learning channel" in what for what in said) == 2
    names = Bundle.open(bundle).manifest.files
    assert sorted(name for name in names if "recall/" in name) == [
        "recall/item_graph/graph.safetensors",
        "recall/popular/popular.safetensors",
    ]


def test_the_manifest_keeps_every_recipe_whole(folders):
    opened = Bundle.open(folders[1])
    assert opened.manifest.surfaces == {"cart": "beside", "search": "found", "push": "found"}
    assert set(opened.manifest.recipes) == {"beside", "found"}
    assert opened.recipe.surfaces == RECIPE.surfaces


@pytest.mark.parametrize(
    ("surface", "recipe", "channels"),
    [
        ("home", "usual", {"item_graph", "popular"}),
        ("detail", "usual", {"item_graph", "popular"}),
        ("cart", "beside", {"graph"}),
        ("search", "found", {"popular"}),
        ("push", "found", {"popular"}),
    ],
)
def test_the_surface_decides_which_recipe_answers(folders, surface, recipe, channels):
    asked = RecommendRequest(user="user-3", n=3, surface=surface, explain=True)
    told = recommend_once(*folders[:2], asked, Settings())
    assert told.reply.recipe == recipe
    assert told.reply.degraded == []
    assert {name for item in told.reply.items for name in item.channels} <= channels
    assert f"recipe {recipe}" in told.trace
    why = explain_once(*folders[:2], asked, told.reply.items[0].id, Settings())
    assert (why.recipe, why.shown) == (recipe, True)
    assert set(why.channels) <= channels


def test_the_server_answers_by_surface_and_fills_up_where_a_recipe_knows_little(folders, tmp_path):
    shop, bundle, _ = folders
    service = Service.open(Shop.open(shop), Bundle.open(bundle), tmp_path / "log", Settings())
    few = service.recommend(RecommendRequest(user="user-3", n=8, surface="search"))
    many = service.recommend(RecommendRequest(user="user-3", n=8))
    service.close()
    assert (few.recipe, many.recipe) == ("found", "usual")
    assert len(few.items) == len(many.items) == 8


def test_the_evaluation_says_which_recipe_answered_where(folders, tmp_path):
    figures = tmp_path / "figures.json"
    evaluate_bundle(
        *folders[:2], report=tmp_path / "r.html", json_file=figures, progress=lambda _: None
    )
    models = msgspec.json.decode(figures.read_bytes())["models"]
    assert {"beside on cart", "found on search", "found on push"} <= set(models)
    assert models["beside on cart"]["hr@5"] == models["channel item_graph"]["hr@5"]


def test_a_bundle_of_the_first_format_is_served_as_it_was(world, tmp_path):
    shutil.copytree(FIRST, tmp_path / "first")
    opened = Bundle.open(tmp_path / "first")
    assert (opened.manifest.format, opened.recipe.surfaces) == (1, {})
    store = FeatureStore.replay(world.data)
    pipelines = opened.pipelines(world.data.catalogue, store)
    assert pipelines.of("cart") == pipelines.of("home") == pipelines.usual
    pipeline = Guard.of(world.data.catalogue).gate.guard(pipelines.usual.pipeline)
    slate = pipeline.run(store.requests(np.arange(10), NOW, seed=np.arange(10)), 5)
    assert (slate.degraded, len(slate.candidates)) == ((), 50)


def test_a_format_that_is_not_known_is_told(tmp_path):
    shutil.copytree(FIRST, tmp_path / "first")
    path = tmp_path / "first" / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 5'))
    with pytest.raises(BundleError, match="has format 5; this galen reads 1 to 4"):
        Bundle.open(tmp_path / "first")
