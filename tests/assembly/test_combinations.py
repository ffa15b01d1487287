"""Any stage of a shipped way is replaced in one line, and every combination serves a request."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from features.profile_table import write_profiles
from quick_recipes import quick
from worlds import NOW, put_vectors, write_world

from galen.assembly.bundles.bundle import Bundle, save_bundle
from galen.assembly.learned_channels import LearnedChannels
from galen.assembly.recipes.shipped import find_recipe, read_recipe
from galen.assembly.train import train
from galen.data.enriched import enriched_folder
from galen.eligibility.guard import Guard
from galen.serve.answering.recommender import Recommender
from galen.serve.answering.state import ShopState
from galen.serve.durable import tables
from galen.serve.durable.snapshot import Snapshots
from galen.serve.messages import RecommendRequest
from galen.serve.service import Service
from galen.serve.settings import Settings

WAYS = ("classic", "scaled", "enriched", "generative", "hybrid")
CHANNELS = {
    "generator": '{model = "generator"}',
    "needs": '{model = "needs"}',
    "i2i": '{model = "i2i"}',
    "words": '{model = "words"}',
    "vectors": '{model = "content", encoded = "pca", size = 4}',
}
RANKERS = {
    "none": 'without = ["rank"]',
    "trees": 'rank = {model = "gbdt", loss = "listwise"}',
    "network": 'rank = {model = "dcnv2", hidden = [8], training = {epochs = 1}}',
    "profiles": 'rank = {model = "gbdt", features = [{model = "profile_fit"}]}',
    "vectors": 'rank = {model = "gbdt", extend = [{model = "vector_fields", size = 4}]}',
    "blend": 'rank = {model = "blend", members = [{model = "gbdt"}, {model = "logistic"}]}',
    "sequence": 'rank = {model = "channel", channel = "sequence"}',
    "generator": 'rank = {model = "channel", channel = "generator"}',
}
SHAPES = {
    "none": "rerank = []",
    "mmr": 'rerank = [{model = "mmr"}]',
    "sequence": 'rerank = [{model = "slate_writer", channel = "sequence"}]',
    "generator": 'rerank = [{model = "slate_writer", channel = "generator"}]',
}
FUSIONS = ("fusion = {penalty = 10.0}", "fusion = {shrinkage = 1.0}")
LENT = "recall.{} = {{quota = 0}}"
"""The line of a channel that proposes nothing, for a ranker or a slate writer that asks it."""


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory):
    """A shop with the tables that enriched parts read: vectors, and a profile of everybody."""
    folder = tmp_path_factory.mktemp("combinations") / "world"
    shop = write_world(world, folder)
    items = [f"sku-{item}" for item in range(len(world.group_of_item))]
    vectors = np.random.default_rng(0).normal(size=(len(items), 8))
    put_vectors(enriched_folder(folder), items, vectors)
    write_profiles(enriched_folder(folder), {(): {"group-0": 0.5, "group-1": 0.1}})
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
        state = ShopState.restore(shop, log, Snapshots(tmp_path_factory.mktemp("snapshots")))
    guard = Guard.of(state.catalogue)

    def asked(parts):
        pipeline = parts.pipeline(state.catalogue, state.store)
        recommender = Recommender(state, pipeline, "test", guard)
        return recommender.answer(RecommendRequest(user="user-3", n=5), "request", NOW).reply

    return asked


@pytest.fixture
def learn(shop, known, tmp_path):
    """Teaches a way with these lines laid over it, as a person writes them."""

    def learned(way, *lines):
        recipe = quick(laid(way, lines, tmp_path))
        return train(recipe, shop, "strict", progress=lambda _: None, known=known)

    return learned


def laid(way, lines, folder):
    path = folder / "mine.toml"
    path.write_text("\n".join([f'extends = "{way}"', *lines]) + "\n")
    return read_recipe(path)


def lent(way, part):
    """What the line of a ranker or a slate writer needs besides: its channel, where it lacks."""
    asks = part in ("sequence", "generator") and part not in find_recipe(way).recall
    return [LENT.format(part)] if asks else []


def answers(reply, what):
    assert reply.degraded == [], what
    assert len({item.id for item in reply.items}) == 5, what


def replacements():
    """Every channel of every way by every other; of a large way the quick tests take one each."""
    for way in WAYS:
        for place, (channel, part) in enumerate(find_recipe(way).recall.items()):
            others = [new for new in CHANNELS if part.model not in CHANNELS[new]]
            for number, new in enumerate(others):
                always = way in ("classic", "generative")
                one = way == "hybrid" and number == place % len(others)  # it has all channels
                marks = () if always or one else pytest.mark.slow
                yield pytest.param(way, channel, new, marks=marks)


def joined():
    """What a way lacks."""
    for way in WAYS:
        have = {part.model for part in find_recipe(way).recall.values()}
        yield from ((way, new) for new in CHANNELS if not have & set(CHANNELS[new].split('"')))


@pytest.mark.parametrize(("way", "channel", "new"), list(replacements()))
def test_every_channel_is_replaced_by_a_generative_or_an_enriched_one(
    way, channel, new, learn, serve
):
    without = [RANKERS["none"]] if find_recipe(way).rank else []
    parts = learn(way, *without, f"recall.{channel} = {CHANNELS[new]}").parts
    assert set(parts.retrievers) == set(find_recipe(way).recall)
    assert parts.recipe.recall[channel].model in CHANNELS[new]
    answers(serve(parts), (way, channel, new))


@pytest.mark.parametrize(("way", "new"), list(joined()))
def test_every_way_is_joined_by_a_generative_or_an_enriched_channel(way, new, learn, serve):
    parts = learn(way, f"recall.{new} = {CHANNELS[new]}").parts
    assert set(parts.retrievers) == {*find_recipe(way).recall, new}
    answers(serve(parts), (way, new))


@pytest.mark.parametrize("way", [way for way in WAYS if len(find_recipe(way).recall) > 1])
def test_channels_are_fused_otherwise(way, learn, serve):
    fused = [learn(way, RANKERS["none"], line).parts for line in ("", *FUSIONS)]
    weights = {str(parts.fuser.weights) for parts in fused}
    assert len(weights) == len(fused)
    for parts in fused:
        answers(serve(parts), (way, parts.recipe.fusion))


@pytest.mark.parametrize("rank", RANKERS)
@pytest.mark.parametrize("way", WAYS)
def test_every_ranker_and_every_shape_serves_under_the_gate(way, rank, learn, serve, tmp_path):
    lines = [*lent(way, rank), RANKERS[rank]]
    if rank == "none" and find_recipe(way).rank is None:
        lines = []
    parts = learn(way, *lines, SHAPES["none"]).parts
    assert (parts.ranker is None) == (rank == "none")
    shapes = [name for name in SHAPES if name not in CHANNELS or name in parts.retrievers]
    for shape in [s for s in shapes if s != "sequence" or s in parts.retrievers]:
        recipe = quick(laid(way, [*lines, SHAPES[shape]], tmp_path))
        recipe = replace(recipe, blend=parts.recipe.blend)  # as validation says
        assert replace(recipe, name="", rerank=()) == replace(parts.recipe, name="")
        answers(serve(replace(parts, recipe=recipe)), (way, rank, shape))


KINDS = {
    "a channel replaced": ("classic", "recall.popular = " + CHANNELS["generator"]),
    "a channel joined": ("classic", "recall.needs = " + CHANNELS["needs"]),
    "vectors joined": ("generative", "recall.vectors = " + CHANNELS["vectors"]),
    "fusion": ("classic", FUSIONS[0]),
    "ranked by profiles": ("classic", RANKERS["profiles"]),
    "ranked by vectors": ("classic", RANKERS["vectors"]),
    "ranked by a blend": ("classic", RANKERS["blend"]),
    "ranked by a generator": ("classic", LENT.format("generator"), RANKERS["generator"]),
    "written by a generator": ("generative", SHAPES["generator"]),
    "written by a sequence": ("classic", LENT.format("sequence"), SHAPES["sequence"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_replaced_stage_is_saved_opened_and_served(kind, learn, shop, serve, tmp_path):
    trained = learn(*KINDS[kind])
    save_bundle(tmp_path / "bundle", trained, shop="world", seed=0, now=datetime.now(UTC))
    bundle = Bundle.open(tmp_path / "bundle")
    service = Service.open(shop, bundle, tmp_path / "log", Settings(), now=lambda: NOW)
    try:
        reply = service.recommend(RecommendRequest(user="user-3", n=5))
    finally:
        service.close()
    answers(reply, kind)
    kept = [item.id for item in serve(trained.parts).items]
    assert [item.id for item in reply.items] == kept


def test_channels_that_recipes_share_learn_once(shop, tmp_path):
    known, learned = LearnedChannels(), []
    for way in ("classic", "generative"):
        without = [RANKERS["none"]] if find_recipe(way).rank else []
        made = quick(laid(way, without, tmp_path))
        for _ in range(2):
            train(made, shop, "strict", progress=learned.append, known=known)
    lessons = [what.split()[2] for what in learned if what.startswith("learning channel")]
    assert sorted(lessons) == sorted([*find_recipe("classic").recall, "generator"])
