"""What a ranking network is to the rest of galen: settings that can build a module."""

from collections.abc import Sequence
from typing import Protocol

from torch import nn

from galen.features.encoding.schema import Schema


class NetworkSpec(Protocol):
    """Settings of a network: a frozen dataclass.

    The module takes `galen.nn.inputs.Inputs` and gives logits (B, objectives), in order.
    """

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module: ...
