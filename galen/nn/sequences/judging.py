"""How well a network that reads histories tells the item that each person took next.

A network is judged as its channel will answer, and as an evaluation will count: where a channel
does not `repeat`, no item that was taken before is found, the wanted one neither; where it does,
what was taken before stands beside all others. Items that a channel never finds, as those of which
nothing was learned and nothing is known, stand beside none.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from galen.data.arrays import Bools, Ints
from galen.nn.blocks import blocks
from galen.nn.sequences.context import Asked
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.next_item import NextItem
from galen.nn.sequences.packed_events import Events


@dataclass(frozen=True)
class HeldOut:
    """People whose newest item was kept aside."""

    before: Columns  # what they did before it
    wanted: Ints  # (P,)
    asked: Asked | None = None  # when and where it was taken

    def events(self, read: Columns, people: Ints) -> Events:
        """Some people's histories, of those that are read, as asked for what was held out."""
        asked = None if self.asked is None else self.asked.take(torch.from_numpy(people))
        return read.of(people).events(asked)


@dataclass(frozen=True)
class Judge:
    """NDCG@10 of what was held out, as the channel finds it, and its log-loss."""

    held_out: HeldOut
    length: int  # newest events that are read
    repeat: bool  # may the channel find what was taken before?
    findable: Bools | None = None  # (items,) what the channel can find at all; None is all

    def __call__(self, network: nn.Module) -> dict[str, float]:
        assert isinstance(network, NextItem)
        network.eval()
        read, device = self.held_out.before.newest(self.length), next(network.parameters()).device
        with torch.inference_mode():
            answers = network.answers(network.tower.whole()).T

            def scores(people: Ints) -> Tensor:
                return network.read(self.held_out.events(read, people).to(device)) @ answers

            items, findable = answers.shape[1], self.findable
            return judged(self.held_out, scores, items, repeat=self.repeat, findable=findable)


@torch.inference_mode()
def judged(
    held_out: HeldOut,
    scores: Callable[[Ints], Tensor],
    items: int,
    *,
    repeat: bool,
    findable: Bools | None = None,
) -> dict[str, float]:
    """NDCG@10 and log-loss of what was held out, by `scores` (people, items) of some people.

    Without `repeat`, what people took before cannot be found; what is not `findable` (items,) never
    can, and takes no part of the loss, neither beside others nor where it is wanted.
    """
    gains, losses = list[Tensor](), list[Tensor]()
    hidden = torch.from_numpy(np.flatnonzero(~findable)) if findable is not None else None
    for part in blocks(len(held_out.wanted), items, most=512):
        people = np.arange(part.start, part.stop)
        told = scores(people).double()
        if hidden is not None and len(hidden):
            told.index_fill_(1, hidden.to(told.device), -torch.inf)
        wanted = torch.from_numpy(held_out.wanted[people]).to(told.device)
        loss = nn.functional.cross_entropy(told, wanted, reduction="none")
        losses.append(loss[~torch.isposinf(loss)])
        if not repeat:
            taken = held_out.before.of(people)
            row = np.repeat(np.arange(len(people)), np.diff(taken.offsets))
            gone = torch.from_numpy(row), torch.from_numpy(taken.item)
            told[tuple(part.to(told.device) for part in gone)] = -torch.inf
        gains.append(_gain(told, wanted))
    loss = torch.cat(losses)
    mean = float(loss.mean()) if len(loss) else 0.0
    return {"ndcg": float(torch.cat(gains).mean()), "loss": mean}


def _gain(scores: Tensor, wanted: Tensor) -> Tensor:
    """(P,) NDCG@10 of one wanted item each, by scores (P, items) that are spent."""
    own = scores.gather(1, wanted[:, None])
    scores.scatter_(1, wanted[:, None], -torch.inf)
    rank = (~(scores < own)).sum(1)  # ties, and what is no number, are its loss
    found = (rank < 10) & (own[:, 0] > -torch.inf)
    return torch.where(found, 1 / torch.log2(rank + 2.0), 0.0)
