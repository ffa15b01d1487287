"""Semantic ids by k-means of what is left: each level's nearest centre is taken off.

Found to be within a few percent of learned quantizers, in seconds (Singh et al., "Better
Generalization with Semantic IDs", RecSys 2024, compare them).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from galen.data.arrays import Ints, Singles
from galen.features.tokenizing import stored
from galen.features.tokenizing.balance import fair_prices, spread_apart
from galen.features.tokenizing.clusters import checked, k_means, nearest, sampled

FILE: Final = "residual_kmeans.safetensors"


@dataclass(frozen=True, slots=True)
class ResidualKMeans:
    """`balance` is of the last level.

    "capacity" spreads the items of a call that share all codes before it, so the whole catalogue
    is to be asked for at once; "sinkhorn" uses the level's codes about equally often, and an
    item's code does not hang on who is asked with it. A catalogue with fewer different vectors
    than a level has codes leaves codes unused.
    """

    sizes: tuple[int, ...] = (256, 256, 256)
    iterations: int = 50
    balance: Literal["none", "capacity", "sinkhorn"] = "capacity"
    sample: int = 200_000  # items learned from, drawn where there are more

    def fit(self, vectors: Singles, seed: int) -> "ResidualCentres":
        """Learn from vectors (items, d).

        Raises:
            SemanticIdError: there are no items, or a vector is NaN or infinite.
        """
        rest = sampled(checked(vectors), self.sample, seed).copy()
        grain = 1e-6 * float(np.abs(rest).max())
        centres: list[Singles] = []
        price = np.zeros(1, np.float32)
        for level, size in enumerate(self.sizes):
            found = k_means(rest, size, seed + level, self.iterations, grain=grain)
            centres.append(found)
            if level == len(self.sizes) - 1 and self.balance == "sinkhorn":
                price = fair_prices(sampled(rest, 10_000, seed), found)
            rest -= found[nearest(rest, found)]
        return ResidualCentres(self, tuple(centres), price)

    def load(self, folder: Path) -> "ResidualCentres":
        arrays = stored.read(folder / FILE, self)
        centres = tuple(arrays[f"centres_{level}"] for level in range(len(self.sizes)))
        return ResidualCentres(self, centres, arrays["price"])


@dataclass(frozen=True, slots=True)
class ResidualCentres:
    """What residual k-means has learned."""

    settings: ResidualKMeans
    centres: tuple[Singles, ...]  # (codes, d) each
    price: Singles  # (codes of the last level,), or one 0

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.settings.sizes

    def codes(self, vectors: Singles) -> Ints:
        """(items, levels) of vectors (items, d).

        Raises:
            SemanticIdError: vectors have another width, or one is NaN or infinite.
        """
        rest = checked(vectors, self.centres[0].shape[1]).copy()
        codes = np.empty((len(rest), len(self.centres)), np.int64)
        last = len(self.centres) - 1
        for level, centres in enumerate(self.centres):
            if level == last and self.settings.balance == "capacity" and level:
                codes[:, level] = spread_apart(codes[:, :level], rest, centres)
            else:
                price = self.price if level == last else None
                codes[:, level] = nearest(rest, centres, price)
            rest -= centres[codes[:, level]]
        return codes

    def save(self, folder: Path) -> None:
        arrays = {f"centres_{level}": centres for level, centres in enumerate(self.centres)}
        stored.write(folder / FILE, {**arrays, "price": self.price}, self.settings)
