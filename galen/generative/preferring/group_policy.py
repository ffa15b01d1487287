"""A policy gradient over groups that the generator itself writes, rewarded by what came of them.

After Shao et al., "DeepSeekMath" (GRPO), 2024: advantages are rewards less the group's mean, and no
critic is learned.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Ints
from galen.generative.network import NextCodes
from galen.generative.preferring.compared import (
    Compared,
    ComparedLesson,
    Drawn,
    Transitions,
    log_probabilities_of,
)
from galen.generative.trie import Eligible, Trie
from galen.nn.learning.preference_losses import clipped_policy_gradient, group_advantages
from galen.nn.sequences.code_head import CodeHead


@dataclass(frozen=True, slots=True)
class Rewards:
    """What one written item is worth: nothing if it does not exist or may not be shown."""

    taken: float = 1.0  # it is what was taken next
    diversity: float = 0.1  # times the share of the others of its group that are of another kind
    eligible: float = 0.1  # it may be shown

    def of(self, item: Tensor, wanted: Tensor, kind: Tensor, eligible: Tensor) -> Tensor:
        """(R, G) of items (R, G), -1 for none, what was taken (R,), the kind of each item (items,),
        and what may be shown (R, items)."""
        there = (item >= 0) & eligible.gather(1, item.clamp_min(0))
        kinds = kind[item.clamp_min(0)]
        other = (kinds[:, :, None] != kinds[:, None]) & (item >= 0)[:, None]
        share = other.float().sum(2) / max(item.shape[1] - 1, 1)
        whole = self.taken * (item == wanted[:, None]) + self.diversity * share + self.eligible
        return torch.where(there, whole, 0.0)


@dataclass(frozen=True)
class GroupLoss:
    """The clipped policy gradient of a mini-batch, held near the reference."""

    clip: float
    anchor: float

    def __call__(self, policy: Tensor, inputs: Compared) -> Tensor:
        drawn = inputs.drawn
        assert drawn is not None
        return clipped_policy_gradient(
            policy,
            drawn.old,
            inputs.reference,
            drawn.advantage,
            clip=self.clip,
            anchor=self.anchor,
        )


@dataclass(frozen=True, slots=True)
class Ids:
    """A group of written ids for each history."""

    codes: Tensor  # (R, G, levels)
    item: Tensor  # (R, G); -1 where no item has the id
    live: tuple[Tensor, ...]  # by level: (R, G, codes) which could have been written
    log_probability: Tensor  # (R, G) log-probabilities among those


@dataclass(frozen=True)
class GroupSource:
    """Groups drawn from the policy as it stands, each learned from `updates` times.

    `constrained` draws under the trie of what may be shown; else codes are drawn freely, so that
    rewards alone tell what does not exist or may not be shown. `guided` puts what was taken next
    among each group, for the policy draws it seldom.
    """

    policy: NextCodes
    transitions: Transitions
    kind: Tensor  # (items,) of which a group should hold several
    shown: Tensor  # (items,) may it be shown to anybody?
    rewards: Rewards
    group: int
    updates: int
    constrained: bool
    guided: bool
    repeat: bool
    batch: int  # histories
    seed: int

    @property
    def rows(self) -> int:
        return len(self.transitions)

    def lessons(self, epoch: int, skip: int) -> Iterator[ComparedLesson]:
        """Mini-batches of an epoch without its first `skip`."""
        order = np.random.default_rng((self.seed, epoch)).permutation(self.rows)
        codes = self.policy.codes
        trie = Trie.of(codes.cpu().numpy(), self.policy.head.sizes).to(codes.device)
        for number, start in enumerate(range(0, self.rows, self.batch)):
            again = self.updates - max(0, skip - number * self.updates)
            if again > 0:
                draw = torch.Generator().manual_seed(self.seed + 1_000_003 * epoch + number)
                lesson = self._lesson(order[start : start + self.batch], trie, draw)
                yield from [lesson] * again

    def _lesson(self, people: Ints, trie: Trie, draw: torch.Generator) -> ComparedLesson:
        transitions = self.transitions
        wanted = transitions.wanted(people)
        eligible = transitions.eligible(people, self.shown, repeat=self.repeat)
        eligible[torch.arange(len(people), device=wanted.device), wanted] = True
        events = transitions.read(people)
        with torch.no_grad():
            states = self.policy.read(events)
            ids = drawn_ids(
                self.policy.head,
                trie.masked(eligible) if self.constrained else trie,
                states,
                self.group,
                draw,
                first=self.policy.codes[wanted] if self.guided else None,
            )
            reference = log_probabilities_of(
                transitions.reference.head, transitions.states[people], ids.codes, ids.live
            )
        advantage = group_advantages(self.rewards.of(ids.item, wanted, self.kind, eligible))
        inputs = Compared(
            events, ids.codes, reference, Drawn(ids.log_probability, advantage, ids.live)
        )
        return ComparedLesson(inputs, torch.ones(len(people)))


def drawn_ids(
    head: CodeHead,
    among: Eligible | Trie,
    states: Tensor,
    group: int,
    draw: torch.Generator,
    *,
    first: Tensor | None = None,
) -> Ids:
    """Draw ids for states (R, width) from a head, code after code.

    Under `Eligible`, only codes that lead to an eligible item are drawn, of which each request has
    one at least; under a whole trie any code is, so that no item may have the id. `first`
    (R, levels) are codes that stand in for the first draw of each group.
    """
    trie = among.trie if isinstance(among, Eligible) else among
    requests, device = len(states), states.device
    request = torch.arange(requests, device=device).repeat_interleave(group)
    given = torch.arange(group, device=device).repeat(requests) == 0
    hidden = states.repeat_interleave(group, 0)
    node = torch.zeros_like(request)  # -1 where no item has what was written
    total = hidden.new_zeros(len(hidden))
    codes, live = list[Tensor](), list[Tensor]()
    for level, size in enumerate(trie.sizes):
        following = _following(among, level, request, node, size)
        could = following >= 0 if isinstance(among, Eligible) else torch.ones_like(following) > 0
        scores = torch.log_softmax(head.level(level, hidden).masked_fill(~could, -torch.inf), 1)
        noise = -torch.log(torch.empty(scores.shape).exponential_(generator=draw))
        code = (scores + noise.to(device)).argmax(1)
        if first is not None:
            code = torch.where(given, first[request, level], code)
        total = total + scores.gather(1, code[:, None])[:, 0]
        node = following.gather(1, code[:, None])[:, 0]
        codes.append(code)
        live.append(could.view(requests, group, size))
        if level + 1 < len(trie.sizes):
            hidden = head.reads(level, hidden, code)
    item = torch.where(node >= 0, trie.item[node.clamp_min(0)], -1)
    return Ids(
        torch.stack(codes, dim=1).view(requests, group, -1),
        item.view(requests, group),
        tuple(live),
        total.view(requests, group),
    )


def _following(
    among: Eligible | Trie, level: int, request: Tensor, node: Tensor, size: int
) -> Tensor:
    """(rows, codes): the node of the next depth that each code leads to, -1 where to none."""
    trie = among.trie if isinstance(among, Eligible) else among
    everyone = torch.ones(len(trie), dtype=torch.bool)
    everything = among if isinstance(among, Eligible) else trie.masked(everyone)
    rows = torch.nonzero(node >= 0)[:, 0]
    parent, child = everything.children(level, request[rows], node[rows])
    found = torch.full((len(node), size), -1, device=node.device)
    found[rows[parent], trie.code[level][child]] = child
    return found
