"""Each part in turn is left out of the same learned recommender."""

import json

import numpy as np

from galen.compare.left_out import without_parts
from galen.pipeline.candidates import Candidates
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.recall.fusion import OneChannel


class First:
    """Proposes one item to everybody."""

    def __init__(self, item):
        self.item = item

    def retrieve(self, requests, k):
        rows = len(requests)
        score = {"score": np.ones(rows)}
        return Candidates(np.arange(rows), np.full(rows, self.item), score)


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


def test_a_channel_that_is_left_out_proposes_nothing_and_the_others_go_on(world):
    runner = ChannelRunner([Channel("a", First(1), 5), Channel("b", First(2), 5)])
    pipeline = Pipeline(runner, (), OneChannel("a"), 10, rerankers=(("twice", Shortest()),) * 2)
    found = dict(without_parts(pipeline))
    assert list(found) == ["channel a", "channel b", "reranker twice"]
    requests = world.requests([[0], [1]])
    left = found["channel a"].recall.recall(requests)
    assert left.candidates.item.tolist() == [2, 2]
    assert np.isnan(left.candidates.columns["a_score"]).all()
    assert left.failed == ()
    assert len(found["reranker twice"].rerankers) == 1
