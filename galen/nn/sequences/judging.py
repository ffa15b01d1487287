"""How well a network that reads histories tells the item that each person took next."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from galen.data.arrays import Ints
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
    """NDCG@10 of what was held out among all items not taken before, and its log-loss."""

    held_out: HeldOut
    length: int  # newest events that are read

    def __call__(self, network: nn.Module) -> dict[str, float]:
        assert isinstance(network, NextItem)
        network.eval()
        before, gains, losses = self.held_out.before, list[Tensor](), list[Tensor]()
        read, device = before.newest(self.length), next(network.parameters()).device
        with torch.inference_mode():
            answers = network.answers(network.tower.whole()).T
            for start in range(0, len(self.held_out.wanted), 512):
                people = np.arange(start, min(start + 512, len(self.held_out.wanted)))
                states = network.read(self.held_out.events(read, people).to(device))
                scores = (states @ answers).double()
                wanted = torch.from_numpy(self.held_out.wanted[people]).to(device)
                losses.append(nn.functional.cross_entropy(scores, wanted, reduction="none"))
                target = scores.gather(1, wanted[:, None])
                seen = before.of(people)
                row = np.repeat(np.arange(len(people)), np.diff(seen.offsets))
                taken = torch.from_numpy(row).to(device), torch.from_numpy(seen.item).to(device)
                scores[taken] = -torch.inf
                scores.scatter_(1, wanted[:, None], -torch.inf)
                rank = (~(scores < target)).sum(1)  # ties, and what is no number, are its loss
                gains.append(gain_of(rank))
        return {"ndcg": float(torch.cat(gains).mean()), "loss": float(torch.cat(losses).mean())}


def gain_of(rank: Tensor) -> Tensor:
    """NDCG@10 of one wanted item at each place (0 first)."""
    return torch.where(rank < 10, 1 / torch.log2(rank + 2.0), 0.0)
