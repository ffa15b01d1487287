"""Moments and spans of time as steps that a table can have a row for; moments are UTC seconds."""

from typing import Final

import torch
from torch import Tensor

SPANS: Final = 64
"""Logarithmic steps of the time between two events, as of HSTU; the last is above five years."""

GROWTH: Final = 0.301
"""From one step to the next, in natural logarithms: each is about a third longer."""

_DAY, _YEAR = 86_400, 31_556_952  # seconds; a mean Gregorian year


def span_step(seconds: Tensor) -> Tensor:
    """0 … SPANS - 1 of spans in seconds."""
    steps = torch.log1p(seconds.clamp_min(0).to(torch.float32)) / GROWTH
    return steps.long().clamp_max(SPANS - 1)


def gap_step(at: Tensor, place: Tensor) -> Tensor:
    """(T,): 1 … SPANS of the time since the event before, 0 at the first place of a history."""
    return (1 + span_step(torch.diff(at, prepend=at[:1]))).masked_fill(place == 0, 0)


def hour(at: Tensor) -> Tensor:
    """0 … 23."""
    return (at % _DAY // 3600).long()


def weekday(at: Tensor) -> Tensor:
    """0 … 6, Monday first."""
    return (at // _DAY + 3).long() % 7  # the epoch was a Thursday


def season(at: Tensor) -> Tensor:
    """0 … 11: the twelfth of the year, from new year on."""
    return (at % _YEAR * 12 // _YEAR).long()
