"""The five ways run on a shop that logs what it shows, and on bare sequences of ids."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from quick_recipes import quick

from galen.assembly.learned_channels import LearnedChannels
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.train import train
from galen.data.catalogue import Catalogue
from galen.data.enriched import EnrichedError, enriched_folder
from galen.data.importing.importer import import_shop
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.vectors import write_vectors
from galen.features.store import FeatureStore

WAYS = ("classic", "scaled", "enriched", "generative", "hybrid")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Letters:
    """An encoder that counts letters."""

    name = "letters:1"

    def embed(self, texts):
        return np.array([[t.lower().count(c) for c in "abcdefghij"] for t in texts], np.float32)


def bare(world, folder):
    """People's items in order, and nothing else: neither words nor time nor users."""
    data = world.data.take(world.data.place < 5)
    rows = {
        "user_id": [f"p{u}" for u in data.user],
        "item_id": [f"i{i}" for i in data.item],
        "pos": data.place,
    }
    pq.write_table(pa.table(rows), folder / "rows.parquet")
    import_shop("sequences", {"interactions": folder / "rows.parquet"}, folder / "bare", now=NOW)


@pytest.fixture(scope="module", params=["logs what it shows", "bare sequences"])
def place(request, world, tmp_path_factory):
    """A shop, the protocol that suits it, and channels that learned from it."""
    folder = tmp_path_factory.mktemp("ways")
    if request.param == "bare sequences":
        bare(world, folder)
        shop, protocol = Shop.open(folder / "bare"), "strict"
    else:
        settings = SyntheticSettings(users=200, items=60, days=40, seed=3)
        shop, protocol = synthesize(folder / "shop", settings, lambda *_: None), "global-time"
    write_vectors(Catalogue.read(shop), enriched_folder(shop.folder), Letters(), NOW)
    return shop, protocol, LearnedChannels()


@pytest.mark.parametrize("way", WAYS)
def test_a_way_learns_and_serves(place, way):
    shop, protocol, known = place
    recipe = quick(find_recipe(way))
    trained = train(recipe, shop, protocol, progress=lambda _: None, known=known)
    final = trained.split.final
    store = FeatureStore.replay(final)
    people = trained.split.test.users[:8]
    asked = store.requests(people, trained.split.test.at[:8], seed=people, region="eu")
    slate = trained.parts.pipeline(final.catalogue, store).run(asked, 5)
    assert slate.degraded == ()
    known_people = np.flatnonzero(asked.taken.length)  # a generator alone reads no one else
    assert len(known_people)
    assert set(slate.candidates.request) >= set(known_people)
    if trained.parts.ranker is not None:
        logged = shop.manifest.clock == "time"
        objectives = ("click", "cart", "purchase") if logged else ("next",)
        assert trained.parts.ranker.objectives == objectives


@pytest.mark.parametrize("way", ["enriched", "hybrid"])
def test_a_table_that_was_not_made_is_asked_for_by_its_command(world, tmp_path, way):
    bare(world, tmp_path)
    with pytest.raises(EnrichedError, match="galen enrich vectors"):
        train(
            quick(find_recipe(way)),
            Shop.open(tmp_path / "bare"),
            "strict",
            progress=lambda _: None,
        )
