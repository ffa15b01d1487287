"""What a history is read with: items, what was done, the time between, and what is asked."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.nn.sequences.backbones.backbone import Backbone, Kept
from galen.nn.sequences.context import Asked, Context, Tokens
from galen.nn.sequences.moments import SPANS, gap_step, span_step
from galen.nn.sequences.packed_events import Events


@dataclass(frozen=True)
class Read:
    """What is kept of P histories that were read, so that an event costs one step."""

    kept: Kept
    at: Tensor  # (P,) of the newest event
    state: Tensor  # (P, width) after it, whatever is asked


class Reader(nn.Module):
    """Reads events, given the vectors of their items: states (T, width)."""

    def __init__(self, backbone: Backbone, tokens: Tokens) -> None:
        super().__init__()
        width = backbone.shape.width
        self.backbone = backbone
        self.kinds = nn.Embedding(tokens.kinds, width)
        self.gaps = nn.Embedding(SPANS + 1, width) if tokens.gaps else None
        self.context = Context(width, tokens) if tokens.context else None
        nn.init.zeros_(self.kinds.weight)
        if self.gaps is not None:
            nn.init.zeros_(self.gaps.weight)

    def forward(self, vectors: Tensor, events: Events) -> Tensor:
        """(T, width) of item vectors (T, width)."""
        done = vectors + self.kinds(events.kind)
        if self.gaps is not None:
            done = done + self.gaps(gap_step(events.at, events.layout.place))
        found: Tensor = self.backbone(done, events.at, events.layout)
        return self._asked(found, events.at, events.asked)

    @property
    def length(self) -> int:
        """Newest events of a history that are read."""
        return self.backbone.shape.length

    def begin(self, people: int) -> Read:
        """Of histories that have no event yet."""
        at = torch.zeros(people, dtype=torch.float64)
        nothing = self.kinds.weight.new_zeros(people, self.backbone.shape.width)
        return Read(self.backbone.begin(people), at, nothing)

    def keep(
        self, vectors: Tensor, kind: Tensor, at: Tensor, asked: Asked | None = None
    ) -> tuple[Tensor, Read]:
        """States (P, width) of histories of one length: vectors (P, L, width), the rest (P, L)."""
        done = vectors + self.kinds(kind)
        if self.gaps is not None:
            first = torch.zeros_like(kind[:, :1])
            done = done + self.gaps(torch.cat([first, 1 + span_step(at.diff(dim=1))], dim=1))
        found, kept = self.backbone.keep(done, at)
        read = Read(kept, at[:, -1], found)
        return self.states_for(read, asked), read

    def extend(
        self, vectors: Tensor, kind: Tensor, at: Tensor, read: Read, asked: Asked | None = None
    ) -> tuple[Tensor, Read]:
        """States (P, width) after one more event of each: vectors (P, width), the rest (P,).

        Raises:
            ValueError: the histories are as long as the backbone reads.
        """
        done = vectors + self.kinds(kind)
        if self.gaps is not None:
            gap = 1 + span_step(at - read.at)
            done = done + self.gaps(gap if read.kept.events else torch.zeros_like(gap))
        found, kept = self.backbone.extend(done, at, read.kept)
        read = Read(kept, at, found)
        return self.states_for(read, asked), read

    def states_for(self, read: Read, asked: Asked | None = None) -> Tensor:
        """States (P, width) of histories that were read, for what is asked now."""
        return self._asked(read.state, read.at, asked)

    def _asked(self, states: Tensor, at: Tensor, asked: Asked | None) -> Tensor:
        if self.context is None:
            return states
        found: Tensor = self.context(states, at, asked)
        return found
