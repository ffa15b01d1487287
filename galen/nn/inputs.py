"""The tensors of one mini-batch, as every ranking network takes them."""

from typing import NamedTuple

import torch
from torch import Tensor


class Inputs(NamedTuple):
    """B rows; absent kinds have no columns. Histories are kept once for the rows that share one."""

    categories: Tensor  # (B, categories) int64
    numbers: Tensor  # (B, numbers) float32, NaN where missing
    bags: Tensor  # (B, places) int64
    bag_weights: Tensor  # (B, places) float32
    vectors: Tensor  # (B, numbers of all vectors) float32
    history: Tensor  # (R, L, sequences) int64, oldest first
    history_length: Tensor  # (R,) int64
    history_row: Tensor  # (B,) int64, row of history

    def to(self, device: torch.device) -> "Inputs":
        """The same tensors on a device."""
        return Inputs(*(tensor.to(device, non_blocking=True) for tensor in self))


class SampleLesson(NamedTuple):
    """One mini-batch of rows to learn from."""

    inputs: Inputs
    labels: Tensor  # (B, objectives); NaN where not known
    weight: Tensor  # (B,)

    def to(self, device: torch.device) -> "SampleLesson":
        return SampleLesson(
            self.inputs.to(device),
            self.labels.to(device, non_blocking=True),
            self.weight.to(device, non_blocking=True),
        )

    def share(self, rank: int, count: int) -> "SampleLesson":
        """One of `count` processes' rows; rows of no weight fill up the last share."""
        if count == 1:
            return self
        size = -(-len(self.weight) // count)
        rows = torch.arange(rank * size, (rank + 1) * size)
        filler = rows >= len(self.weight)
        rows[filler] = 0
        inputs = self.inputs
        mine = Inputs(
            inputs.categories[rows],
            inputs.numbers[rows],
            inputs.bags[rows],
            inputs.bag_weights[rows],
            inputs.vectors[rows],
            inputs.history,
            inputs.history_length,
            inputs.history_row[rows],
        )
        weight = self.weight[rows]
        weight[filler] = 0
        return SampleLesson(mine, self.labels[rows], weight)


def history_mask(inputs: Inputs) -> Tensor:
    """(R, L): true where the history has an event."""
    places = torch.arange(inputs.history.shape[1], device=inputs.history.device)
    return places < inputs.history_length[:, None]
