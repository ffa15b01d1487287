"""When, where and by whom it is asked what comes next, as vectors that a network reads.

A state in training answers for the event that followed it, so it is told that event's moment and
surface, never its item; at a request it is told the request's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor, nn

from galen.nn.dense import linear
from galen.nn.sequences.jagged import Layout
from galen.nn.sequences.moments import SPANS, hour, season, span_step, weekday
from galen.nn.sequences.user_tokens import bucket_of

Moment = Literal["surface", "hour", "weekday", "season", "since"]
Key = Literal[Moment, "user"]

UNTIMED: Final[tuple[Key, ...]] = ("surface", "user")
"""Keys that need no clock."""

USERS: Final = 2000
"""Tokens that people share (Rajput et al., NeurIPS 2023, take as many)."""

_OF_MOMENT: Final[Mapping[str, tuple[int, Callable[[Tensor], Tensor]]]] = {
    "hour": (24, hour),
    "weekday": (7, weekday),
    "season": (12, season),
}


class Asked(NamedTuple):
    """When, where and by whom it is asked."""

    at: Tensor  # (n,) float64 seconds; all 0 where only the order is known
    surface: Tensor  # (n,) int64, -1 where not known
    user: Tensor  # (n,) int64 rows of users, -1 where not known

    def to(self, device: torch.device) -> "Asked":
        """The same moments, surfaces and users on a device."""
        return Asked(*(column.to(device) for column in self))

    def take(self, rows: Tensor | slice) -> "Asked":
        """Those at these places (m,), in this order."""
        return Asked(*(column[rows] for column in self))

    def spread(self, layout: Layout) -> "Asked":
        """That of each history for each of its events."""
        return self.take(torch.repeat_interleave(torch.diff(layout.offsets)))


@dataclass(frozen=True, slots=True)
class Tokens:
    """What is read beside the items of events.

    `since` is the time from the newest event to the moment asked about; surface is where it is
    asked; `user` is the token of who asks; the other keys are of the calendar in UTC.
    """

    kinds: int  # of what may be done
    surfaces: int
    gaps: bool = False  # the time between an event and the one before it
    context: tuple[Key, ...] = ()


class ContextWords(nn.ModuleList):
    """A vector of each key of what is asked; of zeros where it is not known, and at first."""

    def __init__(self, width: int, tokens: Tokens) -> None:
        sizes = {"surface": tokens.surfaces, "user": USERS, "since": SPANS}
        sizes |= {key: size for key, (size, _) in _OF_MOMENT.items()}
        super().__init__(
            nn.Embedding(sizes[key] + 1, width, padding_idx=0) for key in tokens.context
        )
        self.keys = tokens.context
        for words in self.parameters():
            nn.init.zeros_(words)

    def read(self, at: Tensor, asked: Asked) -> list[Tensor]:
        """(n, width) by key, of n moments asked about after newest events at (n,)."""
        return [words(_code(key, at, asked)) for key, words in zip(self.keys, self, strict=True)]

    def forget(self, key: Key) -> None:
        """Let a key say nothing, as at first; no more where it is not read."""
        for own, words in zip(self.keys, self.parameters(), strict=True):
            if own == key:
                nn.init.zeros_(words)


class Context(nn.Module):
    """States that know when, where and by whom they are asked."""

    def __init__(self, width: int, tokens: Tokens) -> None:
        super().__init__()
        self.words = ContextWords(width, tokens)
        self.mix = nn.Sequential(
            nn.LayerNorm(width), linear(width, 2 * width), nn.SiLU(), linear(2 * width, width)
        )

    def forward(self, states: Tensor, at: Tensor, asked: Asked | None) -> Tensor:
        """(T, width) of states (T, width) after events at (T,); None where nothing is known."""
        if asked is not None:
            states = sum(self.words.read(at, asked), states)
        found: Tensor = states + self.mix(states)
        return found


def _code(key: Key, at: Tensor, asked: Asked) -> Tensor:
    """(T,): 0 where not known."""
    if key == "surface":
        return asked.surface + 1
    if key == "user":
        return bucket_of(asked.user, USERS)
    if key == "since":
        return 1 + span_step(asked.at - at)
    return 1 + _OF_MOMENT[key][1](asked.at)
