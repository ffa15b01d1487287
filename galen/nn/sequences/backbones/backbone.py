"""The contract of a sequence backbone, and what all of them begin and end with.

A backbone is a stack of layers over packed events. A layer has three ways in: `forward` reads whole
histories at once, `keep` does so for histories of one length and keeps what it knows of them, and
`extend` reads events that follow what was kept. All give the same states.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from galen.nn.dropout import Dropout
from galen.nn.sequences.jagged import Layout

Kind = Literal["sasrec", "ligr", "hstu", "gru4rec"]
Attention = Literal["blocks", "fused"]  # of HSTU while it learns: PyTorch's, or a GPU's own kernel


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a backbone."""

    kind: Kind = "ligr"
    width: int = 64
    layers: int = 2
    heads: int = 1
    dropout: float = 0.2
    length: int = 50  # newest events of a history that are read
    attention: Attention = "blocks"


class Layer(Protocol):
    """One layer over packed events."""

    def __call__(self, events: Tensor, at: Tensor, layout: Layout) -> Tensor:
        """(T, width) of events (T, width) at moments (T,), each seeing itself and those before."""
        ...

    def begin(self, people: int) -> tuple[Tensor, ...]:
        """What is kept of histories without an event."""
        ...

    def keep(self, events: Tensor, at: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(P, L, width) of events (P, L, width) at moments (P, L), and what is kept of them."""
        ...

    def extend(
        self, events: Tensor, at: Tensor, place: int, kept: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One more event (P, width) at moments (P,) of P histories of `place` events each."""
        ...


@dataclass(frozen=True)
class Kept:
    """What a backbone keeps of P histories of one length, so that an event costs one step."""

    layers: tuple[tuple[Tensor, ...], ...]
    events: int


class Backbone(nn.Module):
    """Places, layers, and a last norm: (T, width) states of (T, width) events."""

    def __init__(self, shape: Shape, layers: list[nn.Module], *, places: bool) -> None:
        super().__init__()
        self.shape = shape
        self.layers = nn.ModuleList(layers)
        self.places = nn.Parameter(torch.empty(shape.length, shape.width)) if places else None
        if self.places is not None:
            nn.init.normal_(self.places, std=0.02)
        self.dropout = Dropout(shape.dropout)
        self.norm = nn.LayerNorm(shape.width)

    def forward(self, events: Tensor, at: Tensor, layout: Layout) -> Tensor:
        """events (T, width), at (T,) float64 moments in seconds -> states (T, width)."""
        if self.places is not None:
            events = events + self.places.index_select(0, layout.place)
        events = self.dropout(events)
        for layer in self.layers:
            events = layer(events, at, layout)
        found: Tensor = self.norm(events)
        return found

    def begin(self, people: int) -> Kept:
        """Of histories that have no event yet."""
        return Kept(tuple(layer.begin(people) for layer in self._steps()), 0)

    def keep(self, events: Tensor, at: Tensor) -> tuple[Tensor, Kept]:
        """States (P, width) after events (P, L, width) at moments (P, L), and what is kept."""
        if self.places is not None:
            events = events + self.places[: events.shape[1]]
        layers = []
        for layer in self._steps():
            events, own = layer.keep(events, at)
            layers.append(own)
        return self.norm(events[:, -1]), Kept(tuple(layers), events.shape[1])

    def extend(self, events: Tensor, at: Tensor, kept: Kept) -> tuple[Tensor, Kept]:
        """States (P, width) after one more event each, without reading those before again.

        Raises:
            ValueError: the histories are as long as the backbone reads; begin anew from their
                newest events.
        """
        if kept.events >= self.shape.length:
            raise ValueError(
                f"a history of {kept.events} events is full; begin anew from its newest ones."
            )
        if self.places is not None:
            events = events + self.places[kept.events]
        after = []
        for layer, own in zip(self._steps(), kept.layers, strict=True):
            events, fresh = layer.extend(events, at, kept.events, own)
            after.append(fresh)
        return self.norm(events), Kept(tuple(after), kept.events + 1)

    def _steps(self) -> list[Layer]:
        return list(self.layers)  # type: ignore[arg-type]
