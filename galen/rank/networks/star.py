"""Sheng et al., "One Model to Serve All: Star Topology Adaptive Recommender" (STAR), CIKM 2021."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema
from galen.nn.dense import linear, tower
from galen.nn.inputs import Inputs
from galen.rank.networks.fields import Fields
from galen.rank.networks.scenes import scene_of, scenes


@dataclass(frozen=True, slots=True)
class Star:
    """Every layer's weights are shared ones times those of the scene; an unknown scene has the
    shared ones alone.
    """

    dimension: int = 10
    hidden: tuple[int, ...] = (256, 128, 64)  # widths of the layers that scenes change
    auxiliary: tuple[int, ...] = (32,)  # a small tower that reads the scene

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Star, schema: Schema, objectives: int) -> None:
        super().__init__()
        count = scenes(schema)
        self.schema = schema
        self.fields = Fields(schema, settings.dimension)
        row = self.fields.count * settings.dimension
        self.norm = _PartitionedNorm(row, count)
        widths = [row, *settings.hidden, objectives]
        self.layers = nn.ModuleList(
            _StarLayer(before, after, count) for before, after in pairwise(widths)
        )
        self.auxiliary = tower(row, settings.auxiliary, objectives)

    def forward(self, inputs: Inputs) -> Tensor:
        scene = scene_of(self.schema, inputs)
        row = self.fields(inputs).flatten(1)
        values = self.norm(row, scene)
        for place, layer in enumerate(self.layers):
            values = layer(values, scene)
            if place < len(self.layers) - 1:
                values = torch.relu(values)
        logits: Tensor = values + self.auxiliary(row)
        return logits


class _PartitionedNorm(nn.Module):
    """Batch norm whose scale and shift are shared ones times, and plus, those of the scene.

    Means are of the whole mini-batch, since a sparse scene has too few rows for its own.
    """

    def __init__(self, width: int, scenes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.scale = SceneTable(scenes, width)
        self.shift = SceneTable(scenes, width)

    def forward(self, values: Tensor, scene: Tensor) -> Tensor:
        normed: Tensor = self.norm(values)
        found: Tensor = normed * (1 + self.scale(scene)) + self.shift(scene)
        return found


class _StarLayer(nn.Module):
    """x (W ⊙ W_scene) + b + b_scene, computed scene by scene over all rows."""

    def __init__(self, width: int, out: int, scenes: int) -> None:
        super().__init__()
        self.shared = linear(width, out)
        self.own = nn.Parameter(torch.zeros(scenes - 1, width, out))  # less one
        self.shift = SceneTable(scenes, out)

    def forward(self, values: Tensor, scene: Tensor) -> Tensor:
        weight = self.shared.weight.T
        plain: Tensor = self.shared(values) + self.shift(scene)
        extra = torch.einsum("bw,swo->bso", values, self.own * weight)
        chosen = nn.functional.one_hot(scene, len(self.own) + 1)[:, 1:].to(extra.dtype)
        found: Tensor = plain + torch.einsum("bso,bs->bo", extra, chosen)
        return found


class SceneTable(nn.Module):
    """A vector for each scene that starts at zero; the unknown scene keeps zero."""

    def __init__(self, scenes: int, width: int) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.zeros(scenes - 1, width))

    def forward(self, scene: Tensor) -> Tensor:
        """(B, width) of scenes (B,), 0 where unknown."""
        return nn.functional.embedding(scene, nn.functional.pad(self.rows, (0, 0, 1, 0)))
