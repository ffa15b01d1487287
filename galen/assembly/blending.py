"""The powers of a blend, click^a · cart^b · purchase^c · price^d …, from held-out requests.

Recall is exp(fused score). It is weighed where examples were recalled, beside what the ranker
made of them; impressions do not tell it.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from galen.pipeline.conditional_logit import chosen_by
from galen.pipeline.pipeline import PRICE, price_of
from galen.pipeline.stages import Examples, Ranker

RECALL: Final = "recall"
"""The factor of a blend that is recall's own score, which stands in a batch as `SCORE`."""

SCORE: Final = "recall_score"

TRUST: Final = 30.0
"""How firmly the recipe's own powers are held: few held-out choices hardly move them."""


SAME: Final = 1e-3
"""Spread of a factor's logarithms below which it says the same of every row: it keeps its power,
which would grow without measure to make something of rounding."""


def fitted_blend(
    ranker: Ranker, valid: Examples, target: str, given: Mapping[str, float]
) -> dict[str, float]:
    """Powers under which rows with the target are the likeliest of their requests.

    A conditional logit on logarithms of the factors, held to the powers that are `given` as the
    fusion of channels is held to everybody's. Powers of objectives and of recall are not below 0;
    that of the price may be. Where no row has the target, the given powers stay, and that of a
    factor that is alike for all rows.

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
    powers = {name: given.get(name, 0.0) for name in logs}
    names = [name for name, score in logs.items() if score.std() > SAME]
    if names:
        found = chosen_by(
            np.stack([logs[name] for name in names], axis=1),
            valid.batch.request,
            valid.labels[target] > 0,
            np.array([powers[name] for name in names]),
            TRUST,
            positive=np.array([name != PRICE for name in names]),
        )
        powers |= {name: round(float(power), 4) for name, power in zip(names, found, strict=True)}
    return powers
