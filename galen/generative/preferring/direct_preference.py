"""What was taken next against what the model itself would have written and what was drawn: S-DPO.

Chen et al., "On Softmax Direct Preference Optimization for Recommendation", NeurIPS 2024.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Ints
from galen.generative.preferring.compared import (
    BLOCK,
    Compared,
    ComparedLesson,
    Transitions,
    log_probabilities_of,
)
from galen.generative.trie import Trie
from galen.generative.writing import Writer
from galen.nn.learning.passes import mixed
from galen.nn.learning.preference_losses import softmax_dpo


@dataclass(frozen=True)
class DirectLoss:
    """S-DPO of a mini-batch."""

    beta: float

    def __call__(self, policy: Tensor, inputs: Compared) -> Tensor:
        return softmax_dpo(policy, inputs.reference, self.beta)


@dataclass(frozen=True)
class RejectedSource:
    """Each history with what was taken next, then its hard items, then items drawn alike."""

    transitions: Transitions
    hard: Tensor  # (P, hard) what the reference writes first, -1 where it had no more
    drawn: int
    batch: int  # histories
    seed: int

    @property
    def rows(self) -> int:
        return len(self.transitions)

    def lessons(self, epoch: int, skip: int) -> Iterator[ComparedLesson]:
        """Mini-batches of an epoch without its first `skip`."""
        for people, random in mixed(self.rows, self.batch, self.seed, epoch, skip):
            yield self._lesson(people, random)

    def _lesson(self, people: Ints, random: np.random.Generator) -> ComparedLesson:
        transitions, codes = self.transitions, self.transitions.reference.codes
        wanted = transitions.histories.wanted[people]
        drawn = random.integers(0, len(codes) - 1, (len(people), self.drawn))
        drawn += drawn >= wanted[:, None]  # any item but the one that was taken
        alike = torch.from_numpy(drawn).to(codes.device)
        item = torch.cat([transitions.wanted(people)[:, None], self.hard[people], alike], dim=1)
        ids = codes[item.clamp_min(0)]
        with torch.no_grad():
            reference = log_probabilities_of(
                transitions.reference.head, transitions.states[people], ids
            )
        reference = reference.masked_fill(item < 0, -torch.inf)
        inputs = Compared(transitions.read(people), ids, reference)
        return ComparedLesson(inputs, torch.ones(len(people)))


def hard_items(transitions: Transitions, shown: Tensor, count: int, *, repeat: bool) -> Tensor:
    """(P, count): what the reference writes first of what may be shown, but for what was taken.

    -1 where there is no more.
    """
    reference, device = transitions.reference, transitions.states.device
    found = torch.full((len(transitions), count), -1, device=device)
    if not count:
        return found
    with torch.inference_mode():
        items = reference.tower.whole()
    trie = Trie.of(reference.codes.cpu().numpy(), reference.head.sizes).to(device)
    writer = Writer(reference.head, trie, reference.codes, items, 2 * count)
    for start in range(0, len(transitions), BLOCK):
        people = np.arange(start, min(start + BLOCK, len(transitions)))
        mask = transitions.eligible(people, shown, repeat=repeat)
        mask[torch.arange(len(people), device=device), transitions.wanted(people)] = False
        written, _ = writer.best(transitions.states[people], mask, count)
        found[people, : written.shape[1]] = written
    return found
