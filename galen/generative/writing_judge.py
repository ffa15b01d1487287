"""How well a network that writes codes tells what people took next."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from galen.data.arrays import Ints
from galen.generative.answering import BLOCK, allowed_to, ndcg
from galen.generative.cold import Cold, level_of
from galen.generative.decoding import Found
from galen.generative.dense import Dense
from galen.generative.network import NextCodes
from galen.generative.trie import Trie
from galen.generative.writing import Writer
from galen.nn.blocks import blocks
from galen.nn.sequences.judging import HeldOut

MIXES = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Weights of the dense score that are tried on people held out."""

PLACES = 10  # of which cold items take a share


@dataclass(frozen=True)
class WritingJudge:
    """NDCG@10 of what was held out, and the log-loss of its codes."""

    length: int  # newest events that are read
    repeat: bool  # may be written what was taken before?
    kept: HeldOut | None
    beam: int  # of what will be served; epochs are told apart by a narrower one

    def __call__(self, network: nn.Module) -> dict[str, float]:
        assert isinstance(network, NextCodes)
        network.eval()
        assert self.kept is not None
        with torch.inference_mode():
            states, wanted = self._states(network)
            log_probability = network.head(states, network.codes[wanted]).sum(1)
            if network.dense:
                scorer = Dense.of(whole_items(network), network.temperature)
                for part in blocks(len(states), len(network.codes), most=len(states)):
                    dense = torch.log_softmax(scorer.whole(states[part]), 1)
                    log_probability[part] += dense.gather(1, wanted[part, None])[:, 0]
        return {
            "ndcg": self._ndcg(network, float(network.dense)),
            "loss": -float(log_probability.mean()),
        }

    def best_mix(self, network: NextCodes, *, cold: bool) -> float:
        """The weight of the dense score that does best; above 0 where it is to find cold items."""
        if self.kept is None:
            return 1.0
        return max(MIXES[1:] if cold else MIXES, key=lambda mix: self._ndcg(network, mix))

    def repeats(self, network: NextCodes, mix: float) -> bool:
        """Whether people held out are told more where what they took may be written again."""
        if not took_again(self.kept):
            return False
        may, may_not = (replace(self, repeat=again)._ndcg(network, mix) for again in (True, False))
        return may > may_not

    def share_of(self, cold: Ints) -> float:
        """How often people held out took one of these items (C,)."""
        return 0.0 if self.kept is None else float(np.isin(self.kept.wanted, cold).mean())

    def level(self, network: NextCodes, mix: float, cold: Ints, share: float) -> float | None:
        """What cold items (C,) have in the place of codes, so that they take a share of places."""
        if self.kept is None:
            return None
        among = torch.from_numpy(np.isin(np.arange(len(network.codes)), cold))
        joins = Cold(among.to(network.codes.device), PLACES, 0.0)
        with torch.inference_mode():
            return level_of(self._places(network, mix, joins), share)

    def _places(
        self, network: NextCodes, mix: float, cold: Cold
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Of some people after the others, scores of the best known items and of cold ones."""
        assert self.kept is not None
        states, _ = self._states(network)
        writer = replace(
            self._writer(network, mix),
            width=self.beam,
            buying=network.buying,
            purchase_weight=network.purchase_weight,
        )
        items = len(network.codes)
        for part in blocks(len(states), items, most=BLOCK):
            eligible = allowed_to(self.kept, part, items, repeat=self.repeat).to(states.device)
            _, written = writer.best(states[part], eligible & ~cold.among, PLACES)
            yield written, writer.best_cold(states[part], cold, eligible)

    def _states(self, network: NextCodes) -> tuple[Tensor, Tensor]:
        assert self.kept is not None
        read = self.kept.before.newest(self.length)
        events = self.kept.events(read, np.arange(len(self.kept.wanted)))
        device = network.codes.device
        return network.read(events.to(device)), torch.from_numpy(self.kept.wanted).to(device)

    def _ndcg(self, network: NextCodes, mix: float) -> float:
        assert self.kept is not None
        with torch.inference_mode():
            states, _ = self._states(network)
        writer = self._writer(network, mix)

        def write(part: slice, mask: Tensor, k: int) -> Found:
            return writer.best(states[part], mask.to(states.device), k)

        return ndcg(write, self.kept, len(network.codes), repeat=self.repeat)

    def _writer(self, network: NextCodes, mix: float) -> Writer:
        """What is told apart is what comes next, whether or not it is bought."""
        codes, items = network.codes, whole_items(network)
        trie = Trie.of(codes.cpu().numpy(), network.head.sizes).to(codes.device)
        heat = network.temperature
        return Writer(network.head, trie, codes, items, 20, mix, temperature=heat)


def took_again(kept: HeldOut | None) -> bool:
    """Whether anybody held out took next what they had taken before."""
    if kept is None:
        return False
    person = np.repeat(np.arange(len(kept.wanted)), np.diff(kept.before.offsets))
    return bool((kept.before.item == kept.wanted[person]).any())


def whole_items(network: NextCodes) -> Tensor:
    """(items, width): vectors of the whole catalogue, without gradients."""
    with torch.inference_mode():
        return network.tower.whole()
