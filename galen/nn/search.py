"""Exact maximum-inner-product search: by a matrix product and a top-k, or for one query by norm.

The bound of the second is that of LEMP (Teflioudi, Gemulla, Mykytiuk, "LEMP: Fast Retrieval of
Large Entries in a Matrix Product", SIGMOD 2015): no product is larger than that of the norms.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Bools, Ints, Singles
from galen.nn.blocks import blocks

FIRST: Final = 4096  # of the longest vectors, which say what the others would have to surpass
ROUNDING: Final = 1e-5  # of the longest vector's norm: more than a product in float32 can be off


def top_items(
    queries: Singles,
    vectors: Singles,
    k: int,
    *,
    exclude: tuple[Ints, Ints],
    allowed: Bools | None = None,
    block: int = 1024,
) -> tuple[Ints, Singles]:
    """The k best rows of `vectors` for each query, best first, of equals the first: (R, k) rows
    and scores.

    `exclude` names (query row, vector row) pairs that must not be found; their score is -inf. So is
    that of a row that `allowed` (rows of `vectors`,) does not allow.
    """
    k = min(k, len(vectors))
    rows = np.empty((len(queries), k), np.int64)
    scores = np.empty((len(queries), k), np.float32)
    order = np.argsort(exclude[0], kind="stable")
    excluded, banned = exclude[0][order], exclude[1][order]
    closed = torch.from_numpy(np.flatnonzero(~allowed)) if allowed is not None else None
    with torch.inference_mode():
        table = torch.from_numpy(np.ascontiguousarray(vectors)).T
        for part in blocks(len(queries), len(vectors), most=block):
            start, stop = part.start, part.stop
            product = torch.from_numpy(np.ascontiguousarray(queries[start:stop])) @ table
            first, last = np.searchsorted(excluded, [start, stop])
            product[
                torch.from_numpy(excluded[first:last] - start), torch.from_numpy(banned[first:last])
            ] = -torch.inf
            if closed is not None:
                product[:, closed] = -torch.inf
            rows[start:stop], scores[start:stop] = _best(product, k)
    return rows, scores


def _best(product: Tensor, k: int) -> tuple[Ints, Singles]:
    """The k best places (R, k) of each row of products (R, N) and those, of equals the first.

    A top-k alone leaves open which of equals it takes, and so who asks beside would decide.
    """
    best = torch.topk(product, min(k + 1, product.shape[1]), dim=1)
    place, score = best.indices.numpy(), best.values.numpy()
    order = np.lexsort((place, -score), axis=1)[:, :k]
    place, more = np.take_along_axis(place, order, axis=1), score[:, k:]
    score = np.take_along_axis(score, order, axis=1)
    level = (more == score[:, -1:]).any(axis=1) & np.isfinite(score[:, -1:]).all(axis=1)
    for row in np.flatnonzero(level):  # one that was left out is as good as the last one taken
        whole = product[row].numpy()
        some = np.flatnonzero(whole >= score[row, -1])
        place[row] = some[np.lexsort((some, -whole[some]))[:k]]
    return place, score


@dataclass(frozen=True, slots=True)
class ByNorm:
    """Vectors, the longest first: a query reads only those that could be among its best.

    Factors of items differ much in length, and most are never read. Vectors of like lengths stay
    as they are, and all are read.
    """

    row: Ints  # (items,) of the vectors as they were given
    place: Ints  # (items,) of each given vector in the order of norms
    vectors: Singles  # (items, d) in that order
    norm: Singles  # (items,) falling; no vector is longer than it says

    @classmethod
    def of(cls, vectors: Singles) -> "ByNorm":
        """The order of vectors (items, d), beside a copy of them where it pays."""
        norm = np.linalg.norm(vectors, axis=1)
        longest = norm.max(initial=0)
        if len(norm) and 2 * np.median(norm) > longest:
            same = np.arange(len(norm))
            return cls(same, same, vectors, np.full(len(norm), longest))
        row = np.argsort(-norm, kind="stable")
        place = np.empty(len(row), np.int64)
        place[row] = np.arange(len(row))
        return cls(row, place, np.ascontiguousarray(vectors[row]), norm[row])

    def top(
        self, query: Singles, k: int, *, exclude: Ints, allowed: Bools | None = None
    ) -> tuple[Ints, Singles]:
        """The k best rows for one query (d,), best first, of equals the first: (k,) and scores.

        The score of a row of `exclude`, or one that `allowed` (items,) does not allow, is -inf.
        """
        k = min(k, len(self.row))
        first = min(max(FIRST, 4 * k), len(self.row))
        product = self._products(query, 0, first, exclude, allowed)
        least = np.partition(product, -k)[-k] if k else np.float32(np.inf)
        reached = self._reached(least, query)
        if reached > first:
            rest = self._products(query, first, reached, exclude, allowed)
            product = np.concatenate([product, rest])
        some = np.flatnonzero(product >= least)
        order = np.lexsort((self.row[some], -product[some]))[:k]
        return self.row[some[order]], product[some[order]]

    def _reached(self, least: np.float32, query: Singles) -> int:
        """How many of the longest could have a product of at least `least`."""
        length = np.linalg.norm(query)
        if not length:
            return 0
        bound = least / length - ROUNDING * self.norm[:1].max(initial=0)
        return int(np.searchsorted(-self.norm, -bound, side="right"))

    def _products(
        self, query: Singles, start: int, stop: int, exclude: Ints, allowed: Bools | None
    ) -> Singles:
        product: Singles = self.vectors[start:stop] @ query
        out = self.place[exclude]
        product[out[(out >= start) & (out < stop)] - start] = -np.inf
        if allowed is not None:
            product[~allowed[self.row[start:stop]]] = -np.inf
        return product
