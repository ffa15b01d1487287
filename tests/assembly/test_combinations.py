"""Any stage of a shipped way is replaced in one line, and every combination serves a request."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from quick_recipes import quick
from worlds import NOW, put_vectors, write_world

from galen.assembly.learned_channels import LearnedChannels
from galen.assembly.shipped import find_recipe, read_recipe
from galen.assembly.train import train
from galen.data.enriched import enriched_folder
from galen.eligibility.guard import Guard
from galen.serve.answering.recommender import Recommender
from galen.serve.answering.state import State
from galen.serve.durable import tables
from galen.serve.durable.snapshot import Snapshots
from galen.serve.messages import RecommendRequest

WAYS = ("classic", "scaled", "enriched", "generative", "hybrid")
RANKERS = {
    "none": "",
    "trees": 'rank = {model = "gbdt", loss = "listwise"}',
    "network": 'rank = {model = "dcnv2", hidden = [8], training = {epochs = 1}}',
    "sequence": 'rank = {model = "channel", channel = "sequence"}',
    "generator": 'rank = {model = "channel", channel = "generator"}',
}
SHAPES = {
    "none": "rerank = []",
    "mmr": 'rerank = [{model = "mmr"}]',
    "sequence": 'rerank = [{model = "slate_writer", channel = "sequence"}]',
    "generator": 'rerank = [{model = "slate_writer", channel = "generator"}]',
}


def allowed(way: str, part: str) -> bool:
    """A channel ranks and writes slates only where the way has it."""
    return part not in ("sequence", "generator") or part in find_recipe(way).recall


RANKED = [(way, rank) for way in WAYS for rank in RANKERS if allowed(way, rank)]


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory):
    """A shop that has a table of vectors, which `enriched` and `hybrid` read."""
    folder = tmp_path_factory.mktemp("combinations") / "world"
    shop = write_world(world, folder)
    items = [f"sku-{item}" for item in range(len(world.group_of_item))]
    vectors = np.random.default_rng(0).normal(size=(len(items), 8))
    put_vectors(enriched_folder(folder), items, vectors)
    return shop


@pytest.fixture(scope="module")
def known():
    """Each channel learns once for all combinations."""
    return LearnedChannels()


@pytest.fixture(scope="module")
def serve(shop, tmp_path_factory):
    """Asks a pipeline over the shop's state as a server would, under the gate."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as log:
        tables.prepare(log)
        state = State.restore(shop, log, Snapshots(tmp_path_factory.mktemp("snapshots")))
    guard = Guard.of(state.catalogue)

    def asked(parts):
        pipeline = parts.pipeline(state.catalogue, state.store)
        recommender = Recommender(state, pipeline, "test", guard)
        return recommender.answer(RecommendRequest(user="user-3", n=5), "request", NOW).reply

    return asked


def laid(way: str, rank: str, shape: str, folder) -> str:
    """The combination as a person writes it: what it extends, and a line for each stage."""
    without = 'without = ["rank"]' if rank == "none" and find_recipe(way).rank else ""
    path = folder / f"{way}-{rank}-{shape}.toml"
    path.write_text(f'extends = "{way}"\n{without}\n{RANKERS[rank]}\n{SHAPES[shape]}\n')
    return read_recipe(path)


@pytest.mark.parametrize(("way", "rank"), RANKED)
def test_every_allowed_combination_serves_under_the_gate(way, rank, shop, known, serve, tmp_path):
    trained = train(
        quick(laid(way, rank, "none", tmp_path)),
        shop,
        "strict",
        progress=lambda _: None,
        known=known,
    )
    assert (trained.parts.ranker is None) == (rank == "none")
    weighed = trained.parts.recipe.blend  # as validation says
    for shape in (one for one in SHAPES if allowed(way, one)):
        recipe = replace(quick(laid(way, rank, shape, tmp_path)), blend=weighed)
        assert replace(recipe, name="", rerank=()) == replace(trained.parts.recipe, name="")
        reply = serve(replace(trained.parts, recipe=recipe))
        assert reply.degraded == [], (way, rank, shape)
        assert len({item.id for item in reply.items}) == 5


def test_channels_that_recipes_share_learn_once(shop, tmp_path):
    known, learned = LearnedChannels(), []
    for way in ("classic", "generative"):
        made = quick(laid(way, "none", "none", tmp_path))
        for _ in range(2):
            train(made, shop, "strict", progress=learned.append, known=known)
    lessons = [what.split()[2] for what in learned if what.startswith("learning channel")]
    assert sorted(lessons) == sorted([*find_recipe("classic").recall, "generator"])
