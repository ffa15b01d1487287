"""What made people choose: a conditional logit over the rows of each request.

McFadden, "Conditional logit analysis of qualitative choice behavior", 1973.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from galen.data.arrays import Bools, Floats, Ints

FOLDS: Final = 3

BLOCK: Final = 512
"""Requests whose second derivatives are added at once, so that memory is bounded."""


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
    if not len(hit) or not width:
        return centre
    choices = _Choices.of(*_in_order(features, request, taken, hit))
    start = centre * choices.spread

    def loss(weights: Floats) -> tuple[float, Floats]:
        cost, slope = choices.cost(weights)
        off = weights - start
        return cost + strength * float(off @ off) / 2, slope + strength * off

    def curvature(weights: Floats) -> Floats:
        return choices.curvature(weights) + strength * np.eye(width)

    with threadpool_limits(1, "blas"):  # products this small lose by a second thread
        if positive is None:  # what channels say is so alike that first derivatives lead astray
            found = minimize(loss, start, jac=True, hess=curvature, method="trust-exact")
        else:
            bounds = [(0.0, None) if low else (None, None) for low in positive]
            found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x / choices.spread)


def best_strength(
    features: Floats,
    request: Ints,
    taken: Bools,
    strengths: Sequence[float],
    *,
    requests: int,
    seed: int,
) -> float:
    """The strength whose weights make choices the likeliest that they were not learned from.

    Cross-validation in `FOLDS` parts of at most `requests` requests, which are drawn by seed. Of
    fewer requests than parts nothing can be told: then it is the largest.
    """
    random = np.random.default_rng(seed)
    hit = random.permutation(np.unique(request[taken]))[:requests]
    if len(hit) < FOLDS:
        return max(strengths)
    cost = np.zeros(len(strengths))
    for part in range(FOLDS):
        unseen = _Choices.of(*_in_order(features, request, taken, hit[part::FOLDS]))
        others = np.isin(request, np.delete(hit, slice(part, None, FOLDS)))
        learned = features[others], request[others], taken[others]
        for place, strength in enumerate(strengths):
            weights = chosen_by(*learned, None, strength)
            cost[place] += unseen.cost(weights * unseen.spread)[0]
    return strengths[int(np.argmin(cost))]


def _in_order(
    features: Floats, request: Ints, taken: Bools, hit: Ints
) -> tuple[Floats, Bools, Ints]:
    """The rows of the requests `hit`, under each other by request, with the place of each."""
    hit = np.sort(hit)
    rows = np.flatnonzero(np.isin(request, hit))
    group = np.searchsorted(hit, request[rows])
    if len(rows) == len(request) and np.all(group[1:] >= group[:-1]):
        return features, taken, group  # gigabytes need not be copied
    order = np.argsort(group, kind="stable")
    return features[rows[order]], taken[rows[order]], group[order]


@dataclass(frozen=True)
class _Choices:
    """Requests in each of which something was taken; weights are of features by their spread."""

    features: Floats  # (N, F), grouped by request
    group: Ints  # (N,)
    starts: Ints  # (requests,) first row of each
    chosen: Floats  # (requests,) rows that were taken
    observed: Floats  # (F,) sum of the taken rows, by the spread
    spread: Floats  # (F,)

    @classmethod
    def of(cls, features: Floats, taken: Bools, group: Ints) -> "_Choices":
        starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        spread = features.std(axis=0)
        spread[spread < 1e-9] = 1.0
        chosen = np.bincount(group[taken]).astype(np.float64)
        return cls(features, group, starts, chosen, features[taken].sum(axis=0) / spread, spread)

    def cost(self, weights: Floats) -> tuple[float, Floats]:
        """Minus the log-likelihood, and its slope (F,)."""
        expected, normaliser = self._expected(weights)
        cost = float(self.chosen @ normaliser - self.observed @ weights)
        return cost, self.features.T @ expected / self.spread - self.observed

    def curvature(self, weights: Floats) -> Floats:
        """(F, F) second derivatives of the cost."""
        expected, _ = self._expected(weights)
        width = len(self.spread)
        total = np.zeros((width, width))
        bounds = np.append(self.starts, len(self.group))
        for first in range(0, len(self.starts), BLOCK):
            last = min(first + BLOCK, len(self.starts))
            rows = slice(bounds[first], bounds[last])
            features = self.features[rows]
            weighted = features * expected[rows, None]
            mean = np.add.reduceat(weighted, bounds[first:last] - bounds[first])
            total += weighted.T @ features - (mean / self.chosen[first:last, None]).T @ mean
        return total / self.spread / self.spread[:, None]

    def _expected(self, weights: Floats) -> tuple[Floats, Floats]:
        """(N,) how many of a request's choices fall on a row, and (requests,) log normalisers."""
        value = self.features @ (weights / self.spread)
        largest = np.maximum.reduceat(value, self.starts)
        likely = np.exp(value - largest[self.group])
        total = np.add.reduceat(likely, self.starts)
        return likely * (self.chosen / total)[self.group], np.log(total) + largest
