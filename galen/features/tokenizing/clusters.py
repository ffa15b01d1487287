"""Vectors, the centres near which they lie, and the nearest centre of each."""

import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from galen.data.arrays import Ints, Singles
from galen.features.tokenizing.semantic_ids import SemanticIdError


def checked(vectors: Singles, width: int | None = None) -> Singles:
    """Vectors (n, d) that hold numbers only, and as many of them as a tokenizer learned from.

    Raises:
        SemanticIdError: they have another shape, or one is NaN or infinite.
    """
    if vectors.ndim != 2 or (width is None and not len(vectors)):
        raise SemanticIdError(f"vectors have shape {vectors.shape}; (items, d) is needed.")
    if width is not None and vectors.shape[1] != width:
        raise SemanticIdError(
            f"vectors have shape {vectors.shape}; the tokenizer was fitted on {width} numbers an "
            "item: make them as then, or fit again."
        )
    with np.errstate(over="ignore"):
        single = vectors.astype(np.float32)
    wrong = ~np.isfinite(single).all(axis=1)
    if wrong.any():
        raise SemanticIdError(
            f"the vector of item {int(np.argmax(wrong))} is NaN or infinite, as numbers of 32 bits."
        )
    return single


def sampled(vectors: Singles, most: int, seed: int) -> Singles:
    """All vectors, or `most` of them drawn without putting back, in their order."""
    if len(vectors) <= most:
        return vectors
    drawn = np.random.default_rng(seed).choice(len(vectors), most, replace=False)
    return np.asarray(vectors[np.sort(drawn)])


def k_means(
    vectors: Singles,
    size: int,
    seed: int,
    iterations: int,
    start: Singles | None = None,
    grain: float = 0.0,
) -> Singles:
    """(size, d) centres; fewer where fewer vectors differ. With `start`, its centres are moved.

    Vectors that differ by less than `grain` count as one, so that no centre is spent on rounding.

    One thread: the sums of several come in any order, and a seed must give the same centres.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    seen = np.round(vectors / grain) if grain else vectors
    wanted = min(size, len(np.unique(seen, axis=0)))
    begin = start if start is not None and len(start) == wanted else "k-means++"
    model = KMeans(wanted, init=begin, n_init=1, max_iter=iterations, random_state=seed)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer points apart than centres
        model.fit(vectors)
    return np.asarray(model.cluster_centers_, dtype=np.float32)


def distances(vectors: Singles, centres: Singles) -> Singles:
    """(n, codes): squared distances, without each vector's own square, which orders nothing."""
    found: Singles = (centres * centres).sum(axis=1) - 2 * vectors @ centres.T
    return found


def nearest(
    vectors: Singles, centres: Singles, price: Singles | None = None, block: int = 8192
) -> Ints:
    """(n,): the nearest centre of each vector, of equally near ones the first.

    A `price` (codes,) is added to its centre's squared distances.
    """
    found = []
    for start in range(0, len(vectors), block):
        cost = distances(vectors[start : start + block], centres)
        found.append(np.argmin(cost if price is None else cost + price, axis=1))
    return np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64)
