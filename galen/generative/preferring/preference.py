"""Training a generator that has learned what follows on to prefer what was taken.

The choice between the weights before and after is made on people held out, like every other.
"""

import copy
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from galen.data.catalogue import Catalogue
from galen.generative.network import NextCodes
from galen.generative.preferring.compared import LearningPolicy, Transitions, newest_transitions
from galen.generative.preferring.direct_preference import DirectLoss, RejectedSource, hard_items
from galen.generative.preferring.group_policy import GroupLoss, GroupSource, Rewards
from galen.nn.learning.course import Course, Epoch
from galen.nn.learning.sequence_losses import Mean
from galen.nn.learning.training import Source, Training, Validate, Watch, fit
from galen.nn.sequences.histories import Columns

Method = Literal["s_dpo", "policy_gradient"]


@dataclass(frozen=True, slots=True)
class Preference:
    """`s_dpo` sets what was taken next against what the model would have written and what was
    drawn; `policy_gradient` lets the model write groups and rewards what came of them."""

    method: Method = "s_dpo"  # s_dpo learns from pairs, policy_gradient from what the model writes
    epochs: int = 5
    patience: int = 2
    learning_rate: float = 1e-5  # of Adam
    batch: int = 64  # histories
    people: int = 10_000  # whose newest transition is learned from
    beta: float = 0.1  # S-DPO: how far a log-probability may move before more is worth little
    hard: int = 8  # S-DPO: rejected items that the model itself writes first
    drawn: int = 8  # S-DPO: rejected items drawn alike
    group: int = 16  # policy gradient: ids that are written for each history
    updates: int = 2  # policy gradient: steps on each group
    clip: float = 0.2  # policy gradient: how far from 1 the ratio to the model before a step counts
    anchor: float = 1.0  # policy gradient: weight of the divergence from the model before
    constrained: bool = True  # policy gradient: write only what may be shown
    guided: bool = True  # policy gradient: what was taken is one of each group
    taken: float = 1.0  # reward of what was taken next
    diversity: float = 0.1  # reward of being unlike the others of the group
    eligible: float = 0.1  # reward of what may be shown


@dataclass(frozen=True, slots=True)
class Preferred:
    """What preference training came to, and whether its weights were kept."""

    method: Method
    before: float  # NDCG@10 on people held out
    after: float  # of the best epoch
    epochs: int
    cpu_seconds: float  # of all of it, judging and decoding included

    @property
    def kept(self) -> bool:
        """Only what is better on people held out is kept."""
        return self.after > self.before + 1e-6


@dataclass(frozen=True)
class Wares:
    """What preferences know of items."""

    kind: Tensor  # (items,)
    shown: Tensor  # (items,)

    @staticmethod
    def of(catalogue: Catalogue, codes: Tensor) -> "Wares":
        """Kinds are categories, or first codes where no item has one; what is hidden is not shown.

        Rules that depend on a person are asked when a request is answered, not here.
        """
        category = torch.from_numpy(np.asarray(catalogue.category, np.int64))
        kind = category.to(codes.device) if bool((category >= 0).any()) else codes[:, 0]
        return Wares(kind, torch.from_numpy(~(catalogue.hidden == 1)).to(codes.device))


def prefer(
    network: NextCodes,
    learning: Columns,
    wares: Wares,
    judge: Validate,
    settings: Preference,
    *,
    repeat: bool,
    device: str,
    seed: int,
    watch: Watch | None = None,
) -> Preferred:
    """Train a network on; it ends with the weights that are best on people held out.

    `learning` holds no judged item. `judge` tells "ndcg" and "loss" of a network.
    """
    began = time.process_time()
    before = judge(network)["ndcg"]
    start = copy.deepcopy(network.state_dict())
    policy, source = _lessons(network, learning, wares, settings, repeat=repeat, seed=seed)
    training = Training(
        epochs=settings.epochs if source.rows and len(wares.kind) > 1 else 0,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        patience=settings.patience,
        monitor="ndcg",
        precision="float32",
        device=device,
        seed=seed,
    )

    def judged(module: nn.Module) -> dict[str, float]:
        assert isinstance(module, LearningPolicy)
        return judge(module.network)

    def watched(epoch: Epoch, module: nn.Module) -> None:
        assert isinstance(module, LearningPolicy)
        assert watch is not None
        watch(epoch, module.network)

    course: Course = fit(
        policy, Mean(), source, judged, training, watch=None if watch is None else watched
    )
    after = course.epochs[course.best].valid["ndcg"] if course.epochs else before
    spent = round(time.process_time() - began, 3)
    preferred = Preferred(settings.method, before, after, len(course.epochs), spent)
    if not preferred.kept:
        network.load_state_dict(start)
    return preferred


def _lessons(
    network: NextCodes,
    learning: Columns,
    wares: Wares,
    settings: Preference,
    *,
    repeat: bool,
    seed: int,
) -> tuple[LearningPolicy, Source]:
    reference = copy.deepcopy(network).eval().requires_grad_(False)
    length = network.reader.backbone.shape.length
    newest = newest_transitions(learning, settings.people, seed)
    transitions = Transitions.of(newest, length, reference)
    if settings.method == "s_dpo":
        hard = hard_items(transitions, wares.shown, settings.hard, repeat=repeat)
        rejected = RejectedSource(transitions, hard, settings.drawn, settings.batch, seed)
        return LearningPolicy(network, DirectLoss(settings.beta)), rejected
    groups = GroupSource(
        policy=network,
        transitions=transitions,
        kind=wares.kind,
        shown=wares.shown,
        rewards=Rewards(settings.taken, settings.diversity, settings.eligible),
        group=settings.group,
        updates=settings.updates,
        constrained=settings.constrained,
        guided=settings.guided,
        repeat=repeat,
        batch=settings.batch,
        seed=seed,
    )
    return LearningPolicy(network, GroupLoss(settings.clip, settings.anchor)), groups
