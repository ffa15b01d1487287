"""Attention of HSTU in two kernels of a GPU: no padding, and no table of scores is ever stored.

Tiles of scores live on the chip, as in Dao et al., "FlashAttention" (NeurIPS 2022), and are made
again on the way back. Triton comes with PyTorch's builds for CUDA.
"""

from typing import Any, Final, NamedTuple

import torch
from torch import Tensor

from galen.data.extras import extra
from galen.data.mendable import MendableError
from galen.nn.sequences.backbones.backbone import Shape

ROWS: Final = 64
"""Events of a tile, of those that ask and of those that are asked."""


class AttentionError(MendableError):
    """Fused attention was asked for where it cannot be; the message says what to set."""


class Biased(NamedTuple):
    """What scores hang on beside queries and keys."""

    by_place: Tensor  # (places, heads) by events back; the last for all that are further
    by_span: Tensor  # (SPANS, heads) by time between
    moment: Tensor  # (T,) float64 seconds
    offsets: Tensor  # (R + 1,) the events of history r are rows offsets[r] … offsets[r + 1]


def fused_attention(query: Tensor, key: Tensor, value: Tensor, biased: Biased) -> Tensor:
    """(T, heads, each): what each event finds in its history so far, of tensors of that shape."""
    found: Tensor = _Fused.apply(query, key, value, *biased)  # type: ignore[no-untyped-call]
    return found


def fusable(shape: Shape, device: str) -> None:
    """See that a backbone of this shape can learn on a device, by its name.

    Raises:
        AttentionError: fused attention of another backbone than HSTU, or not on a GPU.
        MissingExtraError: fused attention without Triton.
    """
    if shape.attention != "fused":
        return
    if shape.kind != "hstu":
        raise AttentionError(f'attention = "fused" is of backbone = "hstu", not of "{shape.kind}".')
    if not device.startswith("cuda"):
        raise AttentionError(
            f'attention = "fused" is a kernel of a GPU, and device = "{device}" is none: '
            'set device = "cuda", or attention = "blocks".'
        )
    _kernels()


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *given: Tensor) -> Tensor:
        kept = [part.contiguous() for part in given]
        ctx.save_for_backward(*kept)
        found = torch.empty_like(kept[2])
        attend, _ = _kernels()
        attend[_grid(kept)](*kept, found, *_sizes(kept))
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        kept = list(ctx.saved_tensors)
        # In full precision: several programs add to one number.
        sums = [torch.zeros_like(part, dtype=torch.float32) for part in kept[:5]]
        _, attend_backward = _kernels()
        attend_backward[_grid(kept)](*kept, gradients[0].contiguous(), *sums, *_sizes(kept))
        found = (total.to(part.dtype) for total, part in zip(sums, kept, strict=False))
        return *found, None, None


def _kernels() -> tuple[Any, Any]:
    """Attention forward and backward, read where they are used: who has no GPU needs no Triton."""
    with extra("fused", 'attention = "fused"', 'set attention = "blocks"'):
        from galen.nn.sequences.backbones.hstu_kernels import attend, attend_backward
    return attend, attend_backward


def _grid(kept: list[Tensor]) -> tuple[int, int]:
    """Tiles of the longest history; histories times heads."""
    query, offsets = kept[0], kept[-1]
    longest = int((offsets[1:] - offsets[:-1]).max())
    return -(-longest // ROWS), (len(offsets) - 1) * query.shape[1]


def _sizes(kept: list[Tensor]) -> tuple[float | int, ...]:
    """The last arguments of both kernels."""
    (_, heads, each), places = kept[0].shape, len(kept[3])
    wide = max(16, 1 << (each - 1).bit_length())  # as a product of tiles wants it
    return each**-0.5, places - 1, heads, each, wide, ROWS
