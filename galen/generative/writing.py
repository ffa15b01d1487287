"""From states to the best eligible items: by beam, or over the whole catalogue at once."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from galen.generative.cold import Cold
from galen.generative.decoding import Found, beam, exact_parallel
from galen.generative.dense import Dense
from galen.generative.network import HeadScorer
from galen.generative.trie import Trie
from galen.nn.learning.precision import products_in
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.code_head import CodeHead


@dataclass(frozen=True)
class Writer:
    """Writes items; `mix` is the weight of the dense score beside the log-probability of codes.

    With `buying`, the log-probability that the item is bought, should it come next, is added times
    `purchase_weight`; a beam then orders by all of it what it has found by codes. Where `cold` is
    given, items that nobody took join what is written.
    """

    head: CodeHead
    trie: Trie
    codes: Tensor  # (items, levels), laid out level by level
    items: Tensor  # (items, width)
    width: int  # of the beam
    mix: float = 0.0
    buying: Buying | None = None
    purchase_weight: float = 0.0
    cold: Cold | None = None
    temperature: float = 0.0  # of the dense score
    kind: torch.dtype = torch.float32  # of the head's products

    @cached_property
    def dense(self) -> Dense:
        """What scores the catalogue beside the codes, made when first asked for."""
        return Dense.of(self.items, self.temperature)

    @torch.inference_mode()
    def best(self, states: Tensor, eligible: Tensor, k: int) -> Found:
        """The k best of `eligible` (R, items) for states (R, width), filled with -1 and -inf."""
        dense = torch.log_softmax(self.dense.whole(states), dim=1) if self.mix else None
        if self.cold is None or dense is None:
            return self._written(states, dense, eligible, k)
        written = self._written(states, dense, eligible, max(self.width, k))
        item = self.cold.best(dense, eligible)
        return self.cold.beside(written, item, self._beside_codes(states, dense, item), k)

    def best_cold(self, states: Tensor, cold: Cold, eligible: Tensor) -> Tensor:
        """(R, n): what the best of cold items have beside a log-probability of codes, or -inf."""
        dense = torch.log_softmax(self.dense.whole(states), dim=1)
        item = cold.best(dense, eligible)
        return self._beside_codes(states, dense, item).masked_fill(item < 0, -torch.inf)

    def _beside_codes(self, states: Tensor, dense: Tensor | None, item: Tensor) -> Tensor:
        """(R, n): what items (R, n) have beside the log-probability of their codes."""
        known = item.clamp_min(0)
        total = torch.zeros(known.shape, device=states.device)
        if dense is not None:
            total += self.mix * dense.gather(1, known)
        if self.buying is not None:
            bought = self.buying.log_probabilities(states, self.items[known])
            total += self.purchase_weight * bought
        return total

    def _written(self, states: Tensor, dense: Tensor | None, eligible: Tensor, k: int) -> Found:
        beside = dense is not None or self.buying is not None
        if self.head.parallel:
            with products_in(self.kind):
                by_level = [self.head.level(level, states) for level in range(self.codes.shape[1])]
            if not beside:
                return exact_parallel(by_level, self.codes, eligible, k=k)
            return self._whole(by_level, states, dense, eligible, k)
        width = max(self.width, k)
        masked = self.trie.masked(eligible)
        with products_in(self.kind):
            head = HeadScorer(self.head)
            found = beam(head, states, masked, width=width, k=width if beside else k)
        return self._reordered(*found, states, dense, k) if beside else found

    def scores(self, states: Tensor, item: Tensor) -> Tensor:
        """(P, m): log-probabilities of items (P, m), but for what all items of a state share."""
        row = torch.arange(len(states), device=item.device).repeat_interleave(item.shape[1])
        flat = item.flatten()
        return self._beside(self._by_codes(states, row, flat), states, row, flat).view(item.shape)

    @torch.inference_mode()
    def scores_of_rows(self, states: Tensor, row: Tensor, item: Tensor) -> Tensor:
        """(N,): scores of items (N,) for states (P, width), of which each is `row` (N,)."""
        total = self._beside(self._by_codes(states, row, item), states, row, item)
        if self.mix:
            total = total - self.mix * torch.logsumexp(self.dense.whole(states), dim=1)[row]
        return total

    def _by_codes(self, states: Tensor, row: Tensor, item: Tensor) -> Tensor:
        """(N,): log-probabilities of codes, and what cold items have in their place."""
        codes = self._log_probability_of_codes(states, row, item)
        return codes if self.cold is None else self.cold.levelled(codes, item)

    def _beside(self, codes: Tensor, states: Tensor, row: Tensor, item: Tensor) -> Tensor:
        """(N,): what codes are given, with the dense score and that of buying beside it."""
        total = codes
        if self.mix:
            total = total + self.mix * self.dense.scores_of_rows(states, row, item)
        if self.buying is not None:
            bought = self.buying.log_probabilities(states[row], self.items[item][:, None])[:, 0]
            total = total + self.purchase_weight * bought
        return total

    def _log_probability_of_codes(self, states: Tensor, row: Tensor, item: Tensor) -> Tensor:
        """(N,): log-probabilities of codes; what items of a state share is computed once."""
        total, hidden = torch.zeros(len(item), device=item.device), states
        last = self.codes.shape[1] - 1
        for level, code in enumerate(self.codes[item].T):
            with products_in(self.kind):
                total += self.head.level(level, hidden)[row, code]
            if level < last and not self.head.parallel:
                size = self.head.sizes[level]
                begun, row = torch.unique(row * size + code, return_inverse=True)
                hidden = self.head.reads(level, hidden[begun // size], begun % size)
        return total

    def _whole(
        self,
        by_level: list[Tensor],
        states: Tensor,
        dense: Tensor | None,
        eligible: Tensor,
        k: int,
    ) -> Found:
        total = torch.zeros(len(states), len(self.items), device=states.device)
        if dense is not None:
            total += self.mix * dense
        if self.buying is not None:
            total += self.purchase_weight * self.buying.whole(states, self.items)
        for level, scores in enumerate(by_level):
            total += scores.index_select(1, self.codes[:, level])
        total = total.masked_fill(~eligible, -torch.inf)
        score, item = torch.topk(total, min(k, total.shape[1]), dim=1)
        return torch.where(score > -torch.inf, item, -1), score

    def _reordered(
        self, item: Tensor, score: Tensor, states: Tensor, dense: Tensor | None, k: int
    ) -> Found:
        """What the beam found (R, width of the beam), in the order of all scores."""
        total = score + self._beside_codes(states, dense, item)
        total = torch.where(item >= 0, total, -torch.inf)
        best, place = torch.topk(total, min(k, total.shape[1]), dim=1)
        return item.gather(1, place), best
