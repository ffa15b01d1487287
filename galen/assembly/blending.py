"""The powers of a blend, click^a · cart^b · purchase^c · price^d …, from held-out requests.

Recall is exp(fused score). It is weighed where examples were recalled, beside what the ranker
made of them; impressions do not tell it.
"""

from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from galen.pipeline.candidates import Ints
from galen.pipeline.pipeline import PRICE, price_of
from galen.pipeline.stages import Examples, Ranker

MOST_PAIRS: Final = 200_000
"""Pairs of rows that powers are learned from at most."""

RECALL: Final = "recall"
"""The factor of a blend that is recall's own score, which stands in a batch as `SCORE`."""

SCORE: Final = "recall_score"


def fitted_blend(ranker: Ranker, valid: Examples, target: str, *, seed: int) -> dict[str, float]:
    """Powers under which rows with the target stand above the other rows of their request.

    A logistic regression on differences of logarithms between a row with the target and one
    without (Bradley and Terry, 1952). Powers of objectives and of recall are not below 0; that of
    the price may be. Without such pairs every objective has power 1.

    Raises:
        ValueError: the target is no label of the examples.
    """
    if target not in valid.labels:
        raise ValueError(f"there is no label {target!r}; there are {', '.join(valid.labels)}.")
    scores = np.maximum(ranker.score(valid.batch), 1e-12)
    logs = {name: np.log(scores[:, place]) for place, name in enumerate(ranker.objectives)}
    if SCORE in valid.batch.per_row:
        logs[RECALL] = valid.batch.per_row[SCORE].astype(np.float64)
    logs[PRICE] = np.log(price_of(valid.batch))
    names, columns = list(logs), np.stack(list(logs.values()), axis=1)
    better, worse = _pairs(valid, target, seed)
    if not len(better):
        return dict.fromkeys(ranker.objectives, 1.0)
    differences = columns[better] - columns[worse]
    spread = np.maximum(differences.std(axis=0), 1e-9)
    both = np.concatenate([differences, -differences]) / spread
    wanted = np.repeat([1.0, 0.0], len(differences))
    powers = LogisticRegression(fit_intercept=False, C=1.0).fit(both, wanted).coef_[0] / spread
    powers[:-1] = np.maximum(powers[:-1], 0.0)
    return {name: round(float(power), 4) for name, power in zip(names, powers, strict=True)}


def _pairs(valid: Examples, target: str, seed: int) -> tuple[Ints, Ints]:
    """Rows with the target, each with one row of its request without it, drawn by seed."""
    label, request = valid.labels[target] > 0, valid.batch.request
    draw = np.random.default_rng(seed)
    order = np.lexsort((draw.random(len(label)), label, request))  # those without come first
    start = np.searchsorted(request[order], request)
    without = np.bincount(request[~label], minlength=int(request.max(initial=0)) + 1)[request]
    rows = np.flatnonzero(label & (without > 0))
    if len(rows) > MOST_PAIRS:
        rows = np.sort(draw.choice(rows, MOST_PAIRS, replace=False))
    chosen = start[rows] + (draw.random(len(rows)) * without[rows]).astype(np.int64)
    return rows, order[chosen]
