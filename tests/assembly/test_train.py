"""Training under a protocol, and bundles that come back as they were."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from worlds import write_world

from galen.assembly.bundles.bundle import Bundle, BundleError, save_bundle
from galen.assembly.parts import ranker_spec
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.train import train
from galen.data.shop import Shop
from galen.evaluate.run import evaluate
from galen.features.store import FeatureStore
from galen.nn.learning.training import TrainingError
from galen.rank.channel import ChannelError

RECIPE = Recipe.from_tree(
    {
        "name": "small",
        "filters": ["hidden", "prescription", "stock", "region", "age"],
        "recall": {
            "item_graph": {"quota": 10, "repeat": True},
            "popular": {"quota": 10, "repeat": True},
        },
        "rank": {"model": "gbdt", "loss": "listwise", "trees": 20, "limit": 15},
        "rerank": [{"model": "one_per_product"}, {"model": "mmr"}],
    },
    where="test",
)


def silent(what: str) -> None:
    pass


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory) -> Shop:
    """The first five items of everybody, so that the next one always follows the last."""
    first = replace(world, data=world.data.take(world.data.place < 5))
    return write_world(first, tmp_path_factory.mktemp("shop") / "world")


@pytest.fixture(scope="module")
def trained(shop):
    return train(RECIPE, shop, "strict", progress=silent)


def save(trained, root):
    return save_bundle(
        root,
        trained,
        shop="world",
        seed=0,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


def slate(pipeline, store):
    users = np.arange(10)
    return pipeline.run(store.requests(users, 2 * 10**15, seed=users, region="east"), 5)


def test_finds_the_next_item_of_a_world_that_has_one(trained):
    done = evaluate(trained.parts, trained.split, trained.people, seed=0, progress=silent)
    whole = done.results["small without rerank"].mean()
    assert whole["hr@5"] > 0.9
    assert whole["hr@5"] >= done.results["popular"].mean()["hr@5"]
    assert set(done.results) >= {"small", "small recall only", "channel item_graph", "popular"}
    assert all(result.degraded == () for result in done.results.values())


def test_a_bundle_gives_the_slates_of_the_parts_it_was_made_from(trained, tmp_path):
    bundle = save(trained, tmp_path)
    catalogue = trained.split.final.catalogue
    store = FeatureStore.replay(trained.split.final)
    before = slate(trained.parts.pipeline(catalogue, store), store)
    after = slate(bundle.pipeline(catalogue, store), store)
    assert before.degraded == after.degraded == ()
    assert before.candidates.item.tolist() == after.candidates.item.tolist()
    assert before.candidates.columns["score"].tolist() == after.candidates.columns["score"].tolist()


def test_a_bundle_serves_its_network_as_an_exported_file(shop, tmp_path):
    tree = RECIPE.to_tree() | {
        "rank": {
            "model": "din",
            "training": {"epochs": 1, "precision": "float32"},
            "serving": {"engine": "onnx"},
        }
    }
    trained = train(Recipe.from_tree(tree, where="test"), shop, "strict", progress=silent)
    bundle = save(trained, tmp_path)
    assert (bundle.folder / "rank" / "network.onnx").exists()
    catalogue = trained.split.final.catalogue
    store = FeatureStore.replay(trained.split.final)
    before = slate(trained.parts.pipeline(catalogue, store), store)
    after = slate(bundle.pipeline(catalogue, store), store)
    assert after.degraded == ()
    np.testing.assert_allclose(
        after.candidates.columns["score"], before.candidates.columns["score"], rtol=1e-5, atol=1e-5
    )


def test_the_same_seed_trains_the_same_bundle(shop, trained, tmp_path):
    again = train(RECIPE, shop, "strict", progress=silent)
    assert save(trained, tmp_path / "one").version == save(again, tmp_path / "two").version


def test_the_seed_of_a_run_is_that_of_its_ranker_and_of_each_member_of_a_blend(shop):
    network = {"model": "fm", "training": {"epochs": 1}}
    tree = {
        "name": "seeded",
        "filters": ["stock"],
        "recall": {"popular": {"repeat": True}, "item_graph": {"repeat": True}},
        "rank": {"model": "blend", "members": [network, network]},
    }
    recipe = Recipe.from_tree(tree, where="test")
    scores = []
    for seed in (0, 1):
        ranker = train(recipe, shop, "strict", seed=seed, progress=silent).parts.ranker.model
        scores += [one.network.state_dict() for one in ranker.models.values()]
    tables = [torch.cat([t.flatten().float() for t in state.values()]) for state in scores]
    assert len({tuple(table.tolist()) for table in tables}) == 4


def test_a_seed_that_a_recipe_gives_stays_its_own(shop):
    rank = {"model": "gbdt", "seed": 7}
    tree = {"name": "own", "filters": ["stock"], "recall": {"popular": {}}, "rank": rank}
    assert ranker_spec(Recipe.from_tree(tree, where="test"), seed=1).seed == 7


def test_a_file_that_was_touched_is_found_on_opening(trained, tmp_path):
    bundle = save(trained, tmp_path)
    graph = bundle.folder / "recall" / "item_graph" / "graph.safetensors"
    graph.write_bytes(graph.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"graph\.safetensors is missing or not the file written"):
        Bundle.open(tmp_path)


def test_a_folder_without_a_manifest_is_not_a_bundle(trained, tmp_path):
    bundle = save(trained, tmp_path)
    (bundle.folder / "manifest.json").unlink()
    with pytest.raises(BundleError, match="not a bundle"):
        Bundle.open(tmp_path)


def test_a_manifest_that_was_cut_is_told_from_a_whole_one(trained, tmp_path):
    bundle = save(trained, tmp_path)
    path = bundle.folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(BundleError, match="cannot be read"):
        Bundle.open(tmp_path)


def test_an_item_that_is_hidden_after_training_is_in_no_slate(trained):
    catalogue = trained.split.final.catalogue
    store = FeatureStore.replay(trained.split.final)
    asked = store.requests([0], 2 * 10**15, region="east")
    pipeline = trained.parts.pipeline(catalogue, store)
    shown = int(pipeline.run(asked, 5).candidates.item[0])
    record = catalogue.record(shown)
    catalogue.upsert({**record, "hidden": True})
    try:
        assert shown not in pipeline.run(asked, 5).candidates.item
    finally:
        catalogue.upsert(record)


def test_a_channel_that_goes_astray_is_named(shop):
    recall = {"popular": {}, "own": {"model": "sequence", "learning_rate": 1e30, "epochs": 2}}
    recipe = Recipe.from_tree({"name": "wild", "filters": [], "recall": recall}, where="test")
    with pytest.raises(TrainingError, match="channel own: the loss is nan"):
        train(recipe, shop, "strict", progress=silent)


def test_a_channel_that_scores_nothing_of_others_cannot_rank_them(shop):
    recall = {
        "popular": {"quota": 30, "repeat": True},
        "tiger": {"quota": 0, "sizes": [4, 4], "width": 8, "layers": 1, "epochs": 1},
    }
    rank = {"model": "channel", "channel": "tiger"}
    tree = {"name": "ranked", "filters": [], "recall": recall, "rank": rank}
    recipe = Recipe.from_tree(tree, where="test")
    with pytest.raises(ChannelError, match="give it a quota, or rank by a channel that scores any"):
        train(recipe, shop, "strict", progress=silent)


def test_a_channel_that_proposes_nothing_can_rank_what_others_found(shop):
    recall = {
        "popular": {"quota": 30, "repeat": True},
        "item_graph": {"quota": 0, "repeat": True},
    }
    rank = {"model": "channel", "channel": "item_graph", "limit": 40}
    recipe = Recipe.from_tree(
        {"name": "ranked", "filters": ["hidden"], "recall": recall, "rank": rank}, where="test"
    )
    trained = train(recipe, shop, "strict", progress=silent)
    store = FeatureStore.replay(trained.split.test.past)
    pipeline = trained.parts.pipeline(trained.split.final.catalogue, store)
    found = slate(pipeline, store)
    assert not found.degraded
    rows = found.candidates
    assert np.isnan(rows.columns["item_graph_rank"]).all()
    for person in range(10):
        own = rows.columns["item_graph_score"][rows.request == person]
        known = own[~np.isnan(own)]
        assert len(known)
        assert (np.diff(known) <= 1e-12).all()
