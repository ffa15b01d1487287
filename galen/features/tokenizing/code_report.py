"""What codes are worth before anything is learned on them: use, collisions, likeness, stability."""

from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from galen.data.arrays import Ints, Singles
from galen.features.tokenizing.semantic_ids import SemanticIds, TokenizerSpec, shared


@dataclass(frozen=True, slots=True)
class LevelReport:
    """One level of codes."""

    size: int
    used: float  # share of its codes that an item has
    perplexity: float  # codes of equal use that would tell as much; `size` at most
    purity: float  # share of an item's near items that share its codes up to this level
    code_purity: float  # … that share its code of this level
    stability: float  # adjusted mutual information with another seed's codes; NaN where not asked


@dataclass(frozen=True, slots=True)
class CodeReport:
    """All levels, without the digit that makes ids unique."""

    levels: tuple[LevelReport, ...]
    collisions: float  # share of items that share all codes with another
    crowd: int  # items of the most frequent id
    unresolved: int = 0  # items that share an id after the digit; ids are checked to have none

    def figures(self) -> dict[str, float]:
        """Flat figures by name, levels counted from 1; without those not asked for."""
        found = {"collisions": self.collisions, "crowd": float(self.crowd)}
        found["unresolved"] = float(self.unresolved)
        for place, level in enumerate(self.levels, 1):
            for name in ("used", "perplexity", "purity", "code_purity", "stability"):
                value = getattr(level, name)
                if np.isfinite(value):
                    found[f"{name}_{place}"] = float(value)
        return found


def code_report(
    ids: SemanticIds,
    vectors: Singles,
    spec: TokenizerSpec,
    *,
    seed: int,
) -> CodeReport:
    """Report on ids made from vectors (items, d), beside codes of the same settings' next seed."""
    codes, sizes = ids.codes[:, :-1], ids.sizes[:-1]
    again = spec.fit(vectors, seed + 1).codes(vectors)
    found = report(vectors, codes, sizes, again=again, seed=seed)
    return replace(found, unresolved=len(ids) - len(np.unique(ids.codes, axis=0)))


def report(
    vectors: Singles,
    codes: Ints,
    sizes: tuple[int, ...],
    *,
    again: Ints | None = None,
    neighbours: int = 10,
    asked: int = 2000,
    seed: int = 0,
) -> CodeReport:
    """Of codes (items, levels) of vectors (items, d); `again` are codes of another seed.

    Purity is of the `neighbours` nearest by distance, for `asked` items drawn by the seed. Adjusted
    mutual information (Vinh et al., JMLR 2010) is 0 for codes that agree by chance, 1 for codes
    that are the same under other numbers.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    queries = np.random.default_rng(seed).permutation(len(vectors))[:asked]
    near = _near(vectors, queries, neighbours)
    same = codes[queries][:, None, :] == codes[near]  # (asked, neighbours, levels)
    prefix = np.logical_and.accumulate(same, axis=2)
    levels = []
    for level, size in enumerate(sizes):
        count = np.bincount(codes[:, level], minlength=size)
        share = count[count > 0] / max(len(codes), 1)
        stable = np.nan
        if again is not None:
            stable = adjusted_mutual_info_score(codes[:, level], again[:, level])
        levels.append(
            LevelReport(
                size=size,
                used=float((count > 0).mean()),
                perplexity=float(np.exp(-(share * np.log(share)).sum())),
                purity=float(prefix[:, :, level].mean()) if near.size else np.nan,
                code_purity=float(same[:, :, level].mean()) if near.size else np.nan,
                stability=float(stable),
            )
        )
    _, crowd = np.unique(codes, axis=0, return_counts=True)
    return CodeReport(tuple(levels), shared(codes, sizes), int(crowd.max(initial=0)))


def _near(vectors: Singles, queries: Ints, count: int, block: int = 512) -> Ints:
    """(asked, count): the nearest other items of each query."""
    count = min(count, len(vectors) - 1)
    square = (vectors * vectors).sum(axis=1)
    found = [np.empty((0, max(count, 0)), np.int64)]
    with threadpool_limits(1, "blas"):
        for start in range(0, len(queries) if count > 0 else 0, block):
            rows = queries[start : start + block]
            distance = square - 2 * vectors[rows] @ vectors.T
            distance[np.arange(len(rows)), rows] = np.inf
            found.append(np.argpartition(distance, count - 1, axis=1)[:, :count])
    return np.concatenate(found)
