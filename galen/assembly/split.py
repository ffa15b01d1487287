"""Protocols: which events are learned from, which are chosen on, and which are only counted.

- `strict`: weights from items[:-2], choices on item[-2], test on item[-1] with items[:-1] known.
- `refit`: as strict, then channels learn again from items[:-1].
- `global-time`: three windows of equal length at the end of the shop's time; each is predicted
  from what was known when it began.
- `full`: nothing is held out; for the bundle that a shop serves.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from galen.data.arrays import Ints
from galen.data.dataset import Dataset
from galen.data.mendable import MendableError
from galen.data.schema import TAKEN

Protocol = Literal["strict", "refit", "global-time", "full"]
PROTOCOLS: Final[tuple[Protocol, ...]] = ("strict", "refit", "global-time", "full")


class SplitError(MendableError):
    """A shop's events cannot be split as asked; the message says why and what would work."""


@dataclass(frozen=True)
class Moment:
    """A past point of each user's life: what could be known then, and what they took next."""

    fit: Dataset  # what channels may learn from
    past: Dataset  # what the feature store knows when it is asked
    users: Ints  # (R,) who took something next
    at: Ints  # (R,) when they are asked
    truth_request: Ints  # (T,) row of `users`
    truth_item: Ints  # (T,)
    after: int | None = None  # start of the window, where the protocol is global-time


@dataclass(frozen=True)
class Split:
    """Moments to learn from, to choose on and to count on, as a protocol cuts them."""

    protocol: Protocol
    train: tuple[Moment, ...]  # newest first
    valid: Moment
    test: Moment | None
    final: Dataset  # what the channels of the bundle learn from


def split_by(
    protocol: Protocol, data: Dataset, *, moments: int = 1, users: int = 50_000, seed: int = 0
) -> Split:
    """Split a shop's events; at most `users` drawn by seed are asked at each moment.

    Raises:
        SplitError: the shop has no clock for a split by time, or too little to hold out.
    """
    if protocol == "global-time" or (protocol == "full" and data.clock == "time"):
        split = _by_time(protocol, data, moments)
    else:
        split = _by_place(protocol, data.of(*TAKEN), moments)
    random = np.random.default_rng(seed)
    return Split(
        protocol,
        tuple(of_some(moment, users, random) for moment in split.train),
        of_some(split.valid, users, random),
        split.test,
        split.final,
    )


def _by_place(protocol: Protocol, taken: Dataset, moments: int) -> Split:
    shift = 0 if protocol == "full" else 1

    def moment(last: int) -> Moment:
        return _next_item(taken, fit=taken.without_last(last), last=last)

    valid = moment(1 + shift)
    train = tuple(moment(2 + shift + older) for older in range(moments))
    if not len(valid.users) or not any(len(m.users) for m in train):
        raise SplitError("too few events: leave-one-out needs users with at least 4 of them.")
    if protocol == "full":
        return Split(protocol, train, valid, None, taken)
    final = taken.without_last(2 if protocol == "strict" else 1)
    return Split(protocol, train, valid, _next_item(taken, fit=final, last=1), final)


def _next_item(taken: Dataset, *, fit: Dataset, last: int) -> Moment:
    target = taken.nth_last(last)
    past = taken.without_last(last)
    users = target.user.astype(np.int64)
    at = np.maximum(target.at, past.after[users])  # of the same moment, the earlier ones are known
    rows = np.arange(len(users))
    return Moment(fit, past, users, at, rows, target.item.astype(np.int64))


def _by_time(protocol: Protocol, data: Dataset, moments: int) -> Split:
    if data.clock != "time":
        raise SplitError(
            "global-time needs timestamps; this shop knows only the order of each history. "
            "Use --protocol strict or refit."
        )
    if not len(data):
        raise SplitError(
            "the shop has no events to learn from; import it with a file that has some."
        )
    first, last = int(data.at.min()), int(data.at.max()) + 1
    window = (last - first) // 10
    held_out = 1 if protocol == "full" else 2
    if window == 0:
        raise SplitError("all events have the same time; there is no past to learn from.")

    def moment(windows_back: int) -> Moment:
        return _window(data, last - windows_back * window, window)

    train = tuple(moment(held_out + 1 + older) for older in range(min(moments, 5)))
    valid = moment(held_out)
    if not len(valid.users) or not any(len(m.users) for m in train):
        raise SplitError("too few events in the last windows of the shop's time to learn from.")
    if protocol == "full":
        return Split(protocol, train, valid, None, data)
    return Split(protocol, train, valid, moment(1), data.before(last - window))


def _window(data: Dataset, start: int, length: int) -> Moment:
    past = data.before(start)
    taken = data.since(start).before(start + length).of(*TAKEN)
    pairs = np.unique(np.stack([taken.user, taken.item], axis=1).astype(np.int64), axis=0)
    users, request = np.unique(pairs[:, 0], return_inverse=True)
    at = np.full(len(users), start, np.int64)
    return Moment(past, past, users, at, request.astype(np.int64), pairs[:, 1], start)


def of_some(moment: Moment, count: int, random: np.random.Generator) -> Moment:
    """A moment of `count` of its people at most, drawn."""
    if len(moment.users) <= count:
        return moment
    rows = np.sort(random.choice(len(moment.users), count, replace=False))
    inside = np.isin(moment.truth_request, rows)
    request = np.searchsorted(rows, moment.truth_request[inside])
    return Moment(
        moment.fit,
        moment.past,
        moment.users[rows],
        moment.at[rows],
        request,
        moment.truth_item[inside],
        moment.after,
    )


def known_before(protocol: Protocol, data: Dataset, *, moments: int = 1) -> Dataset:
    """What the oldest moment of a training knows: a table made from it tells no lesson its answer.

    Raises:
        SplitError: see `split_by`.
    """
    return split_by(protocol, data, moments=moments).train[-1].fit


def protocol_named(name: str) -> Protocol:
    """The protocol of this name.

    Raises:
        SplitError: there is none.
    """
    for protocol in PROTOCOLS:
        if protocol == name:
            return protocol
    raise SplitError(f"protocol {name!r} is not one of {', '.join(PROTOCOLS)}.")
