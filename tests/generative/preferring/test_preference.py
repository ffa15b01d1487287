"""Preference training: what is chosen rises, what is rejected falls, what is worse is not kept."""

import copy

import numpy as np
import pytest
import torch

from galen.assembly.recipes.recipe import RecipeError, settings_of
from galen.features.histories import columns_of
from galen.generative.generator import Generator
from galen.generative.preferring.compared import (
    LearningPolicy,
    Transitions,
    log_probabilities_of,
    newest_transitions,
)
from galen.generative.preferring.direct_preference import DirectLoss, RejectedSource, hard_items
from galen.generative.preferring.group_policy import GroupLoss, GroupSource, Rewards, drawn_ids
from galen.generative.preferring.preference import Preference
from galen.generative.trie import Trie
from galen.nn.learning.sequence_losses import Mean
from galen.nn.learning.training import Training, fit
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut

QUICK = {
    "sizes": (4, 4),
    "width": 16,
    "layers": 1,
    "dropout": 0.0,
    "batch": 16,
    "learning_rate": 1e-2,
    "plateau": 1.0,
    "repeat": True,
    "length": 12,
}
ALL = torch.ones(24, dtype=torch.bool)


@pytest.fixture
def network(world):
    """A generator's network that has learned nothing."""
    torch.manual_seed(0)
    spec = Generator(**QUICK)
    columns = columns_of(world.data)
    return spec._network(spec.coding.ids(world.data, spec.seed), columns, world.data).eval()


def transitions(world, network, wanted=None):
    """What people took last; with `wanted`, as if all had taken that."""
    found = newest_transitions(columns_of(world.data), 1000, 0)
    if wanted is not None:
        found = HeldOut(found.before, np.full(len(found.wanted), wanted))
    return Transitions.of(found, 12, copy.deepcopy(network).requires_grad_(False))


def log_probability(network, asked, item):
    """(P,): of one item after each history."""
    with torch.inference_mode():
        states = network.read(asked.read(np.arange(len(asked))))
        return log_probabilities_of(
            network.head, states, network.codes[item].expand(len(asked), 1, -1)
        )[:, 0]


def teach(policy, source, epochs=12):
    training = Training(
        epochs=epochs, batch=16, learning_rate=1e-2, monitor="loss", precision="float32"
    )
    losses = iter(range(0, -epochs, -1))
    fit(policy, Mean(), source, lambda module: {"loss": float(next(losses))}, training)


def test_the_newest_transition_of_people_is_what_they_took_last():
    columns = Columns(np.array([0, 3, 4, 6]), np.arange(6), np.full(6, 3), np.zeros(6))
    found = newest_transitions(columns, 10, 0)
    assert found.wanted.tolist() == [2, 5]
    assert found.before.item.tolist() == [0, 1, 4]
    assert len(newest_transitions(columns, 1, 0).wanted) == 1


def test_the_chosen_item_rises_over_the_rejected_and_a_bad_one_falls(world, network):
    asked = transitions(world, network, wanted=7)
    bad = torch.full((len(asked), 1), 23)
    before = [log_probability(network, asked, item) for item in (7, 23)]
    teach(LearningPolicy(network, DirectLoss(1.0)), RejectedSource(asked, bad, 2, 16, 0))
    after = [log_probability(network, asked, item) for item in (7, 23)]
    assert (after[1] < before[1]).all()
    assert (after[0] - after[1] > before[0] - before[1] + 1).all()


def test_hard_items_are_the_models_own_first_ones_without_what_was_taken(world, network):
    asked = transitions(world, network)
    shown = ALL.clone()
    shown[:3] = False
    found = hard_items(asked, shown, 20, repeat=True)
    wanted = asked.histories.wanted
    with torch.inference_mode():
        ids = network.codes.expand(len(asked), -1, -1)
        scores = log_probabilities_of(network.head, asked.states, ids)
    scores = scores.clone()
    scores[:, ~shown] = -torch.inf
    scores[torch.arange(len(asked)), torch.from_numpy(wanted)] = -torch.inf
    assert found[:, :5].tolist() == scores.topk(5).indices.tolist()
    assert not (found == torch.from_numpy(wanted)[:, None]).any()


def test_a_drawn_item_is_never_the_one_that_was_taken(world, network):
    asked = transitions(world, network)
    source = RejectedSource(asked, torch.full((len(asked), 0), -1), 50, 16, 0)
    for lesson in source.lessons(0, 0):
        chosen, rejected = lesson.inputs.codes[:, :1], lesson.inputs.codes[:, 1:]
        assert not (chosen == rejected).all(2).any()


def groups(network, asked, **settings):
    plain = {
        "policy": network,
        "transitions": asked,
        "kind": torch.arange(24) // 6,
        "shown": ALL,
        "rewards": Rewards(),
        "group": 16,
        "updates": 2,
        "constrained": True,
        "guided": False,
        "repeat": True,
        "batch": 16,
        "seed": 0,
    }
    return GroupSource(**(plain | settings))


def rewards(network, asked, source, constrained=True):
    """Mean reward of groups that the network writes, and the share that may be shown."""
    trie = Trie.of(network.codes.numpy(), network.head.sizes)
    draw = torch.Generator().manual_seed(9)
    with torch.inference_mode():
        states = network.read(asked.read(np.arange(len(asked))))
        eligible = source.shown.expand(len(asked), -1)
        among = trie.masked(eligible) if constrained else trie
        item = drawn_ids(network.head, among, states, 32, draw).item
    wanted = torch.from_numpy(asked.histories.wanted)
    reward = source.rewards.of(item, wanted, source.kind, eligible)
    shown = (item >= 0) & source.shown[item.clamp_min(0)]
    return float(reward.mean()), float(shown.float().mean())


@pytest.mark.parametrize("guided", [False, True])
def test_a_rewarded_item_is_written_more_often(world, network, guided):
    asked = transitions(world, network, wanted=7)
    source = groups(network, asked, guided=guided)
    before, _ = rewards(network, asked, source)
    teach(LearningPolicy(network, GroupLoss(0.2, 0.0)), source)
    after, _ = rewards(network, asked, source)
    assert after > before + 0.3


def test_written_freely_what_may_not_be_shown_is_unlearned(world, network):
    asked = transitions(world, network)
    shown = torch.arange(24) < 12
    source = groups(network, asked, shown=shown, constrained=False, rewards=Rewards(0.0, 0.0, 1.0))
    _, before = rewards(network, asked, source, constrained=False)
    teach(LearningPolicy(network, GroupLoss(0.2, 0.0)), source)
    _, after = rewards(network, asked, source, constrained=False)
    assert before < 0.6
    assert after > 0.9


def test_a_reward_is_of_what_was_taken_of_unlike_items_and_of_nothing_forbidden():
    item = torch.tensor([[0, 1, 6, -1, 2]])
    eligible = torch.tensor([[True, True, False, True, True, True, True]])
    found = Rewards(1.0, 0.4, 0.1).of(
        item, torch.tensor([1]), torch.tensor([0, 0, 0, 0, 0, 0, 1]), eligible
    )
    assert found[0].tolist() == pytest.approx([0.2, 1.2, 0.4, 0.0, 0.0])


@pytest.mark.parametrize("parallel", [False, True])
def test_ids_are_drawn_as_often_as_their_probability_among_the_eligible_says(parallel, world):
    torch.manual_seed(0)
    spec = Generator(**QUICK, parallel=parallel)
    network = spec._network(
        spec.coding.ids(world.data, spec.seed), columns_of(world.data), world.data
    ).eval()
    trie = Trie.of(network.codes.numpy(), network.head.sizes)
    eligible = torch.arange(24) % 3 == 0
    with torch.inference_mode():
        states = torch.randn(1, 16)
        draw = torch.Generator().manual_seed(0)
        ids = drawn_ids(network.head, trie.masked(eligible), states, 40_000, draw)
        again = log_probabilities_of(network.head, states, ids.codes, ids.live)
    assert torch.allclose(again, ids.log_probability, atol=1e-6)
    item, place, count = np.unique(ids.item[0].numpy(), return_index=True, return_counts=True)
    assert item.tolist() == torch.nonzero(eligible)[:, 0].tolist()
    probability = ids.log_probability[0, place].exp().numpy()
    assert probability.sum() == pytest.approx(1, abs=1e-5)
    assert count / 40_000 == pytest.approx(probability, abs=0.01)


def test_processes_share_the_histories_of_a_lesson(world, network):
    lesson = next(iter(groups(network, transitions(world, network), batch=5).lessons(0, 0)))
    one, two = lesson.share(0, 2), lesson.share(1, 2)
    assert (len(one.weight), len(two.weight)) == (3, 2)
    assert one.inputs.codes.tolist() == lesson.inputs.codes[::2].tolist()
    assert two.inputs.drawn.old.tolist() == lesson.inputs.drawn.old[1::2].tolist()
    assert float(lesson.share(5, 6).weight.sum()) == 0


@pytest.mark.parametrize("method", ["s_dpo", "policy_gradient"])
def test_what_helps_people_held_out_is_kept_and_told(method, world, tmp_path):
    young = Generator(**QUICK, epochs=1, patience=4)
    settings = Preference(method, epochs=12, patience=12, learning_rate=3e-3, batch=16)
    spec = Generator(**QUICK, epochs=1, patience=4, preference=settings)
    index = spec.fit(world.data)
    assert index.preferred is not None
    assert index.preferred.kept
    assert index.preferred.after > index.preferred.before + 0.05
    index.save(tmp_path)
    assert spec.load(tmp_path).preferred == index.preferred
    rounds = [[6 * g + (s + step) % 6 for step in range(5)] for g in range(4) for s in range(6)]
    asked = world.requests(rounds)  # the sixth is the first again
    truth = np.array([once[0] for once in rounds])
    right = [(i.retrieve(asked, 1).item == truth).sum() for i in (index, young.fit(world.data))]
    assert right[0] > right[1]


@pytest.mark.parametrize("method", ["s_dpo", "policy_gradient"])
def test_what_makes_it_worse_is_not_kept(method, world):
    learned = QUICK | {"epochs": 12, "patience": 12}
    ruinous = Preference(method, epochs=2, learning_rate=1.0, batch=16)
    before = Generator(**learned).fit(world.data)
    after = Generator(**learned, preference=ruinous).fit(world.data)
    assert after.preferred is not None
    assert not after.preferred.kept
    assert after.preferred.after < after.preferred.before
    asked = world.requests([[0, 1, 2], [13]])
    one, two = before.retrieve(asked, 10), after.retrieve(asked, 10)
    assert one.item.tolist() == two.item.tolist()
    assert one.columns["score"].tolist() == two.columns["score"].tolist()


def test_it_is_a_table_of_a_recipe():
    read = settings_of(Generator, {"preference": {"method": "s_dpo", "beta": 0.3}}, "here")
    assert read["preference"] == Preference("s_dpo", beta=0.3)
    with pytest.raises(RecipeError, match=r"here: preference: unknown key 'betta'.*'beta'"):
        settings_of(Generator, {"preference": {"betta": 0.3}}, "here")
    with pytest.raises(RecipeError, match=r"here: preference: method = 'ppo'"):
        settings_of(Generator, {"preference": {"method": "ppo"}}, "here")
