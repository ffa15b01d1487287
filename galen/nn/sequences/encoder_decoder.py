"""An encoder that sees all of a sequence, and a decoder that reads what the encoder remembers.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, with the norm before each part.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.dense import linear
from galen.nn.dropout import Dropout
from galen.nn.sequences.backbones.attention import CausalAttention
from galen.nn.sequences.jagged import Layout, one_block, padded, unpadded, with_filler


class EncoderLayer(nn.Module):
    """Each token sees all tokens of its sequence, those that follow it too."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.project = linear(width, 3 * width, bias=False)
        self.out = linear(width, width, bias=False)
        self.rest = _Rest(width, dropout)

    def forward(self, tokens: Tensor, layout: Layout) -> Tensor:
        """(T, width) of (T, width)."""
        whole, parts = with_filler(self.project(self.norm(tokens))), []
        for block in layout.blocks:
            table = padded(whole, block).view(*block.rows.shape, 3, self.heads, -1)
            query, key, value = table.permute(2, 0, 3, 1, 4)  # (b, heads, L, each)
            there = (block.rows < len(tokens))[:, None, None]
            found = functional.scaled_dot_product_attention(query, key, value, there)
            parts.append(found.transpose(1, 2).flatten(2))
        return self.rest.after(tokens, self.out(unpadded(parts, layout)))


@dataclass(frozen=True, slots=True)
class Memory:
    """What the decoder's layers may read of R encoded sequences of at most L tokens."""

    layers: tuple[tuple[Tensor, Tensor], ...]  # keys and values, each (R, heads, L, each)
    there: Tensor  # (R, L) is there a token?


class DecoderLayer(nn.Module):
    """Each token sees what was written before it, then all that was encoded."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.asking_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = CausalAttention(width, heads, dropout)
        self.asks = linear(width, width, bias=False)
        self.remembers = linear(width, 2 * width, bias=False)
        self.out = linear(width, width, bias=False)
        self.rest = _Rest(width, dropout)

    def remembered(self, tokens: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
        """Keys and values (R, heads, L, each) of encoded tokens (T, width)."""
        block = one_block(layout)
        table = padded(with_filler(self.remembers(tokens)), block)
        keys, values = table.view(*block.rows.shape, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        return keys, values

    def forward(
        self,
        written: Tensor,
        layout: Layout,
        memory: tuple[Tensor, Tensor],
        there: Tensor,
        sequence: Tensor,
    ) -> Tensor:
        """(T, width) of written tokens (T, width) of sequences (T,), in ascending order."""
        attended = self.attention(self.norm(written), layout)
        return self._after(written, attended, memory, there, sequence)

    def begin(self, rows: int) -> tuple[Tensor, ...]:
        """What is kept of rows of which nothing is written."""
        return self.attention.begin(rows)

    def extend(
        self,
        written: Tensor,
        memory: tuple[Tensor, Tensor],
        there: Tensor,
        sequence: Tensor,
        kept: tuple[Tensor, ...],
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One more token (rows, width) of each row; rows (rows,) of a sequence stand together."""
        attended, after = self.attention.extend(self.norm(written), kept)
        return self._after(written, attended, memory, there, sequence), after

    def _after(
        self,
        written: Tensor,
        attended: Tensor,
        memory: tuple[Tensor, Tensor],
        there: Tensor,
        sequence: Tensor,
    ) -> Tensor:
        written = written + self.rest.dropout(attended)
        read = self._read(self.asks(self.asking_norm(written)), memory, there, sequence)
        return self.rest.after(written, self.out(read))

    def _read(
        self, queries: Tensor, memory: tuple[Tensor, Tensor], there: Tensor, sequence: Tensor
    ) -> Tensor:
        """(rows, width): what queries (rows, width) find; memory is not copied for each row."""
        rows, width = queries.shape
        count = torch.bincount(sequence, minlength=len(there))
        place = torch.arange(rows, device=queries.device) - (count.cumsum(0) - count)[sequence]
        table = queries.new_zeros(len(there), int(count.max()), width)
        table = table.index_put((sequence, place), queries)
        heads = table.view(*table.shape[:2], self.heads, -1).transpose(1, 2)
        found = functional.scaled_dot_product_attention(heads, *memory, there[:, None, None])
        return found.transpose(1, 2).flatten(2)[sequence, place]


class _Rest(nn.Module):
    """What follows attention in each layer: it is added, and so is a network of each token."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.network = nn.Sequential(
            linear(width, 4 * width), nn.GELU(), Dropout(dropout), linear(4 * width, width)
        )
        self.dropout = Dropout(dropout)

    def after(self, tokens: Tensor, attended: Tensor) -> Tensor:
        tokens = tokens + self.dropout(attended)
        found: Tensor = tokens + self.dropout(self.network(self.norm(tokens)))
        return found
