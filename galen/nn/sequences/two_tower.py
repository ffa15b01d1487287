"""Two towers that meet in a cosine: one for a history, one for an item.

Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations", RecSys
2019: the items of a mini-batch are each other's negatives, corrected for how often they are there.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.dense import tower
from galen.nn.learning.distributed import dealt
from galen.nn.learning.sequence_losses import token_loss
from galen.nn.sequences.item_tower import ItemTower


class Pairs(NamedTuple):
    """B histories with the item that came next; ids of -1 are padding."""

    history: Tensor  # (B, L) int64, newest first
    wanted: Tensor  # (B,) int64
    hard: Tensor  # (B, H) int64, negatives of one row alone

    def to(self, device: torch.device) -> "Pairs":
        """The same pairs on a device."""
        return Pairs(*(tensor.to(device) for tensor in self))


class PairLesson(NamedTuple):
    """One mini-batch of pairs to learn from."""

    inputs: Pairs
    weight: Tensor  # (B,)

    @property
    def labels(self) -> Tensor:
        return self.inputs.wanted

    def to(self, device: torch.device) -> "PairLesson":
        return PairLesson(self.inputs.to(device), self.weight.to(device))

    def share(self, rank: int, count: int) -> "PairLesson":
        """Every `count`-th pair; a process that would get none has one of no weight."""
        if count == 1:
            return self
        rows, weight = dealt(len(self.weight), self.weight, rank, count)
        return PairLesson(Pairs(*(t[rows] for t in self.inputs)), weight[rows])


class UserTower(nn.Module):
    """A decayed mean of item vectors, and what layers make of it: (B, width) of unit length."""

    def __init__(self, width: int, hidden: tuple[int, ...], decay: float, dropout: float) -> None:
        super().__init__()
        self.decay = decay
        self.layers = tower(width, hidden, width, dropout=dropout)

    def forward(self, vectors: Tensor, there: Tensor) -> Tensor:
        """Item vectors (B, L, width), newest first, and (B, L) where there is one."""
        places = torch.arange(vectors.shape[1], device=vectors.device)
        weight = there * self.decay**places
        mean = (vectors * weight[:, :, None]).sum(1) / weight.sum(1, keepdim=True).clamp_min(1e-9)
        return functional.normalize(mean + self.layers(mean), dim=-1)


class TwoTower(nn.Module):
    """(B,) losses of pairs beside the other items of the mini-batch and each row's hard ones.

    A temperature divides cosines. Of scores in the mini-batch the log of an item's share is taken,
    not of how often so many rows hold it: they stand log B above those of hard negatives, which are
    drawn for a row alone, and so teach little. Heard in full, these were no gain (docs/log.md).
    """

    def __init__(
        self, items: ItemTower, users: UserTower, taken: Tensor, temperature: float
    ) -> None:
        """`taken` (items,) is how often each item is among the wanted ones."""
        super().__init__()
        self.items, self.users, self.temperature = items, users, temperature
        self.log_share: Tensor
        share = taken.float() / taken.sum().clamp_min(1)
        self.register_buffer("log_share", torch.log(share.clamp_min(1e-12)))

    def forward(self, inputs: Pairs) -> Tensor:
        asked = self.asked(inputs.history) / self.temperature
        answers = self.answers(inputs.wanted)
        scores = (asked @ answers.T).float() - self.log_share[inputs.wanted]
        same = inputs.wanted[:, None] == inputs.wanted
        beside = scores.masked_fill(same, -torch.inf)
        if inputs.hard.shape[1]:
            hard = self.answers(inputs.hard.clamp_min(0))
            harder = torch.einsum("bd,bhd->bh", asked, hard).float()
            beside = torch.cat([beside, harder.masked_fill(inputs.hard < 0, -torch.inf)], dim=1)
        return token_loss("sampled", scores.diagonal(), beside)

    def asked(self, history: Tensor) -> Tensor:
        """(B, width) of histories (B, L), newest first, -1 where there is nothing."""
        found: Tensor = self.users(self.items(history.clamp_min(0)), history >= 0)
        return found

    def answers(self, items: Tensor) -> Tensor:
        """(…, width) of items (…), of unit length."""
        return functional.normalize(self.items(items), dim=-1)
