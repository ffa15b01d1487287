"""Codes without code-books: an encoder's few numbers, each rounded to one of a few steps.

Mentzer et al., "Finite Scalar Quantization: VQ-VAE Made Simple", ICLR 2024. A level's code is the
place of its numbers on a grid, so levels have no order.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Ints, Singles
from galen.features.tokenizing import stored
from galen.features.tokenizing.autoencoder import (
    Autoencoder,
    Descent,
    arrays_of,
    fill,
    latents,
    learn,
)
from galen.features.tokenizing.clusters import checked, sampled
from galen.features.tokenizing.semantic_ids import SemanticIdError

FILE: Final = "fsq.safetensors"
MOST: Final = 8  # steps of a number; more are hardly all used


@dataclass(frozen=True, slots=True)
class Fsq:
    """Each of `sizes` is a product of numbers up to 8; 256 codes are a grid of 8 × 8 × 4."""

    sizes: tuple[int, ...] = (256, 256, 256)
    hidden: tuple[int, ...] = (256, 128)
    steps: int = 1500
    batch: int = 512
    learning_rate: float = 1e-3
    sample: int = 200_000  # items learned from, drawn where there are more

    def fit(self, vectors: Singles, seed: int) -> "LearnedFsq":
        """Learn from vectors (items, d).

        Raises:
            SemanticIdError: there are no items, a vector is no number, a size has no grid, or a
                batch has no spread.
        """
        if self.batch < 2:
            raise SemanticIdError(
                f"batch = {self.batch}: fsq brings its numbers to one spread within a batch, for "
                "which it needs 2 items or more."
            )
        learning = sampled(checked(vectors), self.sample, seed)
        grid = torch.tensor([steps for size in self.sizes for steps in grid_of(size)])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Autoencoder(vectors.shape[1], self.hidden, len(grid), even=True)
        whole = torch.from_numpy(learning)
        network.adapt(whole)

        def loss(batch: Tensor) -> Tensor:
            inside = bounded(network.encode(batch), grid)
            passed = inside + (inside.round() - inside).detach()  # gradients go past the rounding
            return network.error(batch, passed / (grid // 2).clamp_min(1))

        descent = Descent(self.steps, self.batch, self.learning_rate)
        learn(network, whole, descent, torch.Generator().manual_seed(seed), loss)
        return LearnedFsq(self, network.eval())

    def load(self, folder: Path) -> "LearnedFsq":
        arrays = stored.read(folder / FILE, self)
        width = sum(len(grid_of(size)) for size in self.sizes)
        network = Autoencoder(len(arrays["centre"]), self.hidden, width, even=True)
        fill(network, arrays)
        return LearnedFsq(self, network)


@dataclass(frozen=True, slots=True)
class LearnedFsq:
    """An encoder onto the grids."""

    settings: Fsq
    network: Autoencoder

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.settings.sizes

    def codes(self, vectors: Singles) -> Ints:
        """(items, levels) of vectors (items, d).

        Raises:
            SemanticIdError: vectors have another width, or one is NaN or infinite.
        """
        grids = [grid_of(size) for size in self.sizes]
        grid = torch.tensor([steps for part in grids for steps in part])
        latent = latents(self.network, checked(vectors, len(self.network.centre)))
        place = (bounded(latent, grid).round().long() + grid // 2).numpy()
        columns, first = [], 0
        for part in grids:
            own = place[:, first : first + len(part)]
            columns.append(np.ravel_multi_index(tuple(own.T), part))
            first += len(part)
        return np.stack(columns, axis=1).astype(np.int64)

    def save(self, folder: Path) -> None:
        stored.write(folder / FILE, arrays_of(self.network), self.settings)


def bounded(latent: Tensor, grid: Tensor) -> Tensor:
    """Numbers (n, width) that round to one of `grid` (width,) steps, -⌊steps / 2⌋ the least."""
    half = (grid - 1) * (1 + 1e-3) / 2
    offset = torch.where(grid % 2 == 0, 0.5, 0.0)
    shift = torch.atanh(offset / half.clamp_min(1e-3))  # one step has no half
    return torch.tanh(latent + shift) * half - offset


def grid_of(size: int) -> tuple[int, ...]:
    """Numbers up to 8 whose product is `size`, the largest first.

    Raises:
        SemanticIdError: there are none.
    """
    grid: list[int] = []
    while math.prod(grid) < size:
        rest = size // math.prod(grid)
        step = max((n for n in range(2, MOST + 1) if rest % n == 0), default=0)
        if not step:
            raise SemanticIdError(
                f"a level of {size} codes is no grid: it is no product of numbers up to {MOST}; "
                "ask for 64, 128, 256, 512 or another."
            )
        grid.append(step)
    return tuple(grid) or (1,)
