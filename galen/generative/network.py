"""A decoder that reads a history of items and writes the next item's codes.

One event is one item, the sum of its codes' vectors, so that a history of n items costs n places
and not n times the levels; codes are written by a small head, level after level. After Rajput et
al., TIGER, NeurIPS 2023 (codes), Zhai et al., HSTU, ICML 2024 (one causal decoder over histories),
and Yang et al., "Unifying Generative and Dense Retrieval" (LIGER), 2024 (the dense score beside).
"""

from dataclasses import dataclass

from torch import Tensor, nn

from galen.nn.cosines import answers, asked
from galen.nn.learning.sequence_losses import token_loss, without_wanted
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.code_head import CodeHead
from galen.nn.sequences.item_tower import ItemTower
from galen.nn.sequences.next_item import NextInputs
from galen.nn.sequences.packed_events import Events
from galen.nn.sequences.reader import Reader


class NextCodes(nn.Module):
    """(T,) losses of histories: minus the log-probability of the next item's codes.

    With `dense`, a softmax over drawn items by inner products of states and item vectors is added;
    with `buying`, its loss times `purchase_weight`.
    """

    def __init__(
        self,
        tower: ItemTower,
        reader: Reader,
        head: CodeHead,
        codes: Tensor,
        *,
        dense: bool,
        temperature: float = 0.0,
        buying: Buying | None = None,
        purchase_weight: float = 0.0,
    ) -> None:
        super().__init__()
        self.tower, self.reader, self.head, self.dense = tower, reader, head, dense
        self.temperature = temperature
        self.buying, self.purchase_weight = buying, purchase_weight
        self.codes: Tensor
        self.register_buffer("codes", codes)  # (items, levels)

    def forward(self, inputs: NextInputs) -> Tensor:
        events = inputs.events
        states = self.reader(self.tower(events.item), events)
        losses: Tensor = -self.head(states, self.codes.index_select(0, inputs.wanted)).sum(1)
        if not self.dense and self.buying is None:
            return losses
        wanted = self.tower(inputs.wanted)
        if self.dense:
            losses = losses + self._dense(states, wanted, inputs)
        if self.buying is not None:
            loss = self.buying.loss(states, wanted, inputs.done)
            losses = losses + self.purchase_weight * loss
        return losses

    def _dense(self, states: Tensor, wanted: Tensor, inputs: NextInputs) -> Tensor:
        queries = asked(states, self.temperature)
        positive = (queries * answers(wanted, self.temperature)).sum(1)
        others = answers(self.tower(inputs.negative), self.temperature)
        negative = (queries @ others.T).float()
        negative = without_wanted(negative, inputs.wanted, inputs.negative)
        return token_loss("sampled", positive, negative)

    def read(self, events: Events) -> Tensor:
        """(R, width): the state after each history's newest event."""
        states: Tensor = self.reader(self.tower(events.item), events)
        return states.index_select(0, events.layout.last)


@dataclass(frozen=True, slots=True)
class Written:
    """Rows of unfinished ids: the state of the history with what was written added."""

    hidden: Tensor  # (rows, width)

    def __len__(self) -> int:
        return len(self.hidden)

    def take(self, rows: Tensor) -> "Written":
        return Written(self.hidden.index_select(0, rows))


@dataclass(frozen=True, slots=True)
class HeadScorer:
    """A head as the decoder asks it; the context is (requests, width) states."""

    head: CodeHead

    def start(self, context: Tensor) -> Written:
        return Written(context)

    def step(self, state: Written, level: int, codes: Tensor) -> tuple[Tensor, Written]:
        hidden = state.hidden
        if level:
            hidden = self.head.reads(level - 1, hidden, codes[:, -1])
        return self.head.level(level, hidden), Written(hidden)
