"""Every backbone by its name."""

from torch import nn

from galen.nn.sequences.backbones.attention import LigrLayer, SasRecLayer
from galen.nn.sequences.backbones.backbone import Backbone, Shape
from galen.nn.sequences.backbones.hstu import HstuLayer
from galen.nn.sequences.backbones.recurrent import GruLayer


def backbone(shape: Shape) -> Backbone:
    """A new backbone of a shape.

    Raises:
        ValueError: the width cannot be shared by the heads.
    """
    if shape.width % shape.heads:
        raise ValueError(f"width {shape.width} is no multiple of {shape.heads} heads.")
    layers: list[nn.Module] = []
    for _ in range(shape.layers):
        if shape.kind == "sasrec":
            layers.append(SasRecLayer(shape.width, shape.heads, shape.dropout))
        elif shape.kind == "ligr":
            layers.append(LigrLayer(shape.width, shape.heads, shape.dropout))
        elif shape.kind == "hstu":
            layers.append(
                HstuLayer(shape.width, shape.heads, shape.dropout, shape.length, shape.attention)
            )
        else:
            layers.append(GruLayer(shape.width, shape.dropout))
    return Backbone(shape, layers, places=shape.kind in ("sasrec", "ligr"))
