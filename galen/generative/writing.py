"""From states to the best eligible items: by beam, or over the whole catalogue at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from galen.generative.decoding import Found, beam, exact_parallel
from galen.generative.network import HeadScorer
from galen.generative.trie import Trie
from galen.nn.code_head import CodeHead


@dataclass(frozen=True)
class Writer:
    """Writes items; `mix` is the weight of the dense score beside the log-probability of codes."""

    head: CodeHead
    trie: Trie
    codes: Tensor  # (items, levels), laid out level by level
    items: Tensor  # (items, width)
    width: int  # of the beam
    mix: float = 0.0

    @torch.inference_mode()
    def best(self, states: Tensor, eligible: Tensor, k: int) -> Found:
        """The k best of `eligible` (R, items) for states (R, width), filled with -1 and -inf."""
        if self.head.parallel:
            told = [self.head.level(level, states) for level in range(self.codes.shape[1])]
            if not self.mix:
                return exact_parallel(told, self.codes, eligible, k=k)
            return self._whole(told, states, eligible, k)
        width = max(self.width, k)
        masked = self.trie.masked(eligible)
        found = beam(HeadScorer(self.head), states, masked, width=width, k=width if self.mix else k)
        return self._mixed(*found, states, k) if self.mix else found

    def _whole(self, told: list[Tensor], states: Tensor, eligible: Tensor, k: int) -> Found:
        total = self.mix * torch.log_softmax(states @ self.items.T, dim=1)
        for level, scores in enumerate(told):
            total += scores.index_select(1, self.codes[:, level])
        total = total.masked_fill(~eligible, -torch.inf)
        score, item = torch.topk(total, min(k, total.shape[1]), dim=1)
        return torch.where(score > -torch.inf, item, -1), score

    def _mixed(self, item: Tensor, score: Tensor, states: Tensor, k: int) -> Found:
        """What the beam found, in the order of both scores."""
        vectors = self.items[item.clamp_min(0)]  # (R, width of the beam, d)
        dense = torch.einsum("rd,rkd->rk", states, vectors)
        whole = torch.logsumexp(states @ self.items.T, dim=1, keepdim=True)
        both = torch.where(item >= 0, score + self.mix * (dense - whole), -torch.inf)
        best, place = torch.topk(both, min(k, both.shape[1]), dim=1)
        return item.gather(1, place), best
