"""A bundle serves the rows that it learned from, and no others."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from worlds import NOW, write_world

from galen.assembly.bundles.bundle import Bundle, save_bundle
from galen.assembly.bundles.bundle_manifest import BundleError
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.train import train
from galen.data.catalogue import Catalogue
from galen.features.store import FeatureStore

RECIPE = Recipe.from_tree(
    {"name": "own", "filters": ["stock"], "recall": {"item_graph": {}}}, where="test"
)


@pytest.fixture(scope="module")
def bundle(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    trained = train(RECIPE, write_world(world, folder / "shop"), "strict", progress=lambda _: None)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return save_bundle(folder / "bundle", trained, shop="world", seed=0, now=now)


def test_items_that_came_later_stand_behind_those_that_were_learned_from(bundle, world):
    table = world.data.catalogue.table
    new = table.slice(0, 1).set_column(0, table.schema.field(0), pa.array(["new"]))
    more = Catalogue(pa.concat_tables([table, new]))
    store = FeatureStore.replay(world.data)
    pipeline = bundle.pipelines(more, store).usual.pipeline
    slate = pipeline.run(store.requests(np.arange(10), NOW, seed=np.arange(10)), 5)
    assert not slate.degraded
    assert len(slate.candidates)
    assert slate.candidates.item.max() < len(table)


@pytest.mark.parametrize("change", ["other order", "one missing", "one renamed"])
def test_rows_of_another_catalogue_are_refused(bundle, world, change):
    table = world.data.catalogue.table
    ids = table["item_id"].to_pylist()
    renamed = table.set_column(0, table.schema.field(0), pa.array(["renamed", *ids[1:]]))
    others = {
        "other order": table.take(np.arange(len(ids))[::-1]),
        "one missing": table.slice(0, len(ids) - 1),
        "one renamed": renamed,
    }
    store = FeatureStore.replay(world.data)
    with pytest.raises(BundleError, match="does not begin with them; train again on this shop"):
        bundle.pipelines(Catalogue(others[change]), store)


def test_bundles_that_do_not_say_whose_rows_they_learned_are_held_to_their_number(bundle, world):
    old = replace(bundle, manifest=msgspec.structs.replace(bundle.manifest, catalogue=""))
    table = world.data.catalogue.table
    store = FeatureStore.replay(world.data)
    assert isinstance(old, Bundle)
    old.pipelines(Catalogue(table.take(np.arange(len(table))[::-1])), store)
    with pytest.raises(BundleError, match="train again"):
        old.pipelines(Catalogue(table.slice(1)), store)
