"""Each part in turn is left out of the same learned recommender."""

import json

from galen.compare.left_out import without_parts
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.recall.fusion import OneChannel
from galen.recall.item_graph import ItemGraph
from galen.recall.popular import Popular


class Shortest:
    def rerank(self, requests, candidates, n):
        return candidates


def test_every_kind_of_part_of_the_shop_s_recipe_is_left_out(finished):
    told = json.loads(finished[2].read_text())["recipes"]
    parts = [one["part"] for one in told["ranked"]["left_out"]["changes"]]
    assert parts == ["channel popular", "channel item_graph", "ranker logistic", "reranker mmr"]
    assert told["plain"]["left_out"]["changes"] == []
    for one in told["ranked"]["left_out"]["changes"]:
        assert one["low"] <= one["change"] <= one["high"]
    assert any(one["change"] for one in told["ranked"]["left_out"]["changes"])


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
