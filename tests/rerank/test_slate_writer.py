"""Slates written item by item: each place knows what stands before it, and no row is added."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from galen.assembly.catalog import LENDERS, RETRIEVERS
from galen.generative.generator import Generator
from galen.pipeline.candidates import Candidates
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.pipeline.stages import Continuer
from galen.recall.fusion import OneChannel
from galen.recall.popular import Popular
from galen.recall.sequence import SequenceModel
from galen.rerank.slate_writer import SlateWriter

QUICK = {
    "width": 16,
    "layers": 1,
    "dropout": 0.0,
    "batch": 16,
    "learning_rate": 1e-2,
    "epochs": 40,
    "patience": 40,
    "plateau": 1.0,
    "repeat": True,
    "length": 12,
}
PLAIN = {"negatives": 16, "popular": 0.0, "correct": False, "attributes": ()}
WAYS = {
    "generator": lambda: Generator(sizes=(4, 4), **QUICK),
    "parallel": lambda: Generator(sizes=(4, 4), parallel=True, **QUICK),
    "dense": lambda: Generator(sizes=(4, 4), dense=True, **QUICK),
    "sequence": lambda: SequenceModel(**PLAIN, **QUICK),
    "hstu": lambda: SequenceModel(**PLAIN, backbone="hstu", **QUICK),
    "gru4rec": lambda: SequenceModel(**PLAIN, backbone="gru4rec", **QUICK),
}


@pytest.fixture(scope="module")
def learned(world):
    return {name: make().fit(world.data) for name, make in WAYS.items()}


@dataclass(frozen=True)
class Pairs:
    """A channel that knows of pairs: after the key, the value is wanted or not."""

    wanted: dict[int, int]
    unwanted: dict[int, int]
    last: np.ndarray | None = None

    def continued(self, requests, places):
        yield np.arange(len(requests)), replace(self, last=np.full(len(requests), -1))

    def scores(self, item):
        good = np.array(
            [[self.wanted.get(last) == i for i in row] for last, row in self._rows(item)]
        )
        bad = np.array(
            [[self.unwanted.get(last) == i for i in row] for last, row in self._rows(item)]
        )
        return good.astype(float) - bad

    def after(self, item):
        return replace(self, last=item)

    def _rows(self, item):
        return zip(self.last.tolist(), item.tolist(), strict=True)


def pool(items, scores):
    return Candidates(np.zeros(len(items), np.int64), np.array(items), {"score": np.array(scores)})


def test_after_one_item_comes_the_one_that_goes_with_it_and_never_what_it_replaces(world):
    rows = pool([0, 7, 12, 13], [1.0, 0.9, 0.8, 0.2])
    written = SlateWriter(Pairs({0: 13}, {13: 7}), share=0.9).rerank(world.requests([[3]]), rows, 4)
    assert written.item.tolist() == [0, 13, 12, 7]
    assert written.columns["score"].tolist() == [1.0, 0.2, 0.8, 0.9]


def test_without_a_share_the_order_stays(world):
    rows = pool([0, 7, 12, 13], [1.0, 0.9, 0.8, 0.2])
    written = SlateWriter(Pairs({0: 13}, {}), share=0.0).rerank(world.requests([[3]]), rows, 4)
    assert written.item.tolist() == rows.item.tolist()


def test_rows_that_do_not_compete_follow_in_their_order(world):
    rows = pool(list(range(8)), np.linspace(1, 0, 8))
    writer = SlateWriter(Pairs({-1: 3, 3: 7}, {}), share=1.0, slots=2, pool=2)
    assert writer.rerank(world.requests([[9]]), rows, 8).item.tolist() == [3, 0, 1, 2, 4, 5, 6, 7]


@pytest.mark.parametrize("name", sorted(WAYS))
def test_a_slate_goes_on_as_people_of_the_group_do(name, learned, world):
    starts = [(group, start) for group in range(4) for start in range(6)]
    walks = [[6 * group + (start + step) % 6 for step in range(5)] for group, start in starts]
    asked = world.requests([walk[:2] for walk in walks])
    draw = np.random.default_rng(0)
    items = np.concatenate([6 * group + draw.permutation(6) for group, _ in starts])
    rows = Candidates(np.repeat(np.arange(24), 6), items, {"score": np.zeros(144)})
    written = SlateWriter(learned[name], share=1.0).rerank(asked, rows, 3)
    slates = written.item.reshape(24, 6)
    right = sum(s[:3].tolist() == walk[2:] for s, walk in zip(slates, walks, strict=True))
    assert right >= 18
    assert [sorted(s.tolist()) for s in slates] == [
        sorted(r.tolist()) for r in items.reshape(24, 6)
    ]


@pytest.mark.parametrize("name", sorted(WAYS))
def test_what_was_placed_is_read_as_if_the_history_held_it(name, learned, world):
    items = np.arange(24)[None]
    ((_, short),) = learned[name].continued(world.requests([[0, 1]]), 3)
    ((_, long),) = learned[name].continued(world.requests([[0, 1, 8]]), 3)
    before, after = short.scores(items), short.after(np.array([8])).scores(items)
    if name != "hstu":  # which knows that a slate's items stand at one moment
        assert after == pytest.approx(long.scores(items), abs=1e-4)
    assert np.abs(after - before).max() > 0.1


def test_people_without_a_history_and_items_that_came_later_keep_their_places(learned, world):
    rows = Candidates(
        np.repeat([0, 1], 4), np.array([30, 0, 5, 31] * 2), {"score": np.array([4.0, 3, 2, 1] * 2)}
    )
    asked = world.requests([[], [0, 1]])
    written = SlateWriter(learned["generator"], share=0.1).rerank(asked, rows, 4)
    assert written.item[:4].tolist() == [30, 0, 5, 31]
    assert sorted(written.item[4:].tolist()) == [0, 5, 30, 31]
    assert written.item[4] == 30


def test_a_writer_that_breaks_leaves_the_slate_as_it_was(learned, world):
    channel = replace(learned["sequence"], items=learned["sequence"].items[:, :3])
    runner = ChannelRunner([Channel("popular", Popular().fit(world.data), 10)])
    plain = Pipeline(recall=runner, filters=(), fuser=OneChannel("popular"), rank_limit=10)
    broken = replace(plain, rerankers=[("slate_writer", SlateWriter(channel))])
    asked = world.requests([[0, 1, 2]])
    slate = broken.run(asked, 5)
    assert slate.degraded == ("rerank:slate_writer",)
    assert slate.candidates.item.tolist() == plain.run(asked, 5).candidates.item.tolist()


@pytest.mark.parametrize("name", sorted(RETRIEVERS))
def test_channels_that_lend_their_model_are_those_that_the_catalogue_names(name, world):
    nothing = world.data.take(np.zeros(len(world.data), bool))
    index = RETRIEVERS[name]().fit(nothing)
    assert isinstance(index, Continuer) == (name in LENDERS)
    if name in LENDERS:
        assert [len(rows) for rows, _ in index.continued(world.requests([[]]), 3)] == []
