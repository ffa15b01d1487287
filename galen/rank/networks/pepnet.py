"""Chang et al., "PEPNet: Parameter and Embedding Personalized Network", KDD 2023."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import linear, tower
from galen.nn.dropout import Dropout
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields
from galen.rank.networks.scenes import scenes


@dataclass(frozen=True, slots=True)
class PepNet:
    """The scene gates what is read of the embeddings, the person gates every layer."""

    dimension: int = 10
    hidden: tuple[int, ...] = (256, 128, 64)  # widths of the layers that the person gates
    gate: int = 64  # hidden width of a gate
    dropout: float = 0.1

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: PepNet, schema: Schema, objectives: int) -> None:
        super().__init__()
        scenes(schema)
        self.schema = schema
        self.fields = Fields(schema, settings.dimension)
        width = settings.dimension
        row = self.fields.count * width
        self.priors = [schema.place(name) for name in (schema.user, schema.item) if name]
        self.embedding_gate = NeuralGate(row + width, row, settings.gate)
        prior = row + width * (1 + len(self.priors))
        self.layers = nn.ModuleList(
            linear(before, after) for before, after in pairwise([row, *settings.hidden])
        )
        self.gates = nn.ModuleList(NeuralGate(prior, out, settings.gate) for out in settings.hidden)
        self.dropout = Dropout(settings.dropout)
        self.head = linear(settings.hidden[-1], objectives)

    def forward(self, inputs: Inputs) -> Tensor:
        vectors = self.fields(inputs)
        flat = vectors.flatten(1)
        scene = vectors[:, self.schema.place(self.schema.scene)]
        # Gates read the embeddings without teaching them, so that they only choose among them.
        still = flat.detach()
        values = flat * self.embedding_gate(torch.cat([scene, still], dim=1))
        people = [vectors[:, place] for place in self.priors]
        prior = torch.cat([scene, *people, still], dim=1)
        for layer, gate in zip(self.layers, self.gates, strict=True):
            values = self.dropout(torch.relu(layer(values)) * gate(prior))
        logits: Tensor = self.head(values)
        return logits


class NeuralGate(nn.Module):
    """Twice a sigmoid of a small tower: near one at the start, between nothing and double."""

    def __init__(self, width: int, out: int, hidden: int) -> None:
        super().__init__()
        self.tower = tower(width, (hidden,), out)
        nn.init.normal_(next(iter(self.tower[-1].parameters())), std=1e-2)

    def forward(self, prior: Tensor) -> Tensor:
        """(B, out) factors, 0 … 2, of what is known beforehand (B, width)."""
        return 2 * torch.sigmoid(self.tower(prior))
