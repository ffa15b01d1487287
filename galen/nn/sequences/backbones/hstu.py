"""HSTU over packed events: attention without a softmax, biased by place and by time, gated.

Zhai et al., "Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for
Generative Recommendations", ICML 2024.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from galen.nn.dense import linear
from galen.nn.dropout import Dropout
from galen.nn.sequences.backbones.backbone import Attention
from galen.nn.sequences.jagged import Layout, padded, unpadded, with_filler
from galen.nn.sequences.moments import SPANS, span_step

BLOCK: Final = 256
"""Events whose scores are held at once; a longer history is read block by block."""


class HstuLayer(nn.Module):
    """silu(Q Kᵀ + bias) V over the events seen so far, times a gate."""

    def __init__(
        self, width: int, heads: int, dropout: float, length: int, attention: Attention = "blocks"
    ) -> None:
        super().__init__()
        self.heads, self.each, self.length = heads, width // heads, length
        self.fused = attention == "fused"
        self.norm, self.attended_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project = linear(width, 4 * width)
        self.by_place = nn.Parameter(torch.zeros(length + 1, heads))  # events back
        self.by_span = nn.Parameter(torch.zeros(SPANS, heads))
        self.out = linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, events: Tensor, at: Tensor, layout: Layout) -> Tensor:
        gate, rest = self._projected(events)
        if self.fused and events.is_cuda:
            return self._after(events, self._at_once(rest, at, layout), gate)
        whole, moments = with_filler(rest), with_filler(at)
        parts = []
        for block in layout.blocks:
            table = padded(whole, block).view(*block.rows.shape, 3, self.heads, self.each)
            parts.append(self._attended(table, padded(moments, block)))
        return self._after(events, unpadded(parts, layout), gate)

    def begin(self, people: int) -> tuple[Tensor, ...]:
        """No keys, values or moments."""
        none = self.out.weight.new_zeros(people, self.heads, 0, self.each)
        return none, none, self.out.weight.new_zeros(people, 0, dtype=torch.float64)

    def keep(self, events: Tensor, at: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        gate, rest = self._projected(events)
        table = rest.view(*events.shape[:2], 3, self.heads, self.each)
        _, key, value = table.permute(2, 0, 3, 1, 4)
        kept = (key, value, at.to(torch.float64))
        return self._after(events, self._attended(table, at), gate), kept

    def extend(
        self, events: Tensor, at: Tensor, place: int, kept: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        gate, rest = self._projected(events)
        query, key, value = rest.view(len(events), 3, self.heads, 1, self.each).unbind(1)
        keys, values = torch.cat([kept[0], key], dim=2), torch.cat([kept[1], value], dim=2)
        moments = torch.cat([kept[2], at[:, None].to(torch.float64)], dim=1)
        back = torch.arange(place, -1, -1, device=events.device)[None]
        bias = self._bias(back, (at[:, None] - moments)[:, None])
        scores = query @ keys.transpose(2, 3) * self.each**-0.5 + bias
        weights = functional.silu(scores) / (place + 1)
        attended = (weights.to(values.dtype) @ values).flatten(1)
        return self._after(events, attended, gate), (keys, values, moments)

    def _at_once(self, rest: Tensor, at: Tensor, layout: Layout) -> Tensor:
        """(T, width) of queries, keys and values (T, 3 · width), in one kernel for all."""
        from galen.nn.sequences.backbones.hstu_fused import Biased, fused_attention

        query, key, value = rest.view(len(rest), 3, self.heads, self.each).unbind(1)
        biased = Biased(self.by_place, self.by_span, at, layout.offsets)
        return fused_attention(query, key, value, biased).flatten(1)

    def _attended(self, table: Tensor, moment: Tensor) -> Tensor:
        """(b, L, width) of queries, keys and values (b, L, 3, heads, each) at moments (b, L)."""
        length = table.shape[1]
        if length <= BLOCK:
            return self._block(table, moment, 0)
        parts = []
        for start in range(0, length, BLOCK):
            seen = table[:, : start + BLOCK], moment[:, : start + BLOCK], start
            if torch.is_grad_enabled():  # scores of one block at a time, made again on the way back
                parts.append(checkpoint(self._block, *seen, use_reentrant=False))
            else:
                parts.append(self._block(*seen))
        return torch.cat(parts, dim=1)

    def _block(self, table: Tensor, moment: Tensor, start: int) -> Tensor:
        """(b, L - start, width): what events from `start` on find among themselves and before."""
        query, key, value = table.permute(2, 0, 3, 1, 4)  # (b, heads, L, each)
        places = torch.arange(table.shape[1], device=table.device)
        back = places[start:, None] - places
        bias = self._bias(back.clamp_min(0), moment[:, start:, None] - moment[:, None])
        scores = query[:, :, start:] @ key.transpose(2, 3) * self.each**-0.5 + bias
        weights = functional.silu(scores) * (back >= 0) / (places[start:, None] + 1)
        found: Tensor = (weights.to(value.dtype) @ value).transpose(1, 2).flatten(2)
        return found

    def _bias(self, back: Tensor, span: Tensor) -> Tensor:
        """(b, heads, L, L) by events back (L, L) and seconds between (b, L, L)."""
        by_place = self.by_place[back.clamp_max(self.length)]
        by_span = self.by_span[span_step(span)]
        return (by_place + by_span).permute(0, 3, 1, 2)

    def _projected(self, events: Tensor) -> tuple[Tensor, Tensor]:
        """Gate (…, width), and queries, keys and values beside each other (…, 3 · width)."""
        found = functional.silu(self.project(self.norm(events)))
        return found[..., : events.shape[-1]], found[..., events.shape[-1] :]

    def _after(self, events: Tensor, attended: Tensor, gate: Tensor) -> Tensor:
        found: Tensor = events + self.dropout(self.out(self.attended_norm(attended) * gate))
        return found
