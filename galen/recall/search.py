"""Search for the vectors with the largest inner products: exact, or approximate by clusters.

Approximate search is an inverted file of faiss (Jégou, Douze, Schmid, "Product Quantization for
Nearest Neighbor Search", TPAMI 2011, without the quantizer): vectors lie in lists by cluster, and a
query reads the lists nearest to it.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np

from galen.data.arrays import Bools, Ints, Singles
from galen.data.extras import extra
from galen.data.mendable import MendableError
from galen.nn.search import ByNorm, top_items

SearchKind = Literal["exact", "approximate"]
Pairs = tuple[Ints, Ints]  # (query row, vector row)

NOTHING: Final[Pairs] = (np.empty(0, np.int64), np.empty(0, np.int64))


class SearchError(MendableError):
    """Approximate search would miss too much; the message says what to do."""


class Search(Protocol):
    """Finds the vectors with the largest inner products."""

    def top(
        self, queries: Singles, k: int, *, exclude: Pairs = NOTHING, allowed: Bools | None = None
    ) -> tuple[Ints, Singles]:
        """The k best vectors for each query, best first; no more than there are vectors.

        queries (R, d) → rows (R, k) and scores (R, k); where fewer than k may be found, the row
        is -1 and its score -inf. Pairs of `exclude` are not found, nor is a vector where
        `allowed` (vectors,) is false.
        """
        ...


def search_of(vectors: Singles, kind: SearchKind) -> Search:
    """A search of this kind over vectors (items, d).

    Raises:
        MissingExtraError: approximate search was asked for, and faiss is missing.
        SearchError: approximate search misses too much.
    """
    return Approximate.built(vectors) if kind == "approximate" else ExactSearch.of(vectors)


@dataclass(frozen=True, slots=True)
class ExactSearch:
    """A matrix product and a top-k; a request that asks alone reads only what could be its best."""

    vectors: Singles  # (items, d)
    by_norm: ByNorm  # the same, for one query

    @classmethod
    def of(cls, vectors: Singles) -> "ExactSearch":
        """A search over vectors (items, d)."""
        return cls(vectors, ByNorm.of(vectors))

    def top(
        self, queries: Singles, k: int, *, exclude: Pairs = NOTHING, allowed: Bools | None = None
    ) -> tuple[Ints, Singles]:
        if len(queries) == 1:
            row, best = self.by_norm.top(queries[0], k, exclude=exclude[1], allowed=allowed)
            item, score = row[None], best[None]
        else:
            item, score = top_items(queries, self.vectors, k, exclude=exclude, allowed=allowed)
        return np.where(np.isneginf(score), -1, item), score


@dataclass(frozen=True, slots=True)
class Approximate:
    """An inverted file; the index is made anew from the vectors wherever it is needed."""

    index: Any  # faiss.IndexIVFFlat
    probes: int  # lists that a query reads
    recall: float  # of the exact search's best, on the queries that it was checked with

    @classmethod
    def built(
        cls,
        vectors: Singles,
        *,
        queries: Singles | None = None,
        least_recall: float = 0.95,
        k: int = 100,
        most_probes: int = 256,
        lists: int = 0,
        seed: int = 0,
    ) -> "Approximate":
        """Cluster vectors (items, d) and read as few lists as find the stated part of the best k.

        It is checked against exact search with `queries` (Q, d); where none are given, with up to
        500 of the vectors. `lists` 0 makes 4 √items of them.

        Raises:
            MissingExtraError: faiss is not installed.
            SearchError: even `most_probes` lists do not find enough.
        """
        faiss = _faiss()
        items, width = vectors.shape
        lists = min(lists or int(4 * items**0.5), max(items // 10, 1))
        index = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(width), width, lists, faiss.METRIC_INNER_PRODUCT
        )
        index.cp.seed = seed
        index.cp.min_points_per_centroid = 1  # faiss prints a warning of few points otherwise
        if items:
            index.train(np.ascontiguousarray(vectors))
            index.add(np.ascontiguousarray(vectors))
        if queries is None:
            rows = np.random.default_rng(seed).permutation(items)[:500]
            queries = vectors[np.sort(rows)]
        k = min(k, items)
        best, _ = top_items(queries, vectors, k, exclude=NOTHING)
        probes, found = 1, cls(index, 1, 1.0)
        while best.size:
            found = cls(index, probes, _share(cls(index, probes, 0.0).top(queries, k)[0], best))
            if found.recall >= least_recall or probes >= min(lists, most_probes):
                break
            probes = min(2 * probes, lists, most_probes)
        if found.recall < least_recall:
            raise SearchError(
                f"approximate search finds {found.recall:.3f} of the best {k} with {probes} lists "
                f'of {lists}, below {least_recall}; use search = "exact".'
            )
        return found

    def top(
        self, queries: Singles, k: int, *, exclude: Pairs = NOTHING, allowed: Bools | None = None
    ) -> tuple[Ints, Singles]:
        faiss = _faiss()
        k = min(k, self.index.ntotal)
        if not len(queries) or not k:
            return np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
        asked = min(
            k + int(np.bincount(exclude[0], minlength=1).max()) if len(exclude[0]) else k,
            self.index.ntotal,
        )
        only, probes = None, self.probes
        if allowed is not None:  # where little is allowed, the nearest lists may hold none of it
            only = faiss.IDSelectorBatch(np.flatnonzero(allowed))
            probes = math.ceil(probes * len(allowed) / max(int(allowed.sum()), 1))
        how = faiss.SearchParametersIVF(nprobe=min(probes, self.index.nlist), sel=only)
        score, item = self.index.search(np.ascontiguousarray(queries), asked, params=how)
        return _without(item.astype(np.int64), score, exclude, k, self.index.ntotal)


def _without(
    item: Ints, score: Singles, exclude: Pairs, k: int, items: int
) -> tuple[Ints, Singles]:
    """The first k of each row (R, ≥ k) that `exclude` does not name."""
    keys = np.arange(len(item))[:, None] * items + item
    out = (item < 0) | np.isin(keys, exclude[0] * items + exclude[1])
    order = np.argsort(out, axis=1, kind="stable")[:, :k]
    gone = np.take_along_axis(out, order, axis=1)
    item = np.where(gone, -1, np.take_along_axis(item, order, axis=1))
    return item, np.where(gone, -np.inf, np.take_along_axis(score, order, axis=1)).astype(
        score.dtype
    )


def _share(found: Ints, best: Ints) -> float:
    """The part of the best (Q, k) that was found (Q, k)."""
    width = 1 + int(best.max(initial=0))
    row = np.arange(len(best))[:, None]
    known = found >= 0
    keys = (row * width + np.minimum(found, width - 1))[known & (found < width)]
    wanted = best >= 0
    return float(np.isin((row * width + best)[wanted], keys).mean())


def _faiss() -> Any:
    with extra("ann", "approximate search", 'use search = "exact"'):
        import faiss
    return faiss
