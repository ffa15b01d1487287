"""A power law with a floor, fitted to losses at growing compute: E + A · C^-α.

Kaplan et al., "Scaling Laws for Neural Language Models", 2020; the floor as in Hoffmann et al.,
"Training Compute-Optimal Large Language Models", 2022.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from galen.data.arrays import Bools, Floats
from galen.rank.resampling import ends

EXPONENTS = np.geomspace(0.005, 2.0, 120)


@dataclass(frozen=True)
class PowerLaw:
    """loss(C) = floor + scale · (C / unit)^-exponent."""

    floor: float
    scale: float
    exponent: float
    unit: float  # compute by which C is divided, so that numbers stay of a size

    def at(self, compute: Floats | float) -> Floats:
        """The loss at a compute."""
        return np.asarray(
            self.floor + self.scale * (np.asarray(compute) / self.unit) ** -self.exponent
        )


@dataclass(frozen=True)
class Fitted:
    """A law with the laws of bootstrap draws of its points."""

    law: PowerLaw
    draws: tuple[PowerLaw, ...]
    flat: bool  # is a falling loss not told from a level one?

    def interval(self, name: str) -> tuple[float, float]:
        """95 % of the draws of floor, scale or exponent."""
        return _interval([getattr(draw, name) for draw in self.draws])

    def at(self, compute: float) -> tuple[float, float, float]:
        """The loss at a compute, and 95 % of the draws of it."""
        return (float(self.law.at(compute)), *_interval([float(d.at(compute)) for d in self.draws]))

    def gain_per_doubling(self, compute: float) -> tuple[float, float, float]:
        """The share by which twice the compute lowers the loss, and 95 % of the draws."""
        return (_gain(self.law, compute), *_interval([_gain(d, compute) for d in self.draws]))


def fit_power_law(
    compute: Floats, loss: Floats, *, seed: int, draws: int = 500, floor: float | None = None
) -> Fitted:
    """The law of least squares, the spread of its bootstrap over points.

    `floor` fixes the loss that cannot be beaten, where it is known.

    Raises:
        ValueError: there are fewer than four points, or of fewer than three amounts of compute.
    """
    if len(compute) < 4:
        raise ValueError(f"a law needs four points or more, there are {len(compute)}.")
    if len(np.unique(compute)) < 3:
        raise ValueError("a law needs points of three amounts of compute or more.")
    unit = float(compute.min())
    law = _least_squares(compute, loss, unit, floor)
    random = np.random.default_rng(seed)
    fits: list[PowerLaw] = []
    slopes: list[float] = []
    while len(fits) < draws:
        rows = random.integers(0, len(compute), len(compute))
        if len(np.unique(compute[rows])) < 3:
            continue
        fits.append(_least_squares(compute[rows], loss[rows], unit, floor))
        slopes.append(float(np.polyfit(np.log(compute[rows]), loss[rows], 1)[0]))
    flat = _interval(slopes)[1] >= 0
    return Fitted(law, tuple(fits), flat)


def frontier(compute: Floats, loss: Floats) -> Bools:
    """(N,): points that no point of as much compute or less is better than."""
    order = np.lexsort((loss, compute))
    best = np.minimum.accumulate(loss[order])
    kept = np.zeros(len(loss), bool)
    kept[order] = loss[order] <= np.concatenate([[np.inf], best[:-1]])
    return kept


def _least_squares(compute: Floats, loss: Floats, unit: float, floor: float | None) -> PowerLaw:
    """For each exponent the rest is linear; the best of the exponents is taken."""
    best, law = float("inf"), PowerLaw(float(loss.mean()), 0.0, 1.0, unit)
    for exponent in EXPONENTS:
        curve = (compute / unit) ** -exponent
        if floor is None:
            found, left = nnls(np.stack([np.ones_like(curve), curve], axis=1), loss)
            base, scale = float(found[0]), float(found[1])
            rest = float(left)
        else:
            base = floor
            scale = max(float(curve @ (loss - floor)) / float(curve @ curve), 0.0)
            rest = float(np.linalg.norm(loss - floor - scale * curve))
        if rest < best - 1e-12:
            best, law = rest, PowerLaw(base, scale, float(exponent), unit)
    return law


def _gain(law: PowerLaw, compute: float) -> float:
    now, then = float(law.at(compute)), float(law.at(2 * compute))
    return (now - then) / now


def _interval(values: list[float]) -> tuple[float, float]:
    low, high = ends(np.array(values)[:, None])
    return float(low[0]), float(high[0])
