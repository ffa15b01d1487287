"""The layer of HSTU: attention without a softmax, gated, with a bias for how far back an event is.

Zhai et al., "Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for
Generative Recommendations", ICML 2024.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from galen.nn.dense import linear
from galen.nn.dropout import Dropout


class KeptHistory(NamedTuple):
    """What a layer keeps of a history, so that candidates need not read it again."""

    keys: Tensor  # (R, L, heads, width)
    values: Tensor  # (R, L, heads, width)


class CandidateHstuLayer(nn.Module):
    """silu(Q Kᵀ + bias) V, divided by how many events were seen, times a gate."""

    def __init__(self, width: int, heads: int, length: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.each = heads, width // heads
        self.norm = nn.LayerNorm(width)
        self.project = linear(width, 4 * width)
        self.bias = nn.Parameter(torch.zeros(heads, length + 1))  # by events back
        self.attended_norm = nn.LayerNorm(width)
        self.out = linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(
        self, events: Tensor, rows: Tensor, row: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Histories (R, L, width) and candidates (B, width) after the layer."""
        after, kept = self.history(events, mask)
        return after, self.candidates(rows, kept, row, mask)

    def history(self, events: Tensor, mask: Tensor) -> tuple[Tensor, KeptHistory]:
        """Events (R, L, width) after the layer; each sees itself and those before it."""
        gate, value, query, key = self._projected(events)
        places = torch.arange(events.shape[1], device=events.device)
        back = places[:, None] - places
        sees = (back >= 0) & mask[:, None]  # (R, L, L)
        bias = self.bias[:, back.clamp(0, self.bias.shape[1] - 1)]
        scores = torch.einsum("rihw,rjhw->rhij", query, key) * self.each**-0.5 + bias
        weights = nn.functional.silu(scores) * sees[:, None]
        seen = sees.sum(2).clamp_min(1)[:, None, :, None]
        attended = torch.einsum("rhij,rjhw->rihw", (weights / seen).to(value.dtype), value)
        return self._after(events, attended, gate), KeptHistory(key, value)

    def candidates(self, rows: Tensor, kept: KeptHistory, row: Tensor, mask: Tensor) -> Tensor:
        """Candidates (B, width) after the layer; each sees the history `row` (B,) and itself."""
        gate, value, query, key = self._projected(rows)
        length = mask.sum(1)  # (R,)
        back = (length[:, None] - torch.arange(mask.shape[1], device=rows.device)).clamp_min(0)
        bias = self.bias[:, back.clamp_max(self.bias.shape[1] - 1)].transpose(0, 1)
        scores = torch.einsum("bhw,bjhw->bhj", query, kept.keys[row]) * self.each**-0.5
        weights = nn.functional.silu(scores + bias[row]) * mask[row][:, None]
        own = nn.functional.silu((query * key).sum(-1) * self.each**-0.5 + self.bias[:, 0])
        attended = torch.einsum("bhj,bjhw->bhw", weights.to(value.dtype), kept.values[row])
        attended = attended + own[..., None] * value
        seen = (length[row] + 1)[:, None, None]
        return self._after(rows, attended / seen, gate)

    def _projected(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        found = nn.functional.silu(self.project(self.norm(rows)))
        gate, value, query, key = found.chunk(4, dim=-1)
        shape = (*rows.shape[:-1], self.heads, self.each)
        return gate, value.reshape(shape), query.reshape(shape), key.reshape(shape)

    def _after(self, rows: Tensor, attended: Tensor, gate: Tensor) -> Tensor:
        gated = self.attended_norm(attended.reshape(rows.shape)) * gate
        found: Tensor = rows + self.dropout(self.out(gated))
        return found
