"""What a ranking network is to the rest of galen: settings that can build a module."""

from collections.abc import Sequence
from typing import Protocol

from torch import nn

from galen.features.encoding.schema import Schema


class NetworkSpec(Protocol):
    """Settings of a network: a frozen dataclass."""

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        """A module that has not learned; torch's global generator draws its weights.

        It takes `galen.nn.inputs.Inputs` of B rows as `schema` tells, and gives logits
        (B, objectives), in order.

        Raises:
            SchemaError: the schema lacks fields that the network needs, or they do not fit it.
        """
        ...
