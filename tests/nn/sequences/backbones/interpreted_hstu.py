"""What a layer of HSTU finds and learns, fused and by blocks: `interpreted_hstu.py FILE`.

Triton's interpreter runs the kernels of a GPU on the processor. Triton asks for it once, as it is
imported, so the test starts this as a process of its own.
"""

import sys

import torch

from galen.nn.sequences.backbones.hstu import HstuLayer
from galen.nn.sequences.jagged import layout_of, padded, unpadded, with_filler

LENGTHS = torch.tensor([1, 70, 130, 64, 3])


def main(file: str) -> None:
    torch.manual_seed(0)
    layer = HstuLayer(24, 2, 0.0, 100, "fused")  # heads of 12 numbers; places of 100 events alone
    torch.nn.init.normal_(layer.by_place, std=0.5)
    torch.nn.init.normal_(layer.by_span, std=0.5)
    layout = layout_of(LENGTHS)
    events = int(LENGTHS.sum())
    at = torch.cumsum((torch.rand(events, dtype=torch.float64) * 1e6).round(), 0)
    rest = torch.randn(events, 72, requires_grad=True)
    weight = torch.randn(events, 24)
    torch.save([by(layer, rest, at, layout, weight) for by in (fused, blocks)], file)


def fused(layer, rest, at, layout, weight):
    return told(layer, rest, layer._at_once(rest, at, layout), weight)


def blocks(layer, rest, at, layout, weight):
    whole, moments = with_filler(rest), with_filler(at)
    parts = []
    for block in layout.blocks:
        table = padded(whole, block).view(*block.rows.shape, 3, 2, 12)
        parts.append(layer._attended(table, padded(moments, block)))
    return told(layer, rest, unpadded(parts, layout), weight)


def told(layer, rest, found, weight):
    slopes = torch.autograd.grad(found, [rest, layer.by_place, layer.by_span], weight)
    return found.detach(), *slopes


if __name__ == "__main__":
    main(sys.argv[1])
