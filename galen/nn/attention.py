"""Attention of a candidate to a history, and of a sequence to itself."""

import torch
from torch import Tensor, nn

from galen.nn.dense import Dice, linear
from galen.nn.dropout import Dropout


class TargetAttention(nn.Module):
    """A weight for each event from [event, target, difference, product], then their weighted sum.

    Zhou et al., "Deep Interest Network for Click-Through Rate Prediction", KDD 2018. The weights
    are no softmax, so that a strong interest stays strong.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.first, self.dice, self.out = linear(4 * width, hidden), Dice(hidden), linear(hidden, 1)

    def weights(self, events: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """(B, L): 0 where there is no event."""
        # The layer over [e, t, e - t, e · t], without the four times wider input.
        of_event, of_target, of_difference, of_product = self.first.weight.chunk(4, dim=1)
        hidden = nn.functional.linear(events, of_event + of_difference, self.first.bias)
        hidden = hidden + nn.functional.linear(target, of_target - of_difference)[:, None]
        hidden = hidden + nn.functional.linear(events * target[:, None], of_product)
        found: Tensor = self.out(self.dice(hidden))[..., 0]
        return found * mask

    def forward(self, events: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """events (B, L, width), target (B, width), mask (B, L) -> (B, width)."""
        weights = self.weights(events, target, mask)
        return torch.einsum("bl,blw->bw", weights.to(events.dtype), events)


class SelfAttention(nn.Module):
    """A pre-norm transformer layer over events that are there.

    Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.network_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries, self.values = linear(width, width), linear(width, width)
        # An offset of keys would be the same for all of them and could not be learned.
        self.keys, self.out = linear(width, width, bias=False), linear(width, width)
        self.network = nn.Sequential(
            linear(width, 4 * width), nn.GELU(), Dropout(dropout), linear(4 * width, width)
        )
        self.dropout = Dropout(dropout)

    def forward(self, events: Tensor, mask: Tensor) -> Tensor:
        """events (B, L, width), mask (B, L); a row needs one event at least."""
        rows, length, width = events.shape
        shape = rows, length, self.heads, width // self.heads
        normed = self.norm(events)
        query, key, value = (
            part(normed).view(shape).transpose(1, 2)
            for part in (self.queries, self.keys, self.values)
        )
        attended = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask[:, None, None]
        )
        events = events + self.dropout(self.out(attended.transpose(1, 2).reshape(events.shape)))
        found: Tensor = events + self.dropout(self.network(self.network_norm(events)))
        return found


def block_attention(
    query: Tensor, keys: Tensor, values: Tensor, mask: Tensor, row: Tensor, block: int
) -> Tensor:
    """Softmax attention of one query a row, in memory of a block of events.

    query (B, width), keys and values (R, L, width), mask (R, L), row (B,) of them -> (B, width);
    zero for a row without events. A running maximum and sum make blocks add up exactly (Milakov
    and Gimelshein, "Online normalizer calculation for softmax", 2018).
    """
    rows, (_, length, width) = len(query), values.shape
    most = query.new_full((rows, 1), -1e30, dtype=torch.float32)
    total = torch.zeros_like(most)
    summed = query.new_zeros((rows, width), dtype=torch.float32)
    for start in range(0, length, block):
        part = slice(start, start + block)
        there = mask[:, part][row]
        scores = torch.einsum("bw,blw->bl", query, keys[:, part][row]).float() * width**-0.5
        scores = scores.masked_fill(~there, -1e30)
        higher = torch.maximum(most, scores.amax(1, keepdim=True))
        weights = torch.exp(scores - higher) * there
        shrink = torch.exp(most - higher)
        total = total * shrink + weights.sum(1, keepdim=True)
        summed = summed * shrink + torch.einsum("bl,blw->bw", weights, values[:, part][row].float())
        most = higher
    return summed / total.clamp_min(1e-30)
