"""Items as vectors from what is known of them, so that one that nobody took yet has one too."""

from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor, nn

from galen.nn.dense import linear

SPREAD: Final = 0.05
"""Of the numbers that an item's own vector begins with."""


@dataclass(frozen=True)
class Known:
    """What is known of N items; each part may be absent."""

    items: int
    attributes: Tensor | None = None  # (N, fields) int64 codes, -1 where not known
    vectors: Tensor | None = None  # (N, d) of text or pictures, frozen
    codes: Tensor | None = None  # (N, levels) int64 semantic ids
    sizes: tuple[int, ...] = field(default=())  # words of each attribute, then of each level
    there: Tensor | None = None  # (N,) whose vectors say something; those not 0 if None


class ItemTower(nn.Module):
    """The sum of an item's own vector and of those of its attributes, its text and its codes.

    `identity` switches the item's own vector. An item without an event has none, as `learned` (N,)
    says, so where something else is known of it, that alone makes its vector. So that the rest
    learns to stand alone, own vectors are left out in training, each time with the probability
    `identity_dropout` (as Volkovs et al., DropoutNet, NIPS 2017, drop what was learned of an item).
    """

    def __init__(
        self,
        known: Known,
        learned: Tensor,
        width: int,
        *,
        identity: bool = True,
        identity_dropout: float = 0.0,
        begin: Tensor | None = None,
    ) -> None:
        """Own vectors are drawn, or begin as rows of `begin` (N, width) that are not 0."""
        super().__init__()
        self.items, self.width, self.identity_dropout = known.items, width, identity_dropout
        self.own = nn.Parameter(torch.empty(known.items, width)) if identity else None
        if self.own is not None:
            nn.init.normal_(self.own, std=SPREAD)
            if begin is not None:
                self.own.data = torch.where(begin.any(dim=1, keepdim=True), begin, self.own.data)
            self.own.data[~learned] = 0
        self.learned: Tensor
        self.register_buffer("learned", learned.float())
        words = [part for part in (known.attributes, known.codes) if part is not None]
        self.words: Tensor | None
        self.register_buffer("words", _stacked(words, known.sizes) if words else None)
        self.of_words = nn.Embedding(sum(known.sizes) + 1, width, padding_idx=0) if words else None
        if self.of_words is not None:
            nn.init.normal_(self.of_words.weight, std=SPREAD)
            self.of_words.weight.data[0] = 0
        self.vectors: Tensor | None
        self.register_buffer("vectors", known.vectors)
        self.of_vectors = None
        if known.vectors is not None:
            self.of_vectors = nn.Sequential(
                linear(known.vectors.shape[1], 2 * width), nn.GELU(), linear(2 * width, width)
            )

    def forward(self, items: Tensor) -> Tensor:
        """(…, width) of items (…)."""
        flat = items.reshape(-1)
        found = torch.zeros(len(flat), self.width, device=items.device)
        if self.own is not None:
            found = self._kept(self.own.index_select(0, flat), flat)
        if self.of_words is not None and self.words is not None:
            found = found + self.of_words(self.words.index_select(0, flat)).sum(1)
        if self.of_vectors is not None and self.vectors is not None:
            found = found + self.of_vectors(self.vectors.index_select(0, flat))
        return found.view(*items.shape, self.width)

    def _kept(self, own: Tensor, items: Tensor) -> Tensor:
        """Own vectors (n, width) where they count."""
        if self.of_words is None and self.of_vectors is None:
            return own
        kept = self.learned.index_select(0, items)
        if self.training and self.identity_dropout:
            kept = kept * (torch.rand_like(kept) >= self.identity_dropout)
        return own * kept[:, None]

    def whole(self) -> Tensor:
        """(N, width) of every item."""
        every: Tensor = self(torch.arange(self.items, device=self.learned.device))
        return every


def _stacked(words: list[Tensor], sizes: tuple[int, ...]) -> Tensor:
    """(N, fields): codes of all fields as rows of one table, 0 where not known."""
    codes = torch.cat([part.to(torch.int64) for part in words], dim=1)
    starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
    if codes.shape[1] != len(sizes) or bool((codes >= torch.tensor(sizes)).any()):
        raise ValueError(f"codes of {codes.shape[1]} fields do not fit sizes {sizes}.")
    return torch.where(codes < 0, 0, codes + starts + 1)
