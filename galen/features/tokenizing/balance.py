"""Ways to keep a level of codes from being crowded."""

from typing import Final

import numpy as np
from scipy.special import logsumexp

from galen.data.arrays import Ints, Singles
from galen.data.lookup import place_within
from galen.features.tokenizing.clusters import distances, nearest

SOFTNESS: Final = 0.05
"""Of prices, as a share of the mean cost: less holds them closer to the exact transport."""
ROUNDS: Final = 30
"""Of balancing, after which prices stand nearly still."""


def spread_apart(before: Ints, rest: Singles, centres: Singles) -> Ints:
    """(n,) codes, so that items alike in `before` (n, levels) share one only where they must.

    Of g items with the same codes before, each code takes ⌊g / codes⌋, at least one, the nearest
    first; who finds it full asks the next nearest centre, and whom no code took takes a second
    place. Zheng et al., "Adapting Large Language Models by Integrating Collaborative Semantics"
    (LC-Rec), ICDE 2024, spread the last level for the same end.
    """
    _, prefix, size = np.unique(before, axis=0, return_inverse=True, return_counts=True)
    code = nearest(rest, centres)
    # Of room is kept only what is asked for: an item alone in its prefix has the code it wants.
    crowded = size > 1
    prefix = np.where(crowded, np.cumsum(crowded) - 1, -1)[prefix.ravel()]
    asking = np.flatnonzero(prefix >= 0)
    most = np.maximum(size[crowded] // len(centres), 1)
    room = np.repeat(most[:, None], len(centres), axis=1)
    for _ in range(2):
        asking = _seated(room, prefix, rest, centres, code, asking)
        room += 1
    return code


def _seated(
    room: Ints, prefix: Ints, rest: Singles, centres: Singles, code: Ints, asking: Ints
) -> Ints:
    """Give `asking` items codes of room (prefixes, codes), which is taken; who found none."""
    # Here vectors are ordered among each other, so each one's own square counts.
    cost = distances(rest[asking], centres) + (rest[asking] ** 2).sum(axis=1, keepdims=True)
    rows, none = np.arange(len(asking)), [np.empty(0, np.int64)]
    while len(rows):
        wanted = np.argmin(cost[rows], axis=1)
        found = np.isfinite(cost[rows, wanted])
        none.append(asking[rows[~found]])
        rows, wanted = rows[found], wanted[found]
        own = prefix[asking[rows]]
        key = own * len(centres) + wanted
        order = np.lexsort((asking[rows], cost[rows, wanted], key))
        place = np.empty(len(rows), np.int64)
        place[order] = place_within(key[order])
        let_in = place < room[own, wanted]
        code[asking[rows[let_in]]] = wanted[let_in]
        np.subtract.at(room, (own[let_in], wanted[let_in]), 1)
        cost[rows[~let_in], wanted[~let_in]] = np.inf  # a full code stays full
        rows = rows[~let_in]
    return np.concatenate(none)


def fair_prices(vectors: Singles, centres: Singles) -> Singles:
    """(codes,) prices at which all centres are asked for about equally often.

    The dual of entropic optimal transport with equal shares (Cuturi, "Sinkhorn Distances", NIPS
    2013). A price is fixed once learned, so an item's code does not hang on who is asked with it.
    """
    cost = distances(vectors, centres).astype(np.float64)
    cost -= cost.min(axis=1, keepdims=True)
    scale = max(SOFTNESS * float(cost.mean()), 1e-12)
    kernel = -cost / scale
    gain = np.zeros(len(centres))
    share = np.log(len(vectors) / len(centres))
    for _ in range(ROUNDS):
        total = logsumexp(kernel + gain, axis=1, keepdims=True)
        gain = share - logsumexp(kernel - total, axis=0)
    return np.asarray(-(gain - gain.mean()) * scale, dtype=np.float32)
