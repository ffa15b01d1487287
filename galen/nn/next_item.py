"""A network that learns, at every place of a history, which item comes next."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.backbones.backbone import Backbone
from galen.nn.item_tower import ItemTower
from galen.nn.jagged import Layout, layout_of
from galen.nn.sequence_losses import Kind, softmax_in_chunks, token_loss


class Events(NamedTuple):
    """The histories of a mini-batch, packed."""

    item: Tensor  # (T,) int64
    kind: Tensor  # (T,) int64, what was done
    at: Tensor  # (T,) float64 seconds; all 0 where only the order is known
    layout: Layout

    def to(self, device: torch.device) -> "Events":
        layout = self.layout.to(device)
        return Events(self.item.to(device), self.kind.to(device), self.at.to(device), layout)

    def of(self, histories: Tensor) -> tuple["Events", Tensor]:
        """Some of the histories, and (events,) the rows that are theirs."""
        offsets = self.layout.offsets
        lengths = (offsets[1:] - offsets[:-1])[histories]
        layout = layout_of(lengths)
        rows = torch.repeat_interleave(offsets[histories], lengths) + layout.place
        return Events(self.item[rows], self.kind[rows], self.at[rows], layout), rows


class NextInputs(NamedTuple):
    events: Events
    wanted: Tensor  # (T,) the item that came after each event
    negative: Tensor  # (N,) items drawn for all of them
    drawn: Tensor  # (items,) log of how often each is expected among the N, for the correction

    def to(self, device: torch.device) -> "NextInputs":
        parts = (self.wanted.to(device), self.negative.to(device), self.drawn.to(device))
        return NextInputs(self.events.to(device), *parts)


class NextLesson(NamedTuple):
    """One mini-batch of histories to learn from."""

    inputs: NextInputs
    weight: Tensor  # (T,)

    @property
    def labels(self) -> Tensor:
        return self.inputs.wanted

    def to(self, device: torch.device) -> "NextLesson":
        return NextLesson(self.inputs.to(device), self.weight.to(device))

    def share(self, rank: int, count: int) -> "NextLesson":
        """Every `count`-th history; a process that would get none has one of no weight."""
        if count == 1:
            return self
        inputs = self.inputs
        histories = torch.arange(len(inputs.events.layout.offsets) - 1)[rank::count]
        weight = self.weight
        if not len(histories):
            histories, weight = torch.zeros(1, dtype=torch.int64), torch.zeros_like(weight)
        events, rows = inputs.events.of(histories)
        mine = inputs._replace(events=events, wanted=inputs.wanted[rows])
        return NextLesson(mine, weight[rows])


class Reader(nn.Module):
    """Reads events, given the vectors of their items: states (T, width)."""

    def __init__(self, backbone: Backbone, kinds: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.kinds = nn.Embedding(kinds, backbone.shape.width)
        nn.init.zeros_(self.kinds.weight)

    def forward(self, vectors: Tensor, events: Events) -> Tensor:
        """(T, width) of item vectors (T, width)."""
        done = vectors + self.kinds(events.kind)
        found: Tensor = self.backbone(done, events.at, events.layout)
        return found


@dataclass(frozen=True, slots=True)
class Objective:
    """Which loss, beside how many others, and how scores are made of states and vectors."""

    loss: Kind = "sampled"
    temperature: float = 0.0  # of cosines; 0 scores by inner products
    correct: bool = False  # take log q off scores, where negatives are not drawn alike
    calibration: float = 0.75  # of gBCE
    chunk: int = 1024  # events of which scores over the whole catalogue are held


class NextItem(nn.Module):
    """(T,) losses of histories; `read` gives their states."""

    def __init__(self, tower: ItemTower, reader: Reader, objective: Objective) -> None:
        super().__init__()
        self.tower, self.reader, self.objective = tower, reader, objective

    def forward(self, inputs: NextInputs) -> Tensor:
        events, settings = inputs.events, self.objective
        if settings.loss == "softmax":
            table = self.tower.whole()
            states = self.asked(self.reader(table.index_select(0, events.item), events))
            return softmax_in_chunks(states, inputs.wanted, self.answers(table), settings.chunk)
        states = self.asked(self.reader(self.tower(events.item), events))
        positive = (states * self.answers(self.tower(inputs.wanted))).sum(1)
        negative = states @ self.answers(self.tower(inputs.negative)).T
        if settings.correct:
            positive = positive - inputs.drawn[inputs.wanted]
            negative = negative - inputs.drawn[inputs.negative]
        same = inputs.negative == inputs.wanted[:, None]
        negative = negative.float().masked_fill(same, -torch.inf)
        share = len(inputs.negative) / max(self.tower.items - 1, 1)
        return token_loss(
            settings.loss, positive, negative, share=share, calibration=settings.calibration
        )

    def read(self, events: Events) -> Tensor:
        """(R, width): what the newest event of each history asks of items."""
        states: Tensor = self.reader(self.tower(events.item), events)
        return self.asked(states[events.layout.last])

    def asked(self, states: Tensor) -> Tensor:
        """States as queries; their inner product with `answers` is the score."""
        if not self.objective.temperature:
            return states
        return functional.normalize(states, dim=-1) / self.objective.temperature

    def answers(self, vectors: Tensor) -> Tensor:
        """Item vectors as what is scored."""
        return functional.normalize(vectors, dim=-1) if self.objective.temperature else vectors
