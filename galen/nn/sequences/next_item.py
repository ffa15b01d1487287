"""A network that learns, at every place of a history, which item comes next."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from galen.nn import cosines
from galen.nn.learning.distributed import dealt
from galen.nn.learning.sequence_losses import Kind, softmax_in_chunks, token_loss, without_wanted
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.item_tower import ItemTower
from galen.nn.sequences.packed_events import Events
from galen.nn.sequences.reader import Reader


class NextInputs(NamedTuple):
    """Histories as the network reads them, and what it is to tell from what."""

    events: Events
    wanted: Tensor  # (T,) the item that came after each event
    done: Tensor  # (T,) what was done with it
    negative: Tensor  # (N,) items drawn for all of them
    drawn: Tensor  # (items,) log of how often each is expected among the N, for the correction

    def to(self, device: torch.device) -> "NextInputs":
        """The same histories and items on a device."""
        events, *parts = self
        return NextInputs(events.to(device), *(part.to(device) for part in parts))


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
        whole = len(inputs.events.layout.offsets) - 1
        histories, weight = dealt(whole, self.weight, rank, count)
        events, rows = inputs.events.of(histories)
        mine = inputs._replace(events=events, wanted=inputs.wanted[rows], done=inputs.done[rows])
        return NextLesson(mine, weight[rows])


@dataclass(frozen=True, slots=True)
class Objective:
    """Which loss, beside how many others, and how scores are made of states and vectors."""

    loss: Kind = "sampled"
    temperature: float = 0.0  # of cosines; 0 scores by inner products
    correct: bool = False  # take log q off scores, where negatives are not drawn alike
    calibration: float = 0.75  # of gBCE
    purchase_weight: float = 0.0  # of the loss of whether what came next was bought
    chunk: int = 256  # events of which scores over the whole catalogue are held
    products: torch.dtype | None = None  # in which those are made; as the network where not given


class NextItem(nn.Module):
    """(T,) losses of histories; `read` gives their states.

    With `buying`, its loss is added, times the objective's `purchase_weight`.
    """

    def __init__(
        self, tower: ItemTower, reader: Reader, objective: Objective, buying: Buying | None = None
    ) -> None:
        super().__init__()
        self.tower, self.reader, self.objective, self.buying = tower, reader, objective, buying
        # What nobody took is not drawn, so negatives are a share of the others alone.
        self.others = max(int(tower.learned.sum()) - 1, 1)

    def forward(self, inputs: NextInputs) -> Tensor:
        events, settings = inputs.events, self.objective
        if settings.loss == "softmax":
            table = self.tower.whole()
            states = self.reader(table.index_select(0, events.item), events)
            wanted = table.index_select(0, inputs.wanted)
            asked = self.asked(states)
            answers, how = self.answers(table), (settings.chunk, settings.products)
            losses = softmax_in_chunks(asked, inputs.wanted, answers, *how)
        else:
            states = self.reader(self.tower(events.item), events)
            wanted = self.tower(inputs.wanted)
            losses = self._sampled(self.asked(states), wanted, inputs)
        if self.buying is None:
            return losses
        return losses + settings.purchase_weight * self.buying.loss(states, wanted, inputs.done)

    def _sampled(self, asked: Tensor, wanted: Tensor, inputs: NextInputs) -> Tensor:
        settings = self.objective
        positive = (asked * self.answers(wanted)).sum(1)
        others = self.answers(self.tower(inputs.negative)).T
        if settings.correct:
            positive = positive - inputs.drawn[inputs.wanted]
            negative = torch.addmm(-inputs.drawn[inputs.negative], asked, others)
        else:
            negative = asked @ others
        negative = without_wanted(negative.float(), inputs.wanted, inputs.negative)
        share = min(len(inputs.negative) / self.others, 1.0)
        return token_loss(
            settings.loss, positive, negative, share=share, calibration=settings.calibration
        )

    def read(self, events: Events) -> Tensor:
        """(R, width): what the newest event of each history asks of items."""
        states: Tensor = self.reader(self.tower(events.item), events)
        return self.asked(states[events.layout.last])

    def asked(self, states: Tensor) -> Tensor:
        """States as queries; their inner product with `answers` is the score."""
        return cosines.asked(states, self.objective.temperature)

    def answers(self, vectors: Tensor) -> Tensor:
        """Item vectors as what is scored."""
        return cosines.answers(vectors, self.objective.temperature)
