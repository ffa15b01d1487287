"""Exact maximum-inner-product search: a matrix product and a top-k, in blocks of queries."""

import numpy as np
import numpy.typing as npt
import torch

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


def top_items(
    queries: Singles,
    vectors: Singles,
    k: int,
    *,
    exclude: tuple[Ints, Ints],
    allowed: Bools | None = None,
    block: int = 1024,
) -> tuple[Ints, Singles]:
    """The k best rows of `vectors` for each query, best first: (R, k) rows and scores.

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
        if len(queries) == 1:  # numpy reads the table at twice torch's pace for one query
            product = torch.from_numpy((vectors @ queries[0])[None])
            product[0, torch.from_numpy(banned)] = -torch.inf
            if closed is not None:
                product[0, closed] = -torch.inf
            best = torch.topk(product, k, dim=1)
            return best.indices.numpy(), best.values.numpy()
        table = torch.from_numpy(np.ascontiguousarray(vectors)).T
        for start in range(0, len(queries), block):
            stop = min(start + block, len(queries))
            product = torch.from_numpy(np.ascontiguousarray(queries[start:stop])) @ table
            first, last = np.searchsorted(excluded, [start, stop])
            product[
                torch.from_numpy(excluded[first:last] - start), torch.from_numpy(banned[first:last])
            ] = -torch.inf
            if closed is not None:
                product[:, closed] = -torch.inf
            best = torch.topk(product, k, dim=1)
            rows[start:stop] = best.indices.numpy()
            scores[start:stop] = best.values.numpy()
    return rows, scores
