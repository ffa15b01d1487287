"""From scores to probabilities that hold: what is said to happen in 2 of 100 cases does.

Platt, "Probabilistic Outputs for Support Vector Machines", 1999.
"""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec
import numpy as np

from galen.data.arrays import Floats

Method = Literal["platt", "isotonic"]


_LEAST: Final = 1e-6
"""The least slope of a line: a falling one would turn the order of scores round."""


class Platt(msgspec.Struct, frozen=True, tag="platt"):
    """sigmoid(slope · score + offset); keeps the order of scores."""

    slope: float
    offset: float

    def probability(self, score: Floats) -> Floats:
        """(N,) of scores (N,), as the model gave them."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * score + self.offset))))


class Isotonic(msgspec.Struct, frozen=True, tag="isotonic"):
    """A rising line through knots; makes ties where the evidence is flat."""

    score: tuple[float, ...]
    value: tuple[float, ...]

    def probability(self, score: Floats) -> Floats:
        """(N,) of scores (N,); beyond the knots it is that of the nearest one."""
        return np.interp(score, self.score, self.value)


Calibrator = Platt | Isotonic


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores become probabilities on held-out rows."""

    method: Method = "platt"

    def fit(self, score: Floats, label: Floats, weight: Floats) -> Calibrator:
        """Learn from held-out rows; one class gives its share, no rows the scores as they are."""
        from sklearn.isotonic import IsotonicRegression
        from sklearn.linear_model import LogisticRegression

        if not len(label):
            return Platt(1.0, 0.0)
        if label.min() == label.max():
            share = (float((label * weight).sum()) + 1) / (float(weight.sum()) + 2)
            return Platt(0.0, float(np.log(share / (1 - share))))
        if self.method == "isotonic":
            found = IsotonicRegression(y_min=1e-6, y_max=1 - 1e-6, out_of_bounds="clip")
            found.fit(score, label, sample_weight=weight)
            return Isotonic(
                tuple(map(float, found.X_thresholds_)), tuple(map(float, found.y_thresholds_))
            )
        fitted = LogisticRegression(C=1e6).fit(score[:, None], label, sample_weight=weight)
        slope = float(fitted.coef_[0, 0])
        if slope > _LEAST:
            return Platt(slope, float(fitted.intercept_[0]))
        share = np.clip(np.average(label, weights=weight), 1e-6, 1 - 1e-6)  # it may have no weight
        middle = _LEAST * float(np.average(score, weights=weight))
        return Platt(_LEAST, float(np.log(share / (1 - share))) - middle)
