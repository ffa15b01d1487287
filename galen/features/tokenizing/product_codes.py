"""Codes without an order: a rotated vector is cut in parts, and each part has its own centres.

A generator may write all levels at once, since none says more than another. The rotation is that of
optimised product quantization (Ge et al., "Optimized Product Quantization for Approximate Nearest
Neighbor Search", CVPR 2013): principal directions dealt so that all parts weigh alike, then moved
to lower the error. Codes of this kind were first written in parallel by Hou et al., "Generating
Long Semantic IDs in Parallel" (RPG), KDD 2025.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from galen.data.arrays import Ints, Singles
from galen.features.tokenizing import stored
from galen.features.tokenizing.clusters import checked, k_means, nearest, sampled
from galen.features.tokenizing.semantic_ids import SemanticIdError

FILE: Final = "product_codes.safetensors"


@dataclass(frozen=True, slots=True)
class ProductCodes:
    """`rounds` of moving the rotation to the centres and the centres to the rotated vectors."""

    sizes: tuple[int, ...] = (256,) * 8
    iterations: int = 30  # of k-means, after the last round
    rounds: int = 5
    sample: int = 200_000  # items learned from, drawn where there are more

    def fit(self, vectors: Singles, seed: int) -> "ProductCentres":
        """Learn from vectors (items, d).

        Raises:
            SemanticIdError: there are no items, fewer numbers than levels, or one is no number.
        """
        vectors = sampled(checked(vectors), self.sample, seed)
        if vectors.shape[1] < len(self.sizes):
            raise SemanticIdError(
                f"vectors of {vectors.shape[1]} numbers cannot be cut in {len(self.sizes)} parts; "
                "ask for fewer levels or longer vectors."
            )
        mean = vectors.mean(axis=0)
        moved = vectors - mean
        with threadpool_limits(1, "blas"):
            rotation, parts = _dealt(moved, len(self.sizes))
            centres = self._centres(moved @ rotation, parts, seed, 2)
            for _ in range(self.rounds):
                near = _rebuilt(moved @ rotation, parts, centres)
                left, _, right = np.linalg.svd(moved.T @ near)
                rotation = np.asarray(left @ right, dtype=np.float32)
                centres = self._centres(moved @ rotation, parts, seed, 2, centres)
            centres = self._centres(moved @ rotation, parts, seed, self.iterations, centres)
        return ProductCentres(self, mean, rotation, centres)

    def load(self, folder: Path) -> "ProductCentres":
        arrays = stored.read(folder / FILE, self)
        centres = tuple(arrays[f"centres_{level}"] for level in range(len(self.sizes)))
        return ProductCentres(self, arrays["mean"], arrays["rotation"], centres)

    def _centres(
        self,
        rotated: Singles,
        parts: list[slice],
        seed: int,
        iterations: int,
        start: tuple[Singles, ...] | None = None,
    ) -> tuple[Singles, ...]:
        begin = start or (None,) * len(parts)
        return tuple(
            k_means(rotated[:, part], size, seed + level, iterations, begin[level])
            for level, (part, size) in enumerate(zip(parts, self.sizes, strict=True))
        )


@dataclass(frozen=True, slots=True)
class ProductCentres:
    """What product quantization has learned."""

    settings: ProductCodes
    mean: Singles  # (d,)
    rotation: Singles  # (d, d)
    centres: tuple[Singles, ...]  # (codes, width of the part) each

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.settings.sizes

    def codes(self, vectors: Singles) -> Ints:
        """(items, levels) of vectors (items, d).

        Raises:
            SemanticIdError: vectors have another width, or one is NaN or infinite.
        """
        moved = checked(vectors, len(self.mean)) - self.mean
        rotated = np.asarray(moved @ self.rotation, dtype=np.float32)
        widths = [centres.shape[1] for centres in self.centres]
        columns = [
            nearest(rotated[:, part], centres)
            for part, centres in zip(_cut(widths), self.centres, strict=True)
        ]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        arrays = {f"centres_{level}": centres for level, centres in enumerate(self.centres)}
        arrays |= {"mean": self.mean, "rotation": self.rotation}
        stored.write(folder / FILE, arrays, self.settings)


def _dealt(moved: Singles, levels: int) -> tuple[Singles, list[slice]]:
    """Principal directions (d, d), part after part, and the parts.

    The strongest direction left goes to the part whose product of spreads is least so far, as long
    as it has room.
    """
    width = moved.shape[1]
    spread, directions = np.linalg.eigh(moved.T @ moved / len(moved))
    weight = np.log(np.maximum(spread, 1e-9 * max(float(spread.max()), 1e-12)))
    weight -= weight.min()  # products of numbers below 1 would fall as directions come
    room = np.full(levels, width // levels) + (np.arange(levels) < width % levels)
    dealt: list[list[int]] = [[] for _ in range(levels)]
    total = np.zeros(levels)
    for direction in np.argsort(-spread, kind="stable"):
        open_parts = [part for part in range(levels) if len(dealt[part]) < room[part]]
        part = min(open_parts, key=lambda p: (total[p], p))
        dealt[part].append(int(direction))
        total[part] += weight[direction]
    rotation = directions[:, [direction for part in dealt for direction in part]]
    return np.asarray(rotation, dtype=np.float32), _cut([len(part) for part in dealt])


def _cut(widths: list[int]) -> list[slice]:
    ends = np.cumsum(widths).tolist()
    return [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]


def _rebuilt(rotated: Singles, parts: list[slice], centres: tuple[Singles, ...]) -> Singles:
    """(n, d): each part's nearest centre."""
    found = [near[nearest(rotated[:, p], near)] for p, near in zip(parts, centres, strict=True)]
    return np.concatenate(found, axis=1)
