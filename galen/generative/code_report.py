"""How good a tokenizer's codes are: are they used, do they tell items apart, are they stable?"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from galen.generative.semantic_ids import Ints, SemanticIds, Singles, TokenizerSpec


@dataclass(frozen=True, slots=True)
class CodeReport:
    """Of the levels before the last digit."""

    used: tuple[float, ...]  # share of each level's codes that some item has
    perplexity: tuple[float, ...]  # how many codes of a level are as good as evenly used
    collisions: float  # share of items that share all codes before the last digit
    unresolved: int  # items that share the last digit too
    purity: float  # share of an item's nearest neighbours that have its first code
    stability: tuple[float, ...]  # of each level over two seeds: 1 the same groups, 0 by chance

    def figures(self) -> dict[str, float]:
        """Every figure by name, levels numbered from 1."""
        flat = {"collisions": self.collisions, "unresolved": float(self.unresolved)}
        flat["purity"] = self.purity
        for name in ("used", "perplexity", "stability"):
            for level, value in enumerate(getattr(self, name), start=1):
                flat[f"{name}_{level}"] = value
        return flat


def code_report(
    ids: SemanticIds,
    vectors: Singles,
    spec: TokenizerSpec,
    *,
    seed: int,
    items: int = 2000,
    neighbours: int = 10,
) -> CodeReport:
    """Report on ids made from vectors (items, d) by a tokenizer of this kind.

    Purity is over `items` items drawn by seed; a second fit with another seed tells stability.
    """
    codes = ids.codes[:, :-1]
    sizes = ids.sizes[:-1]
    counts = [np.bincount(codes[:, level], minlength=size) for level, size in enumerate(sizes)]
    again = spec.fit(vectors, seed + 1).codes(vectors)
    unique = len(np.unique(ids.codes, axis=0))
    return CodeReport(
        used=tuple(float((count > 0).mean()) for count in counts),
        perplexity=tuple(_perplexity(count) for count in counts),
        collisions=ids.collisions,
        unresolved=len(ids) - unique,
        purity=_purity(codes[:, 0], vectors, items, neighbours, seed),
        stability=tuple(
            float(adjusted_mutual_info_score(codes[:, level], again[:, level]))
            for level in range(len(sizes))
        ),
    )


def _perplexity(counts: Ints) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def _purity(first: Ints, vectors: Singles, items: int, neighbours: int, seed: int) -> float:
    draw = np.random.default_rng(seed)
    rows = draw.choice(len(vectors), min(items, len(vectors)), replace=False)
    square = (vectors * vectors).sum(axis=1)
    kept = min(neighbours, len(vectors) - 1)
    if kept < 1:
        return 1.0
    same = []
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        distance = square - 2 * vectors[part] @ vectors.T
        distance[np.arange(len(part)), part] = np.inf
        near = np.argpartition(distance, kept - 1, axis=1)[:, :kept]
        same.append(first[near] == first[part, None])
    return float(np.concatenate(same).mean())
