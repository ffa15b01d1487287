"""Items that a policy's probabilities are compared on: what preference training learns from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from galen.data.arrays import Ints
from galen.generative.network import NextCodes
from galen.nn.learning.distributed import dealt
from galen.nn.sequences.code_head import CodeHead
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut
from galen.nn.sequences.packed_events import Events

BLOCK = 512  # histories that are read together where nothing is learned


class Drawn(NamedTuple):
    """What is known of a group beside its ids, where the policy itself drew it."""

    old: Tensor  # (R, G) log-probabilities under the policy that drew
    advantage: Tensor  # (R, G)
    live: tuple[Tensor, ...]  # by level: (R, G, codes) which could have been written


class Compared(NamedTuple):
    """R histories with G ids each."""

    events: Events
    codes: Tensor  # (R, G, levels)
    reference: Tensor  # (R, G) log-probabilities under the frozen model; -inf where there is no id
    drawn: Drawn | None = None

    def to(self, device: torch.device) -> "Compared":
        """The same histories and ids on a device, with what was drawn where there is any."""
        drawn = self.drawn
        if drawn is not None:
            live = tuple(level.to(device) for level in drawn.live)
            drawn = Drawn(drawn.old.to(device), drawn.advantage.to(device), live)
        codes, reference = self.codes.to(device), self.reference.to(device)
        return Compared(self.events.to(device), codes, reference, drawn)

    def of(self, histories: Tensor) -> "Compared":
        """Some of the histories."""
        drawn = self.drawn
        if drawn is not None:
            live = tuple(level[histories] for level in drawn.live)
            drawn = Drawn(drawn.old[histories], drawn.advantage[histories], live)
        events, _ = self.events.of(histories)
        return Compared(events, self.codes[histories], self.reference[histories], drawn)


class ComparedLesson(NamedTuple):
    """One mini-batch of histories to learn from."""

    inputs: Compared
    weight: Tensor  # (R,)

    @property
    def labels(self) -> Tensor:
        return self.inputs.reference

    def to(self, device: torch.device) -> "ComparedLesson":
        return ComparedLesson(self.inputs.to(device), self.weight.to(device))

    def share(self, rank: int, count: int) -> "ComparedLesson":
        """Every `count`-th history; a process that would get none has one of no weight."""
        if count == 1:
            return self
        histories, weight = dealt(len(self.weight), self.weight, rank, count)
        return ComparedLesson(self.inputs.of(histories), weight[histories])


class LearningPolicy(nn.Module):
    """(R,) losses of histories with compared ids, by the network that is to change.

    It reads without dropout even in training, so that it differs from the reference by what it
    learned alone.
    """

    def __init__(self, network: NextCodes, loss: Callable[[Tensor, Compared], Tensor]) -> None:
        super().__init__()
        self.network, self.loss = network, loss

    def train(self, mode: bool = True) -> "LearningPolicy":
        super().train(mode)
        self.network.eval()
        return self

    def forward(self, inputs: Compared) -> Tensor:
        states = self.network.read(inputs.events)
        live = None if inputs.drawn is None else inputs.drawn.live
        return self.loss(
            log_probabilities_of(self.network.head, states, inputs.codes, live), inputs
        )


def log_probabilities_of(
    head: CodeHead, states: Tensor, codes: Tensor, live: tuple[Tensor, ...] | None = None
) -> Tensor:
    """(R, G): log-probabilities of ids (R, G, levels) given states (R, width), summed over levels.

    With `live`, those among the codes that could have been written.
    """
    group = codes.shape[1]
    hidden = states.repeat_interleave(group, 0)
    flat = codes.flatten(0, 1)
    total = hidden.new_zeros(len(hidden))
    for level in range(codes.shape[2]):
        scores = head.level(level, hidden)
        if live is not None:
            among = scores.masked_fill(~live[level].flatten(0, 1), -torch.inf)
            scores = torch.log_softmax(among, dim=1)
        total = total + scores.gather(1, flat[:, level : level + 1])[:, 0]
        if level + 1 < codes.shape[2]:
            hidden = head.reads(level, hidden, flat[:, level])
    return total.view(-1, group)


@dataclass(frozen=True)
class Transitions:
    """Histories with what was taken next, and what a frozen model makes of them."""

    histories: HeldOut
    length: int  # newest events that are read
    reference: NextCodes
    states: Tensor  # (P, width) of the reference

    @staticmethod
    def of(histories: HeldOut, length: int, reference: NextCodes) -> "Transitions":
        """Read the histories with the reference once."""
        device = reference.codes.device
        states = [torch.zeros(0, reference.tower.width, device=device)]
        before = histories.before.newest(length)
        with torch.inference_mode():
            for start in range(0, len(histories.wanted), BLOCK):
                people = np.arange(start, min(start + BLOCK, len(histories.wanted)))
                states.append(reference.read(histories.events(before, people).to(device)))
        # An inference tensor cannot be saved for a backward pass; a copy can.
        return Transitions(histories, length, reference, torch.cat(states).clone())

    def __len__(self) -> int:
        return len(self.histories.wanted)

    def read(self, people: Ints) -> Events:
        """What is read of some people, where the reference is."""
        before = self.histories.before.newest(self.length)
        return self.histories.events(before, people).to(self.states.device)

    def wanted(self, people: Ints) -> Tensor:
        """(P,): what some people took next."""
        return torch.from_numpy(self.histories.wanted[people]).to(self.states.device)

    def eligible(self, people: Ints, shown: Tensor, *, repeat: bool) -> Tensor:
        """(P, items): what is `shown` (items,) and, unless `repeat`, was not taken before."""
        mask = shown.expand(len(people), -1).clone()
        if not repeat:
            before = self.histories.before.of(people)
            row = np.repeat(np.arange(len(people)), np.diff(before.offsets))
            taken = torch.from_numpy(row), torch.from_numpy(before.item)
            mask[tuple(rows.to(mask.device) for rows in taken)] = False
        return mask


def newest_transitions(columns: Columns, people: int, seed: int) -> HeldOut:
    """What some people with two events or more took last, and what they did before it."""
    able = np.flatnonzero(np.diff(columns.offsets) >= 2)
    count = min(people, len(able))
    chosen = np.sort(np.random.default_rng(seed).choice(able, count, replace=False))
    mine = columns.of(chosen)
    newest = mine.offsets[1:] - 1
    before = np.ones(len(mine.item), bool)
    before[newest] = False
    return HeldOut(mine.take(before), mine.item[newest], mine.moments(newest))
