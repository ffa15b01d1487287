"""Histories of a shop or of requests as the columns that sequence networks read."""

from collections.abc import Collection
from typing import Final, Literal

import numpy as np
import torch

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.schema import Kind, Surface
from galen.nn.sequences.context import UNTIMED, Asked, Key, Tokens
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut
from galen.pipeline.candidates import Histories, Requests

Taken = Literal["click", "cart", "purchase", "rating"]

EVERY: Final[tuple[Taken, ...]] = ("click", "cart", "purchase", "rating")
"""Names of the kinds of events that say that a person wanted the item."""


def columns_of(data: Dataset, kinds: Collection[Taken] = EVERY) -> Columns:
    """What people took; those who took fewer than two items teach nothing."""
    taken = data.of(*_kinds(kinds))
    columns = Columns(
        taken.offsets,
        taken.item.astype(np.int64),
        taken.kind.astype(np.int64),
        seconds(taken.at, timed=data.clock == "time"),
        None if taken.surface is None else taken.surface.astype(np.int64),
        np.arange(data.users),
    )
    return columns.of(np.flatnonzero(np.diff(columns.offsets) >= 2))


def tokens_of(gaps: bool, context: tuple[Key, ...], *, timed: bool) -> Tokens:
    """What is read beside items; what needs a clock is left out where only the order is known."""
    kept = context if timed else tuple(key for key in context if key in UNTIMED)
    return Tokens(len(Kind), len(Surface), gaps and timed, kept)


def some_bought(columns: Columns) -> bool:
    """Are some events purchases, and some not, so that buying can be learned?"""
    bought = columns.kind == Kind.PURCHASE
    return bool(bought.any() and not bought.all())


def seconds(at: Ints, *, timed: bool) -> Floats:
    """Moments of a shop's clock in seconds; 0 where only the order is known."""
    return at / 1e6 if timed else np.zeros(len(at))


def held_out(columns: Columns, people: int, seed: int) -> tuple[Columns, HeldOut]:
    """Columns without the newest event of some people with three events or more, and those.

    No more than a fifth of people is held out, and no fewer than one person. Where nobody has three
    events, those with two are judged and teach nothing.
    """
    lengths = np.diff(columns.offsets)
    able = np.flatnonzero(lengths >= min(3, lengths.max()))
    count = max(1, min(people, len(able), len(lengths) // 5))
    chosen = np.sort(np.random.default_rng(seed).choice(able, count, replace=False))
    newest = columns.offsets[1:][chosen] - 1
    kept = np.ones(len(columns.item), bool)
    kept[newest] = False
    learning = columns.take(kept)
    return learning, HeldOut(learning.of(chosen), columns.item[newest], columns.moments(newest))


def lessons_of(
    columns: Columns, people: int, seed: int, *, judged: bool
) -> tuple[Columns, HeldOut | None]:
    """What teaches of histories, and who is held out of them; nobody unless `judged`.

    Only these tell which items are learned: one that stands nowhere but where it is held out is as
    one that nobody took.
    """
    if not judged or not len(columns.item):
        return columns, None
    learning, kept = held_out(columns, people, seed)
    return learning.of(np.flatnonzero(np.diff(learning.offsets) >= 2)), kept


def columns_of_requests(
    history: Histories,
    items: int,
    length: int,
    *,
    timed: bool,
    kinds: Collection[Taken] = EVERY,
) -> Columns:
    """The newest `length` events of these kinds with items that are among the first `items`."""
    rows = (history.item < items) & np.isin(history.kind, _kinds(kinds))
    known = history.take(rows).latest(length)
    return Columns(known.offsets, known.item, known.kind, seconds(known.at, timed=timed))


def asked_by(requests: Requests, people: Ints, *, timed: bool, users: int | None = None) -> Asked:
    """When and where some requests (P,) ask, and for whom: of rows from `users` on, for nobody.

    People who came after a network had learned share no token of those it learned from.
    """
    at = seconds(requests.at[people], timed=timed)
    surface = requests.surface[people].astype(np.int64)
    user = requests.user[people].astype(np.int64)
    user = user if users is None else np.where(user < users, user, -1)
    return Asked(*map(torch.from_numpy, (at, surface, user)))


def _kinds(names: Collection[Taken]) -> list[Kind]:
    return [Kind[name.upper()] for name in names]
