"""Mini-batches in the shape of Criteo Terabyte, drawn on the device that learns from them."""

from typing import Final

import torch

from galen.features.encoding.schema import Category, Number, Schema, Sequence
from galen.nn.inputs import Inputs, SampleLesson

SIZES: Final = (
    *(40_000_000, 39_060, 17_295, 7_424, 20_265, 3, 7_122, 1_543, 63, 40_000_000, 3_067_956),
    *(405_282, 10, 2_209, 11_938, 155, 4, 976, 14, 40_000_000, 40_000_000, 40_000_000, 590_152),
    *(12_973, 108, 36),
)
"""Values of the 26 categorical fields, 40 million at most: MLPerf Training v3.0, DLRM-DCNv2."""

NUMBERS: Final = 13
SKEW: Final = 3  # an id is its size times a uniform draw to this power: a few are frequent


def schema_of(parameters: float, width: int, history: int = 0) -> Schema:
    """26 fields whose tables have `parameters` numbers together, and 13 numbers.

    With `history`, a row has as many events, each an item (the first field) and its kind (the
    second), from the same tables.
    """
    rows = max(2 * len(SIZES), round(parameters / width))
    sizes = [max(2, round(size * rows / sum(SIZES))) for size in SIZES]
    sizes[0] = max(2, sizes[0] + rows - sum(sizes))  # what rounding left over
    categories = tuple(Category(f"field{place}", size) for place, size in enumerate(sizes))
    seen = tuple(
        Sequence(f"seen{place}", sizes[place], table=f"field{place}", target=f"field{place}")
        for place in range(2)
    )
    return Schema(
        categories=categories,
        numbers=tuple(
            Number(f"number{place}", mean=3.0, spread=3**0.5) for place in range(NUMBERS)
        ),
        sequences=seen if history else (),
        history=history,
    )


def drawn(schema: Schema, rows: int, draw: torch.Generator) -> SampleLesson:
    """A mini-batch on the generator's device: rows with histories of their own, a third clicked."""
    device, count = draw.device, len(schema.sequences)
    sizes = [field.size for field in schema.categories]
    history = _ids([field.size for field in schema.sequences], (rows, schema.history), draw)
    inputs = Inputs(
        categories=_ids(sizes, (rows,), draw),
        numbers=torch.rand(rows, len(schema.numbers), generator=draw, device=device)
        .mul_(6)
        .expm1(),
        bags=torch.empty(rows, 0, dtype=torch.long, device=device),
        bag_weights=torch.empty(rows, 0, device=device),
        vectors=torch.empty(rows, 0, device=device),
        history=history,
        history_length=torch.full((rows,), schema.history if count else 0, device=device),
        history_row=torch.arange(rows, device=device),
    )
    labels = (torch.rand(rows, 1, generator=draw, device=device) < 1 / 3).float()
    return SampleLesson(inputs, labels, torch.ones(rows, device=device))


def _ids(sizes: list[int], shape: tuple[int, ...], draw: torch.Generator) -> torch.Tensor:
    """(*shape, fields) int64. Doubles: float32 cannot name every row of a table of 40 million."""
    limits = torch.tensor(sizes, dtype=torch.float64, device=draw.device)
    share = torch.rand(*shape, len(sizes), generator=draw, device=draw.device, dtype=torch.float64)
    return share.pow_(SKEW).mul_(limits).long()
