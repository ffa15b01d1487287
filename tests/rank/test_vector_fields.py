"""Vectors as fields of a shop's ranker: of the item, of what was taken, held by the bundle."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rank.networks.schemas import PLAIN, RICH, plain_samples, rich_samples
from worlds import put_vectors, write_world

from galen.assembly.recipes.recipe import Recipe
from galen.assembly.train import train
from galen.data.enriched import enriched_folder
from galen.features.encoding.schema import SchemaError
from galen.rank.extended import Extended
from galen.rank.network import Network
from galen.rank.networks.deepfm import DeepFm
from galen.rank.vector_fields import VectorFields, VectorsOfShop

VECTORS = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
VECTORS[5] = 0


def test_rows_have_their_items_vector_and_the_mean_of_what_was_taken():
    plain = rich_samples(40)
    made, rows = VectorsOfShop(VectorFields(), VECTORS).fit(RICH, plain)
    rows.checked(made.schema)
    assert [v.name for v in made.schema.vectors] == ["text", "item vector", "taken vector"]
    item = plain.categories[:, RICH.place("item")]
    for row in range(40):
        own = VECTORS[item[row] - 1] if item[row] <= 24 else np.zeros(3)
        assert rows.vectors[row, 8:11] == pytest.approx(own)
        ids = plain.history[plain.history_row[row], :, 0]
        known = [VECTORS[i - 1] for i in ids if 0 < i <= 24 and VECTORS[i - 1].any()]
        mean = np.mean(known, axis=0) if known else np.zeros(3)
        assert rows.vectors[row, 11:] == pytest.approx(mean, abs=1e-6)


def test_samples_of_no_shop_are_refused():
    with pytest.raises(SchemaError, match="of no shop"):
        VectorFields().fit(PLAIN, plain_samples(5))


def test_a_saved_model_needs_no_table(world, tmp_path):
    torch.manual_seed(0)
    put_vectors(tmp_path, [f"sku-{row}" for row in range(24)], np.eye(24)[:, :8] + 0.1)
    data = replace(world.data, enriched=tmp_path)
    spec = Extended(Network(DeepFm(4, (8,))), {"0-vector_fields": VectorFields(size=4)})
    model = spec.of(data).fit(RICH, rich_samples(200), rich_samples(50, seed=1))
    (tmp_path / "vectors.parquet").unlink()
    folder = tmp_path / "model"
    folder.mkdir()
    model.save(folder)
    asked = rich_samples(30, seed=2)
    assert spec.load(folder).score(asked) == pytest.approx(model.score(asked), abs=1e-6)


def test_a_recipe_ranks_with_the_vectors_of_its_shop(world, tmp_path):
    shop = write_world(world, tmp_path / "shop")
    told = np.eye(4)[world.group_of_item] + 0.1
    put_vectors(enriched_folder(shop.folder), [f"sku-{row}" for row in range(24)], told)
    tree = {
        "name": "told",
        "filters": [],
        "recall": {"popular": {"repeat": True}, "item_graph": {"repeat": True}},
        "rank": {
            "model": "deepfm",
            "hidden": [8],
            "training": {"epochs": 1},
            "extend": [{"model": "vector_fields", "size": 3}],
        },
    }
    recipe = Recipe.from_tree(tree, where="a test")
    trained = train(recipe, shop, "strict", progress=lambda _: None)
    names = [vector.name for vector in trained.parts.ranker.model.model.schema.vectors]
    assert names == ["item vector", "taken vector"]
