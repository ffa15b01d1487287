"""What made people choose: a conditional logit over the rows of each request.

McFadden, "Conditional logit analysis of qualitative choice behavior", 1973.
"""

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from galen.pipeline.candidates import Bools, Floats, Ints


def chosen_by(
    features: Floats,
    request: Ints,
    taken: Bools,
    centre: Floats | None,
    strength: float,
    *,
    positive: Bools | None = None,
) -> Floats:
    """(F,) weights of features (N, F) that make the rows `taken` (N,) the likeliest of requests.

    They are held to `centre` (0 where not given) by a normal prior whose precision, in units of
    each feature's spread, is `strength`. Weights where `positive` (F,) is true do not fall below 0.
    """
    width = features.shape[1]
    centre = np.zeros(width) if centre is None else centre
    hit = np.unique(request[taken])
    inside = np.isin(request, hit)
    if not len(hit) or not width:
        return centre
    features, taken = features[inside], taken[inside]
    group = np.searchsorted(hit, request[inside])
    order = np.argsort(group, kind="stable")
    features, taken, group = features[order], taken[order], group[order]
    starts = np.searchsorted(group, np.arange(len(hit)))
    spread = features.std(axis=0)
    spread[spread < 1e-9] = 1.0
    scaled, start = features / spread, centre * spread
    chosen = np.bincount(group[taken], minlength=len(hit)).astype(np.float64)
    observed = scaled[taken].sum(axis=0)

    lowest = np.zeros(width, bool) if positive is None else positive
    bounds = [(0.0, None) if low else (None, None) for low in lowest]

    def loss(weights: Floats) -> tuple[float, Floats]:
        value = scaled @ weights
        largest = np.maximum.reduceat(value, starts)
        likely = np.exp(value - largest[group])
        total = np.add.reduceat(likely, starts)
        off = weights - start
        cost = (chosen * (np.log(total) + largest)).sum() - observed @ weights
        expected = scaled.T @ (likely * (chosen / total)[group])
        return cost + strength * (off @ off) / 2, expected - observed + strength * off

    with threadpool_limits(1, "blas"):  # products this small lose by a second thread
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x / spread)
