"""Zhu et al., "RankMixer: Scaling Up Ranking Models in Industrial Recommenders", CIKM 2025."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import linear
from galen.nn.inputs import Inputs
from galen.nn.learning.losses import Auxiliary
from galen.rank.networks.fields import Fields


@dataclass(frozen=True, slots=True)
class RankMixer:
    """Tokens that swap slices of themselves, each with a network of its own.

    `size` sets width, depth and tokens. With `experts` above 1 each token's network is a
    sparse mixture: experts are gated by a ReLU, and a penalty keeps few of them open.
    """

    size: int = 1
    dimension: int = 16
    experts: int = 1  # networks of each token; 1 has no gates
    dropout: float = 0.1
    sparsity: float = 0.01  # weight of the penalty on open experts

    @property
    def tokens(self) -> int:
        """Tokens of a row; each is cut into as many slices."""
        return 4 if self.size < 4 else 8 if self.size < 64 else 16

    @property
    def width(self) -> int:
        """Numbers of a token."""
        slice_width = max(1, round(32 * math.sqrt(self.size) / self.tokens))
        return self.tokens * slice_width

    @property
    def layers(self) -> int:
        """Quadrupling the size adds a layer."""
        return 2 + (self.size.bit_length() - 1) // 2

    @property
    def learning_rate(self) -> float:
        """Of `galen scale`, where wider tokens take smaller steps; recipes say their own."""
        return 2e-3 / math.sqrt(self.size)

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: RankMixer, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = Fields(schema, settings.dimension)
        flat = self.fields.count * settings.dimension
        # Fields are cut into as many even pieces as there are tokens, whatever their number.
        self.piece = -(-flat // settings.tokens)
        self.padding = self.piece * settings.tokens - flat
        self.settings = settings
        self.tokens = _PerToken(settings.tokens, self.piece, settings.width)
        self.layers = nn.ModuleList(_Layer(settings) for _ in range(settings.layers))
        self.head = linear(settings.width, objectives)

    def forward(self, inputs: Inputs) -> Tensor:
        flat = self.fields(inputs).flatten(1)
        flat = nn.functional.pad(flat, (0, self.padding))
        tokens = self.tokens(flat.view(len(flat), self.settings.tokens, self.piece))
        for layer in self.layers:
            tokens = layer(tokens)
        logits: Tensor = self.head(tokens.mean(1))
        return logits


def mixed(tokens: Tensor) -> Tensor:
    """(B, T, T · slice): token t of the result is slice t of every token. No parameters."""
    rows, count, width = tokens.shape
    return (
        tokens.view(rows, count, count, width // count).transpose(1, 2).reshape(rows, count, width)
    )


class _Layer(nn.Module):
    def __init__(self, settings: RankMixer) -> None:
        super().__init__()
        self.mixing_norm = nn.LayerNorm(settings.width)
        self.network_norm = nn.LayerNorm(settings.width)
        self.network = (
            _SparseNetworks(settings)
            if settings.experts > 1
            else _Networks(settings.tokens, settings.width, 2 * settings.width)
        )
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = self.mixing_norm(tokens + mixed(tokens))
        normed: Tensor = self.network_norm(tokens + self.dropout(self.network(tokens)))
        return normed


class _PerToken(nn.Module):
    """A linear layer of its own for each token: one batched product."""

    def __init__(self, tokens: int, width: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(tokens, width, out) * (2 / (width + out)) ** 0.5)
        self.offset = nn.Parameter(torch.zeros(tokens, 1, out))

    def forward(self, tokens: Tensor) -> Tensor:
        by_token = torch.baddbmm(self.offset, tokens.transpose(0, 1), self.weight)
        return by_token.transpose(0, 1)


class _Networks(nn.Module):
    """A network of two layers of its own for each token."""

    def __init__(self, tokens: int, width: int, hidden: int) -> None:
        super().__init__()
        self.up, self.down = _PerToken(tokens, width, hidden), _PerToken(tokens, hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.down(nn.functional.gelu(self.up(tokens)))
        return out


class _SparseNetworks(nn.Module):
    """Several networks for each token, weighed by gates that a penalty drives to zero."""

    def __init__(self, settings: RankMixer) -> None:
        super().__init__()
        tokens, width = settings.tokens, settings.width
        self.networks = nn.ModuleList(
            _Networks(tokens, width, 2 * width) for _ in range(settings.experts)
        )
        self.gates = _PerToken(tokens, width, settings.experts)
        nn.init.constant_(self.gates.offset, 1 / settings.experts)
        self.penalty = Auxiliary(settings.sparsity)

    def forward(self, tokens: Tensor) -> Tensor:
        gates = torch.relu(self.gates(tokens))  # (B, tokens, experts)
        self.penalty.add(gates.float().mean())
        outs = torch.stack([network(tokens) for network in self.networks], dim=-1)
        return (outs * gates[:, :, None].to(outs.dtype)).sum(-1)
