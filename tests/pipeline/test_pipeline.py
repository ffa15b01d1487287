"""Promises of the whole pipeline, whatever parts a recipe names."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest

from galen.eligibility.rules.stock import InStock
from galen.pipeline.candidates import Batch, Candidates
from galen.pipeline.channels import Channel, ChannelRunner, Proposal, merge
from galen.pipeline.pipeline import Pipeline
from galen.recall.fusion import OneChannel
from galen.recall.item_graph import ItemGraph
from galen.recall.popular import Popular


@dataclass
class Broken:
    """A part that fails in whichever role it is asked."""

    rule: str = "broken"
    reason: str = "it is broken"
    objectives: tuple[str, ...] = ("next",)

    def fail(self, *_args, **_kwargs):
        raise OSError("broken on purpose")

    retrieve = keep = score = rerank = fuse = assemble = save = fail


class Assembles:
    def assemble(self, requests, candidates):
        return Batch(candidates.request, {}, {"recall": candidates.columns["recall_score"]})


class Ranks:
    objectives = ("next",)

    def score(self, batch):
        return np.full((len(batch), 1), 0.5) + batch.matrix(["recall"]) * 0

    def save(self, folder):
        pass


@pytest.fixture(scope="module")
def popular(world):
    return Popular().fit(world.data)


@pytest.fixture(scope="module")
def graph(world):
    return ItemGraph().fit(world.data)


def pipeline(world, channels, **parts):
    fuser = parts.pop("fuser", OneChannel(next(iter(channels))))
    executor = parts.pop("executor", None)
    made = [Channel(name, retriever, 20, 0.1) for name, retriever in channels.items()]
    parts = {"filters": (InStock(world.data.catalogue),), "rank_limit": 20} | parts
    return Pipeline(recall=ChannelRunner(made, executor), fuser=fuser, **parts)


def test_gives_n_allowed_items_best_first(world, popular):
    slate = pipeline(world, {"popular": popular}).run(world.requests([[0], []]), 5)
    assert slate.degraded == ()
    assert np.bincount(slate.candidates.request).tolist() == [5, 5]
    score = slate.candidates.columns["score"]
    same = slate.candidates.request[1:] == slate.candidates.request[:-1]
    assert np.all(score[:-1][same] >= score[1:][same])


def test_every_step_accounts_for_its_rows(world, popular):
    slate = pipeline(world, {"popular": popular}).run(world.requests([[0]]), 5)
    names = [step.name for step in slate.steps]
    assert names == ["recall", "filter:stock", "fusion", "rank", "filter:stock", "slate"]
    rows = [step.rows for step in slate.steps]
    assert rows == sorted(rows, reverse=True)


def test_a_broken_channel_is_named_and_the_others_answer(world, popular):
    made = pipeline(world, {"popular": popular, "broken": Broken()})
    slate = made.run(world.requests([[0]]), 5)
    assert slate.degraded == ("recall:broken",)
    assert len(slate.candidates) == 5
    assert "broken_score" in slate.candidates.columns


def test_a_channel_whose_scores_are_not_finite_is_broken(world, popular):
    class Nan:
        def retrieve(self, requests, k):
            return Candidates(np.array([0]), np.array([1]), {"score": np.array([np.nan])})

    slate = pipeline(world, {"popular": popular, "nan": Nan()}).run(world.requests([[0]]), 5)
    assert slate.degraded == ("recall:nan",)


def test_a_slow_channel_is_left_behind_at_its_deadline_and_asked_again_once_it_is_back(
    world, popular
):
    @dataclass
    class Slow:
        gate: threading.Event = field(default_factory=threading.Event)
        asked: int = 0

        def retrieve(self, requests, k):
            self.asked += 1
            self.gate.wait(10)
            return popular.retrieve(requests, k)

    slow = Slow()
    with ThreadPoolExecutor(2) as executor:
        made = pipeline(world, {"popular": popular, "slow": slow}, executor=executor)
        start = time.perf_counter()
        first = made.run(world.requests([[0]]), 5)
        assert time.perf_counter() - start < 1
        second = made.run(world.requests([[0]]), 5)
        assert first.degraded == second.degraded == ("recall:slow",)
        assert slow.asked == 1
        slow.gate.set()
        deadline = time.perf_counter() + 5
        while made.run(world.requests([[0]]), 5).degraded and time.perf_counter() < deadline:
            time.sleep(0.01)
        assert made.run(world.requests([[0]]), 5).degraded == ()


def test_a_broken_ranker_leaves_the_order_of_recall(world, popular):
    plain = pipeline(world, {"popular": popular}).run(world.requests([[0]]), 5)
    made = pipeline(world, {"popular": popular}, ranker=Broken(), assembler=Assembles())
    slate = made.run(world.requests([[0]]), 5)
    assert slate.degraded == ("rank",)
    assert slate.candidates.item.tolist() == plain.candidates.item.tolist()


def test_a_broken_feature_store_leaves_the_order_of_recall(world, popular):
    made = pipeline(world, {"popular": popular}, ranker=Ranks(), assembler=Broken())
    slate = made.run(world.requests([[0]]), 5)
    assert slate.degraded == ("rank",)
    assert len(slate.candidates) == 5


def test_a_broken_rule_closes(world, popular):
    made = pipeline(world, {"popular": popular}, filters=(Broken(),))
    slate = made.run(world.requests([[0]]), 5)
    assert slate.degraded == ("eligibility:broken",)
    assert len(slate.candidates) == 0


@dataclass
class EverySecond:
    """A rule about slates: no two rows side by side."""

    rule: str = "apart"
    reason: str = "it stands beside another"

    def keep(self, requests, candidates, n):
        place = np.arange(len(candidates)) - np.searchsorted(candidates.request, candidates.request)
        return (place % 2 == 0) & (place < 2 * n)


def test_a_rule_about_slates_fills_them_from_what_comes_after(world, popular):
    asked = world.requests([[0], [7]])
    before = pipeline(world, {"popular": popular}).run(asked, 8).candidates
    apart = pipeline(world, {"popular": popular}, together=(EverySecond(),)).run(asked, 4)
    for request in range(2):
        kept = apart.candidates.item[apart.candidates.request == request].tolist()
        assert kept == before.item[before.request == request][::2].tolist()
    assert [step.name for step in apart.steps][-2:] == ["filter:apart", "slate"]


def test_a_broken_rule_about_slates_closes(world, popular):
    slate = pipeline(world, {"popular": popular}, together=(Broken(),)).run(
        world.requests([[0]]), 3
    )
    assert len(slate.candidates) == 0
    assert slate.degraded == ("eligibility:broken",)


def test_a_rule_that_answers_something_else_than_bools_closes(world, popular):
    class Maybe:
        rule, reason = "maybe", "it may be"

        def keep(self, requests, candidates):
            return np.ones(len(candidates))

    slate = pipeline(world, {"popular": popular}, filters=(Maybe(),)).run(world.requests([[0]]), 5)
    assert slate.degraded == ("eligibility:maybe",)
    assert len(slate.candidates) == 0


def test_a_broken_fusion_orders_by_the_best_place_in_any_channel(world, popular, graph):
    made = pipeline(world, {"popular": popular, "graph": graph}, fuser=Broken())
    slate = made.run(world.requests([[0, 1]]), 5)
    assert slate.degraded == ("fusion",)
    assert len(slate.candidates) == 5


@pytest.mark.parametrize("wrong", ["adds", "repeats", "mixes", "breaks"])
def test_a_reranker_that_oversteps_its_power_is_not_heard(world, popular, wrong):
    class Wrong:
        def rerank(self, requests, candidates, n):
            rows = np.arange(len(candidates))
            if wrong == "adds":
                return Candidates(candidates.request, candidates.item + 1000, candidates.columns)
            if wrong == "repeats":
                return candidates.take(np.repeat(rows, 2))
            if wrong == "mixes":
                return candidates.take(rows[::-1])
            raise OSError("broken on purpose")

    made = pipeline(world, {"popular": popular}, rerankers=(("wrong", Wrong()),))
    plain = pipeline(world, {"popular": popular}).run(world.requests([[0], [7]]), 5)
    slate = made.run(world.requests([[0], [7]]), 5)
    assert slate.degraded == ("rerank:wrong",)
    assert slate.candidates.item.tolist() == plain.candidates.item.tolist()


def test_rules_run_again_after_reranking(world, popular):
    """An item that sells out while the slate is made is not shown."""

    class SellsOut:
        rule, reason = "sells_out", "it is gone"
        calls = 0

        def keep(self, requests, candidates):
            self.calls += 1
            return candidates.item != 2 if self.calls == 2 else np.ones(len(candidates), bool)

    rule = SellsOut()
    slate = pipeline(world, {"popular": popular}, filters=(rule,)).run(world.requests([[]]), 20)
    assert rule.calls == 2
    assert 2 not in slate.candidates.item


@dataclass
class Listens:
    """A fuser that remembers which channels it was told of."""

    told: list[tuple[str, ...]] = field(default_factory=list)

    def fuse(self, requests, candidates, failed=()):
        self.told.append(tuple(failed))
        return OneChannel("popular").fuse(requests, candidates)


def test_fusion_is_told_which_channels_failed_and_which_are_left_out(world, popular, graph):
    fuser = Listens()
    channels = {"popular": popular, "graph": graph, "broken": Broken()}
    made = pipeline(world, channels, fuser=fuser)
    requests = world.requests([[0, 1]])
    made.run(requests, 3)
    made.choose(requests, made.recall.recall(requests).without("graph"), 3)
    assert fuser.told == [("broken",), ("broken", "graph")]


def test_merging_keeps_one_row_an_item_with_what_every_channel_said(world, popular, graph):
    asked = world.requests([[0, 1], [7]])
    found = {
        "popular": Proposal(popular.retrieve(asked, 10)),
        "graph": Proposal(graph.retrieve(asked, 10)),
    }
    merged = merge({**found, "failed": None})
    keys = list(zip(merged.request.tolist(), merged.item.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    assert np.isnan(merged.columns["failed_score"]).all()
    for name, proposal in found.items():
        said = ~np.isnan(merged.columns[f"{name}_score"])
        assert said.sum() == len(proposal.candidates)
        assert merged.columns[f"{name}_rank"][said].min() == 0


@pytest.mark.parametrize("silent", ["popular", "graph"])
def test_what_is_recalled_without_a_channel_is_what_the_others_recall(
    world, popular, graph, silent
):
    both = {"popular": popular, "graph": graph}
    requests = world.requests([[0, 1], [7], []])
    made = pipeline(world, both)

    left = made.recall.recall(requests).without(silent)

    others = {name: one for name, one in both.items() if name != silent}
    asked = pipeline(world, others).recall.recall(requests)
    assert left.failed == (*asked.failed, silent)
    assert left.candidates.request.tolist() == asked.candidates.request.tolist()
    assert left.candidates.item.tolist() == asked.candidates.item.tolist()
    for name, values in asked.candidates.columns.items():
        np.testing.assert_array_equal(left.candidates.columns[name], values)
    for name in (f"{silent}_score", f"{silent}_rank"):
        assert np.isnan(left.candidates.columns[name]).all()


def test_choosing_from_what_was_recalled_is_running(world, popular, graph):
    made = pipeline(world, {"popular": popular, "graph": graph})
    requests = world.requests([[0, 1], [7], []])

    chosen = made.choose(requests, made.recall.recall(requests, made.filters), 4)

    ran = made.run(requests, 4)
    assert chosen.candidates.item.tolist() == ran.candidates.item.tolist()
    assert [step.name for step in chosen.steps] == [step.name for step in ran.steps]


def test_a_channel_scores_what_others_found_and_one_that_cannot_is_left_out(world, popular, graph):
    asked = world.requests([[0, 1], [7]])
    counts, votes = popular.answer(asked), graph.answer(asked)
    found = {"popular": Proposal(counts.best(30), counts), "graph": Proposal(votes.best(2), votes)}
    merged = merge(found)
    assert not np.isnan(merged.columns["popular_score"]).any()
    assert not np.isnan(merged.columns["graph_score"]).any()
    assert (~np.isnan(merged.columns["graph_rank"])).sum() == 4
    np.testing.assert_array_equal(merged.columns["popular_score"], popular.count[merged.item])
    broken = merge({**found, "graph": Proposal(votes.best(2), Speechless())})
    assert np.isnan(broken.columns["graph_score"]).sum() == len(broken) - 4


class Speechless:
    def best(self, k):
        raise AssertionError("not asked for")

    def scores(self, candidates):
        raise OSError("the table is gone")
