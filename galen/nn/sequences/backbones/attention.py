"""Softmax self-attention over packed events, as SASRec and LiGR use it.

Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018, with the norm before each
part; Borisyuk et al., "LiGR: From Features to Transformers", 2025, for the gated residuals.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.dense import linear
from galen.nn.dropout import Dropout
from galen.nn.sequences.jagged import Layout, padded, unpadded, with_filler


class CausalAttention(nn.Module):
    """Each event sees itself and the events before it.

    In training a share of events is overlooked by all that follow. It regularises as much as
    dropout of attention's weights, with which PyTorch leaves its fast kernel on a CPU.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.project = linear(width, 3 * width, bias=False)
        self.out = linear(width, width, bias=False)
        self.overlook = Dropout(dropout, whole=1)

    def forward(self, events: Tensor, layout: Layout) -> Tensor:
        """(T, width) of (T, width)."""
        query, key, value = self.project(events).chunk(3, dim=1)
        value = self.overlook(value.view(len(value), self.heads, -1)).flatten(1)
        whole = with_filler(torch.cat([query, key, value], dim=1))
        parts = []
        for block in layout.blocks:
            table = padded(whole, block)  # (b, L, 3 · width); empty places stand last, unseen
            heads = table.view(*table.shape[:2], 3, self.heads, -1)
            query, key, value = heads.permute(2, 0, 3, 1, 4)
            found = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            parts.append(found.transpose(1, 2).flatten(2))
        attended: Tensor = self.out(unpadded(parts, layout))
        return attended

    def begin(self, people: int) -> tuple[Tensor, ...]:
        """No keys, no values."""
        weight = self.out.weight
        none = weight.new_zeros(people, self.heads, 0, weight.shape[0] // self.heads)
        return none, none

    def keep(self, events: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Whole histories (P, L, width) at once, and their keys and values."""
        parts = self.project(events).view(*events.shape[:2], 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(found.transpose(1, 2).flatten(2)), (key, value)

    def extend(self, events: Tensor, kept: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One more event (P, width) of each history."""
        parts = self.project(events).view(len(events), 3, self.heads, 1, -1)
        query, key, value = parts.unbind(1)
        keys, values = torch.cat([kept[0], key], dim=2), torch.cat([kept[1], value], dim=2)
        found = functional.scaled_dot_product_attention(query, keys, values)
        return self.out(found.flatten(1)), (keys, values)


class AttentionLayer(nn.Module, ABC):
    """Attention over what came before, then what a kind of layer makes of it."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = CausalAttention(width, heads, dropout)
        self.norm, self.network_norm = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, events: Tensor, at: Tensor, layout: Layout) -> Tensor:
        return self.after(events, self.attention(self.norm(events), layout))

    def begin(self, people: int) -> tuple[Tensor, ...]:
        return self.attention.begin(people)

    def keep(self, events: Tensor, at: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        attended, kept = self.attention.keep(self.norm(events))
        return self.after(events, attended), kept

    def extend(
        self, events: Tensor, at: Tensor, place: int, kept: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        attended, longer = self.attention.extend(self.norm(events), kept)
        return self.after(events, attended), longer

    @abstractmethod
    def after(self, events: Tensor, attended: Tensor) -> Tensor:
        """(T, width): what goes on, of what came in and what attention found (T, width)."""


class SasRecLayer(AttentionLayer):
    """Attention, then a network of each event alone; both are added to what came in."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__(width, heads, dropout)
        self.network = nn.Sequential(
            linear(width, 4 * width), nn.GELU(), Dropout(dropout), linear(4 * width, width)
        )
        self.dropout = Dropout(dropout)

    def after(self, events: Tensor, attended: Tensor) -> Tensor:
        events = events + self.dropout(attended)
        found: Tensor = events + self.dropout(self.network(self.network_norm(events)))
        return found


class LigrLayer(AttentionLayer):
    """As SasRecLayer, with SwiGLU, and each part let in by a gate that reads what came in."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__(width, heads, dropout)
        self.gate, self.network_gate = linear(width, width), linear(width, width)
        inner = 8 * width // 3 // 8 * 8
        self.up, self.down = linear(width, 2 * inner, bias=False), linear(inner, width, bias=False)
        self.dropout = Dropout(dropout)

    def after(self, events: Tensor, attended: Tensor) -> Tensor:
        events = events + torch.sigmoid(self.gate(events)) * self.dropout(attended)
        left, right = self.up(self.network_norm(events)).chunk(2, dim=-1)
        wide = self.down(functional.silu(left) * right)
        found: Tensor = events + torch.sigmoid(self.network_gate(events)) * self.dropout(wide)
        return found
