"""The generator: it writes what follows, only what exists and may be shown, by any way."""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pytest
import torch

from galen.features.tokenizing.semantic_ids import SemanticIdError
from galen.features.tokenizing.tokenizers import TOKENIZERS, TokenizerName
from galen.generative.generator import Generator
from galen.generative.trie import Trie
from galen.generative.writing import Writer
from galen.nn.sequences.code_head import CodeHead
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.recall.fusion import OneChannel

QUICK = {
    "sizes": (4, 4),
    "width": 16,
    "layers": 1,
    "dropout": 0.0,
    "batch": 16,
    "learning_rate": 1e-2,
    "negatives": 16,
    "epochs": 14,
    "patience": 14,
    "plateau": 1.0,
    "precision": "float32",
    "repeat": True,
    "length": 12,
}
WAYS = {
    "beam": {},
    "parallel": {"parallel": True},
    "beam and dense": {"dense": True},
    "parallel and dense": {"parallel": True, "dense": True},
    "hstu": {"backbone": "hstu"},
    "with identity": {"identity": True},
    "product codes": {"tokenizer": "product_codes", "parallel": True},
    "fsq": {"tokenizer": "fsq"},
    "rq_vae": {"tokenizer": "rq_vae"},
    "with words": {"identity": True, "identity_dropout": 0.3, "text": True, "text_size": 8},
}


@pytest.fixture(scope="module")
def learned(world):
    return {name: Generator(**(QUICK | way)).fit(world.data) for name, way in WAYS.items()}


@pytest.mark.parametrize("name", sorted(WAYS))
def test_writes_what_people_of_the_group_take_next(name, learned, world):
    starts = [(group, start) for group in range(4) for start in range(6)]
    walks = [[6 * group + (start + step) % 6 for step in range(4)] for group, start in starts]
    found = learned[name].retrieve(world.requests([walk[:3] for walk in walks]), 1)
    assert sum(found.item == [walk[3] for walk in walks]) >= 19


@pytest.mark.parametrize("name", sorted(WAYS))
def test_nothing_that_is_not_eligible_is_written(name, learned, world):
    draw = np.random.default_rng(0)
    asked = world.requests([[0, 1, 2], [7, 8], [13]] * 50)
    eligible = draw.random((150, 24)) < 0.3
    found = learned[name].generate(asked, 10, lambda people, items: eligible[people, :items])
    assert len(found)
    assert eligible[found.request, found.item].all()
    free = learned[name].retrieve(asked, 10)
    assert not eligible[free.request, free.item].all()


@pytest.mark.parametrize("name", ["beam", "parallel and dense", "hstu", "with identity"])
def test_served_in_bfloat16_it_writes_and_scores_nearly_the_same(name, learned, world, tmp_path):
    index = learned[name]
    index.save(tmp_path)
    served = replace(index.settings, serving="bfloat16").load(tmp_path)
    asked = world.requests([[6 * g + s, 6 * g + (s + 1) % 6] for g in range(4) for s in range(6)])
    own, other = index.retrieve(asked, 1), served.retrieve(asked, 1)
    assert (own.item == other.item).sum() >= 23
    pairs = index.retrieve(asked, 5)
    told, near = (one.answer(asked).scores(pairs) for one in (index, served))
    assert not np.array_equal(told, near)  # other products were taken
    np.testing.assert_allclose(near, told, rtol=0.05, atol=0.1)
    found = served.retrieve(asked, 5)
    again = served.answer(asked).scores(found)
    np.testing.assert_allclose(again, found.columns["score"], rtol=0.02, atol=0.05)


def test_every_tokenizer_is_among_the_ways(learned):
    assert {index.settings.tokenizer for index in learned.values()} == set(TOKENIZERS)
    assert {index.ids.tokenizer for index in learned.values()} == set(TOKENIZERS)
    assert set(get_args(TokenizerName)) == set(TOKENIZERS)


@pytest.mark.parametrize("name", ["beam", "parallel"])
def test_where_nothing_is_eligible_nothing_is_written(name, learned, world):
    found = learned[name].generate(
        world.requests([[0, 1]]), 5, lambda people, items: np.zeros((len(people), items), bool)
    )
    assert len(found) == 0


def test_a_person_without_a_history_is_left_to_other_channels(learned, world):
    found = learned["beam"].retrieve(world.requests([[], [0, 1, 2], [99]]), 3)
    assert set(found.request.tolist()) == {1}


def test_a_beam_as_wide_as_the_catalogue_writes_what_all_scores_say(learned, world):
    index = learned["beam"]
    states, _ = index._states(world.requests([[0, 1, 2], [20, 21]]))
    everything = torch.ones(2, 24, dtype=torch.bool)
    wide = Writer(index.head, index.writer.trie, index.writer.codes, index.items, 24)
    items, scores = wide.best(states, everything, 24)
    with torch.inference_mode():
        codes = torch.from_numpy(index.ids.codes)
        for row in range(2):
            whole = index.head(states[row].expand(24, -1), codes).sum(1)
            assert torch.allclose(whole[items[row]], scores[row], atol=1e-5)
            assert (scores[row].diff() <= 1e-6).all()


@pytest.mark.parametrize("parallel", [False, True])
def test_probabilities_of_a_level_add_up_to_one(parallel):
    torch.manual_seed(0)
    head = CodeHead(8, (3, 5), parallel=parallel)
    states = torch.randn(4, 8)
    codes = torch.cartesian_prod(torch.arange(3), torch.arange(5))
    with torch.inference_mode():
        for state in states:
            told = head(state.expand(15, -1), codes).sum(1)
            assert float(told.exp().sum()) == pytest.approx(1.0, abs=1e-5)


@dataclass
class Only:
    """A rule that allows some items; of the whole catalogue it is asked too."""

    items: tuple[int, ...]
    rule: str = "only"
    reason: str = "it is not one of them"

    def keep(self, requests, candidates):
        return np.isin(candidates.item, self.items)


@dataclass
class Fails:
    rule: str = "fails"
    reason: str = "nobody knows"

    def keep(self, requests, candidates):
        raise OSError("broken on purpose")


def whole_answer(index, *filters):
    """A pipeline in which the generator is all there is of recall and ranking."""
    runner = ChannelRunner([Channel("generator", index, 3)])
    return Pipeline(recall=runner, filters=filters, fuser=OneChannel("generator"), rank_limit=3)


@pytest.mark.parametrize("name", sorted(WAYS))
def test_as_the_whole_answer_it_fills_the_slate_with_what_may_be_shown(name, learned, world):
    rare = Only((5, 17, 23))  # which a channel of three rows without the rule would miss
    slate = whole_answer(learned[name], rare).run(world.requests([[0, 1, 2], [7, 8, 9]]), 3)
    assert slate.degraded == ()
    assert np.bincount(slate.candidates.request).tolist() == [3, 3]
    assert set(slate.candidates.item.tolist()) == {5, 17, 23}


def test_a_rule_that_fails_closes_the_generator_too(learned, world):
    slate = whole_answer(learned["beam"], Fails()).run(world.requests([[0, 1, 2]]), 3)
    assert len(slate.candidates) == 0
    assert slate.degraded == ("eligibility:fails",)


LIGER = {"dense": True, "identity": True, "identity_dropout": 0.5, "attributes": ("category",)}


@pytest.fixture(scope="module", params=[False, True], ids=["beam", "parallel"])
def without_last(request, world):
    """Learned where nobody took items 5 and 17, the last of groups 0 and 2; cold ones may join."""
    known = world.data.take(~np.isin(world.data.item, (5, 17)))
    cold = {"cold": 2, "cold_share": 2 / 24, "parallel": request.param}
    return Generator(**(QUICK | LIGER | cold)).fit(known)


def test_items_that_nobody_took_join_by_what_is_said_of_them(without_last, world):
    assert without_last.cold.tolist() == [5, 17]
    found = without_last.retrieve(world.requests([[0, 1, 2], [12, 13, 14]]), 24)
    of_first, of_second = (found.item[found.request == row].tolist() for row in range(2))
    assert of_first.index(5) < of_first.index(17)
    assert of_second.index(17) < of_second.index(5)
    assert min(of_first.index(5), of_second.index(17)) < 10
    none = replace(without_last, settings=replace(without_last.settings, cold=0))
    assert none.writer.cold is None


def test_no_more_cold_items_join_than_were_allowed_and_none_twice(without_last, world):
    asked = world.requests([[0, 1, 2], [7], [12, 13]])
    one = replace(without_last, settings=replace(without_last.settings, cold=1))
    for index, most in ((without_last, 2), (one, 1)):
        found = index.retrieve(asked, 24)
        for row in range(3):
            items = found.item[found.request == row].tolist()
            assert len(items) == len(set(items))
            assert len(set(items) & {5, 17}) == most
            assert len(items) == 22 + most


def test_cold_items_that_may_not_be_shown_do_not_join(without_last, world):
    shown = np.arange(24) != 5
    found = without_last.generate(
        world.requests([[0, 1, 2]]), 24, lambda people, items: np.tile(shown, (len(people), 1))
    )
    assert sorted(found.item.tolist()) == np.flatnonzero(shown).tolist()


def test_cold_items_come_back_from_disk(without_last, world, tmp_path):
    without_last.save(tmp_path)
    asked = world.requests([[0, 1, 2]])
    again = without_last.settings.load(tmp_path).retrieve(asked, 8)
    assert again.item.tolist() == without_last.retrieve(asked, 8).item.tolist()


def test_cold_items_join_as_often_as_people_took_one_and_not_by_their_number(world):
    """Half of this catalogue was never taken, which says nothing for it."""
    taken = world.data.take(world.data.item < 12)
    way = QUICK | {"dense": True, "identity": True, "temperature": 0.1, "cold": 10}
    index = Generator(**way).fit(taken)
    assert len(index.cold) == 12
    assert index.writer.cold is None
    half = Generator(**way, cold_share=0.5).fit(taken)
    found = half.retrieve(world.requests([[g, g + 1] for g in range(10)]), 10)
    assert np.mean(found.item >= 12) == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("wrong", [{"cold_share": -0.1}, {"cold_share": 5.0}, {"temperature": -1}])
def test_a_share_or_a_temperature_that_cannot_be_is_refused(wrong, world):
    with pytest.raises(SemanticIdError, match="temperature is 0 or more"):
        Generator(dense=True, cold=3, **wrong).fit(world.data)


def test_cold_items_without_a_dense_score_are_refused(world):
    with pytest.raises(SemanticIdError, match="dense = true"):
        Generator(cold=5).fit(world.data)


def test_what_writes_is_made_once_and_not_by_each_request(learned, world, monkeypatch):
    index, requests = learned["beam"], world.requests([[0, 1, 2]])
    first = index.retrieve(requests, 5)
    monkeypatch.delattr(Trie, "of")
    assert index.retrieve(requests, 5).item.tolist() == first.item.tolist()
