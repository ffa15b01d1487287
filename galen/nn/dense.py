"""Towers of fully connected layers."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from galen.nn.dropout import Dropout

Norm = Literal["none", "batch", "layer"]
Activation = Literal["relu", "silu", "gelu", "prelu", "dice"]


class Dice(nn.Module):
    """The activation of DIN: a gate that follows the mean and spread of its inputs.

    Zhou et al., "Deep Interest Network for Click-Through Rate Prediction", KDD 2018.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.slope = nn.Parameter(torch.zeros(width))

    def forward(self, values: Tensor) -> Tensor:
        """(…, width) of values (…, width); the spread is that of all rows."""
        flat = values.reshape(-1, values.shape[-1])
        gate = torch.sigmoid(self.norm(flat)).view_as(values)
        return values * (gate + self.slope * (1 - gate))


def activation(kind: Activation, width: int) -> nn.Module:
    """A new activation for so many values a row."""
    if kind == "dice":
        return Dice(width)
    if kind == "prelu":
        return nn.PReLU(width)
    plain: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}
    return plain[kind]()


def tower(
    width: int,
    hidden: Sequence[int],
    out: int = 0,
    *,
    norm: Norm = "none",
    act: Activation = "relu",
    dropout: float = 0.0,
) -> nn.Sequential:
    """Linear, norm, activation, dropout for each hidden width; a bare linear layer to `out`."""
    layers: list[nn.Module] = []
    for size in hidden:
        layers.append(linear(width, size))
        if norm == "batch":
            layers.append(nn.BatchNorm1d(size))
        elif norm == "layer":
            layers.append(nn.LayerNorm(size))
        layers.append(activation(act, size))
        if dropout:
            layers.append(Dropout(dropout))
        width = size
    if out:
        layers.append(linear(width, out))
    return nn.Sequential(*layers)


def linear(width: int, out: int, *, bias: bool = True) -> nn.Linear:
    """A linear layer with Glorot's spread and no offset at the start."""
    layer = nn.Linear(width, out, bias=bias)
    nn.init.xavier_normal_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer
