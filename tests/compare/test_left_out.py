"""Each part in turn is left out of the same learned recommender."""

import json

import numpy as np
import pytest
from features.profile_table import write_profiles
from worlds import put_vectors, write_world

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import split_by
from galen.assembly.train import train
from galen.compare.left_out import Lesser, hits, without_enrichments, without_parts
from galen.data.dataset import Dataset
from galen.data.enriched import enriched_folder
from galen.evaluate.offline import Question, answer
from galen.features.profile_fit import ProfileFit
from galen.features.store import FeatureStore
from galen.pipeline.candidates import Candidates
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.rank.table_left_out import extensions_of_tables
from galen.recall.fusion import OneChannel
from galen.recall.item_graph import ItemGraph
from galen.recall.popular import Popular

RECIPE = {
    "name": "told",
    "filters": [],
    "recall": {"popular": {"repeat": True, "quota": 20}},
    "rank": {
        "model": "blend",
        "features": [{"model": "profile_fit"}],
        "members": [
            {
                "model": "dcnv2",
                "hidden": [8],
                "training": {"epochs": 2},
                "extend": [{"model": "vector_fields", "size": 4}],
            },
            {
                "model": "dcnv2",
                "hidden": [4],
                "training": {"epochs": 2},
                "extend": [{"model": "pair_statistics"}, {"model": "vector_fields", "size": 4}],
            },
            {"model": "logistic"},
        ],
    },
}


class AllAlike:
    """Every item with the same score."""

    def retrieve(self, requests, k):
        request, item = np.divmod(np.arange(len(requests) * 24), 24)
        return Candidates(request, item, {"score": np.ones(len(item))})


class Shortest:
    def rerank(self, requests, candidates, n):
        return candidates


def test_every_kind_of_part_of_the_shop_s_recipe_is_left_out(finished):
    told = json.loads(finished[2].read_text())["recipes"]
    parts = [one["part"] for one in told["ranked"]["left_out"]["changes"]]
    channels = ["channel popular", "channel item_graph"]
    assert parts == [*channels, "ranker logistic", "reranker mmr", "enrichment profile_fit"]
    assert told["plain"]["left_out"]["changes"] == []
    for one in told["ranked"]["left_out"]["changes"]:
        assert one["low"] <= one["change"] <= one["high"]
    assert any(one["change"] for one in told["ranked"]["left_out"]["changes"])


@pytest.fixture(scope="module")
def told(world, tmp_path_factory):
    """A shop with tables of vectors and profiles, and parts whose ranker reads both."""
    shop = write_world(world, tmp_path_factory.mktemp("told") / "world")
    folder = enriched_folder(shop.folder)
    items = [f"sku-{item}" for item in range(len(world.group_of_item))]
    vectors = np.random.default_rng(0).normal(size=(len(items), 8))
    put_vectors(folder, items, vectors)
    write_profiles(folder, {(): {"group-0": 0.5, "group-1": 0.1}})
    recipe = Recipe.from_tree(RECIPE, where="test")
    return shop, train(recipe, shop, "strict", progress=lambda _: None).parts


def test_each_enrichment_that_a_ranker_reads_is_left_out_as_where_the_table_is_missing(world, told):
    shop, parts = told
    fewer = dict(without_enrichments(parts))
    assert list(fewer) == ["enrichment profile_fit", "enrichment vector_fields"]
    data = Dataset.read(shop)
    requests, items = world.requests([[0, 7], [13]]), np.arange(12)
    rows = Candidates(np.repeat([0, 1], 6), items, {})

    (before,), (after,) = parts.features.values(), fewer["enrichment profile_fit"].features.values()
    missing = ProfileFit(table="no such table").of(data).columns(requests, rows)
    assert before.columns(requests, rows)["profile_known"].any()
    for name, values in after.columns(requests, rows).items():
        assert np.array_equal(values, missing[name], equal_nan=True), name

    silent = fewer["enrichment vector_fields"].ranker.model
    assert extensions_of_tables(silent) == ["vector_fields"]
    for member in [*silent.models.values()][:2]:
        assert not member.extensions[[*member.extensions][-1]].vectors.any()
    kept = parts.ranker.model.models["1-dcnv2"].extensions
    assert silent.models["1-dcnv2"].extensions["0-pair_statistics"] is kept["0-pair_statistics"]


def test_what_an_enrichment_says_changes_scores_and_what_is_left_out_does_not(told, world):
    shop, parts = told
    store = FeatureStore.replay(Dataset.read(shop))
    requests = world.requests([[0, 7], [13]])

    def scores(asked):
        slate = asked.pipeline(world.data.catalogue, store).run(requests, 10)
        assert slate.degraded == ()
        return dict(zip(slate.candidates.item, slate.candidates.columns["score"], strict=True))

    whole = scores(parts)
    for name, fewer in without_enrichments(parts):
        assert scores(fewer) != whole, name
        twice = dict(without_enrichments(fewer))[name]
        assert scores(twice) == scores(fewer)


def test_a_channel_that_is_left_out_is_not_heard_and_the_others_go_on(world):
    channels = {"a": Popular(), "b": ItemGraph()}
    runner = ChannelRunner([Channel(n, one.fit(world.data), 20) for n, one in channels.items()])
    pipeline = Pipeline(runner, (), OneChannel("b"), 40, rerankers=(("twice", Shortest()),) * 2)
    found = {lesser.part: lesser for lesser in without_parts(pipeline)}
    assert list(found) == ["channel a", "channel b", "reranker twice"]
    requests = world.requests([[0, 1], []])
    recalled = runner.recall(requests)

    shown = {part: lesser.slates(requests, recalled) for part, lesser in found.items()}

    alone = ChannelRunner(runner.channels[1:]).recall(requests)
    right = Pipeline(ChannelRunner(()), (), OneChannel("b"), 40).choose(requests, alone, 10)
    assert shown["channel a"].item.tolist() == right.candidates.item.tolist()
    assert len(shown["reranker twice"].item) > len(shown["channel a"].item)
    assert len(found["reranker twice"].pipeline.rerankers) == 1


def test_a_slate_without_a_part_is_judged_as_the_recipe_is_ties_at_the_tenth_place_too(world):
    nobody = np.full(world.data.users, np.nan)
    names = [f"user-{n}" for n in range(world.data.users)]
    people = PeopleColumns(names, nobody, [None] * len(names), [None] * len(names), nobody)
    question = Question.of(split_by("strict", world.data).test, people, seed=0)
    for channel, some in ((AllAlike(), False), (Popular(repeat=True).fit(world.data), True)):
        runner = ChannelRunner([Channel("one", channel, 24)])
        pipeline = Pipeline(runner, (), OneChannel("one"), 40)
        (alone,) = hits(question, pipeline, [Lesser("", pipeline)], lambda _: None)
        whole = answer(question, "whole", pipeline).by_request["ndcg@10"]
        assert np.array_equal(alone, whole)
        assert alone.any() == some
