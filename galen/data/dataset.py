"""A window of events with the catalogue they speak about, as columns sorted by user and moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Bools, Floats, Ints
from galen.data.catalogue import Catalogue
from galen.data.columns import numbers_of
from galen.data.enriched import Extent, enriched_folder
from galen.data.manifest import Clock
from galen.data.schema import Kind
from galen.data.shop import Shop


@dataclass(frozen=True)
class Dataset:
    """What recall channels learn from. Rows are sorted by (user, at), ties in the order that the
    source tells, then in that of arrival.

    `at` is microseconds since the epoch where the clock is "time". Where it is "order", `at` is how
    many steps of the user came before, whatever numbers the shop's source gave them (from 1, with
    gaps, lines of a file); moments of two users cannot be compared then.
    """

    catalogue: Catalogue
    clock: Clock
    users: int  # number of users; ids are 0 … users-1
    user: npt.NDArray[np.int32]  # (E,)
    item: npt.NDArray[np.int32]  # (E,)
    kind: npt.NDArray[np.int8]  # (E,)
    at: Ints  # (E,)
    value: Floats | None = None  # (E,)
    quantity: Floats | None = None  # (E,)
    surface: npt.NDArray[np.int8] | None = None  # (E,) schema.Surface, -1 where not known
    age: Floats | None = None  # (users,) years; NaN where unknown
    life_stage: list[str | None] | None = None  # (users,)
    sex: list[str | None] | None = None  # (users,)
    region: list[str | None] | None = None  # (users,)
    household: Floats | None = None  # (users,) people who live there; NaN where unknown
    enriched: Path | None = None  # the folder of tables that language models wrote
    reach: Extent | None = None  # of the events that these stand for, where some were changed
    held_back: int = 0  # the newest events of each user that are not among these

    @classmethod
    def read(cls, shop: Shop, kinds: Iterable[Kind] | None = None) -> "Dataset":
        """Read a shop's events of the given kinds; all kinds where none are given."""
        moments = ["timestamp", "order"] if shop.clock == "time" else ["order"]
        table = shop.read(
            "events", ["user", "item", "kind", *moments, "value", "quantity", "surface"]
        )
        at = np.asarray(pc.cast(table[moments[0]], pa.int64()), dtype=np.int64)
        user = np.asarray(table["user"], dtype=np.int32)
        order = in_order(table, shop.clock)
        users = shop.read("users", ["age", "life_stage", "sex", "region", "household_size"])
        data = cls(
            catalogue=Catalogue.read(shop),
            clock=shop.clock,
            users=shop.rows("users"),
            user=user[order],
            item=np.asarray(table["item"], dtype=np.int32)[order],
            kind=np.asarray(table["kind"], dtype=np.int8)[order],
            at=at[order],
            value=np.asarray(pc.fill_null(table["value"], np.nan), dtype=np.float64)[order],
            quantity=np.asarray(pc.fill_null(table["quantity"], np.nan), dtype=np.float64)[order],
            surface=np.asarray(pc.fill_null(table["surface"], -1), dtype=np.int8)[order],
            age=numbers_of(users["age"]),
            life_stage=users["life_stage"].to_pylist(),
            sex=users["sex"].to_pylist(),
            region=users["region"].to_pylist(),
            household=numbers_of(users["household_size"]),
            enriched=enriched_folder(shop.folder),
        )
        if shop.clock == "order":
            data = replace(data, at=data.step)
        return data if kinds is None else data.of(*kinds)

    def __len__(self) -> int:
        return len(self.user)

    @property
    def packs(self) -> Floats:
        """(E,) packs that were bought at once; one where that is not told."""
        told = np.ones(len(self)) if self.quantity is None else self.quantity
        return np.where(told > 0, told, 1.0)  # NaN is not above 0

    @property
    def extent(self) -> Extent:
        """How far these events reach, or those that they stand for."""
        if self.reach is not None:
            return self.reach
        return Extent(len(self), int(self.at.max(initial=0)), self.held_back)

    @cached_property
    def offsets(self) -> Ints:
        """(users + 1,): the events of user u are rows offsets[u] … offsets[u + 1]."""
        return np.searchsorted(self.user, np.arange(self.users + 1)).astype(np.int64)

    @cached_property
    def length(self) -> Ints:
        """(users,): events of each user."""
        return np.diff(self.offsets)

    @cached_property
    def place(self) -> Ints:
        """(E,): place of each event in its user's history, 0 first."""
        return np.arange(len(self)) - self.offsets[self.user]

    @cached_property
    def step(self) -> Ints:
        """(E,): events of its user before each one; to be shown something is no step."""
        steps = (self.kind != Kind.IMPRESSION).astype(np.int64)
        before = np.cumsum(steps) - steps
        return np.asarray(before - before[self.offsets[self.user]])

    @cached_property
    def after(self) -> Ints:
        """(users,): the first moment at which all of a user's events are past; 0 without any."""
        moment = np.zeros(self.users, np.int64)
        moment[self.user] = self.at + 1  # sorted by moment: the newest stays
        return moment

    def take(self, rows: Bools) -> "Dataset":
        """The events where `rows` is true."""
        return replace(
            self,
            user=self.user[rows],
            item=self.item[rows],
            kind=self.kind[rows],
            at=self.at[rows],
            value=None if self.value is None else self.value[rows],
            quantity=None if self.quantity is None else self.quantity[rows],
            surface=None if self.surface is None else self.surface[rows],
            reach=None,
        )

    def of(self, *kinds: Kind) -> "Dataset":
        """The events of these kinds."""
        return self.take(np.isin(self.kind, [int(k) for k in kinds]))

    def before(self, at: int) -> "Dataset":
        """What was known just before a moment; only for the clock "time"."""
        return self.take(self.at < at)

    def since(self, at: int) -> "Dataset":
        """The events at a moment and after it, in the shop's clock."""
        return self.take(self.at >= at)

    def without_last(self, count: int) -> "Dataset":
        """Each user's history without its last `count` events."""
        left = self.take(self.place < self.length[self.user] - count)
        return replace(left, held_back=self.held_back + count)

    def pairs(self, most: int) -> Iterator[tuple[int, Ints, Ints]]:
        """How many events lie from one to the other (1 … `most`), and the rows of all two events of
        one user that lie so far apart: the earlier ones (P,), the later ones (P,).
        """
        for distance in range(1, most + 1):
            earlier = np.flatnonzero(self.user[distance:] == self.user[:-distance])
            yield distance, earlier, earlier + distance

    def nth_last(self, n: int) -> "Dataset":
        """Each user's n-th last event (1 is the last); users with fewer have none."""
        return self.take(self.place == self.length[self.user] - n)


def in_order(events: pa.Table, clock: Clock) -> Ints:
    """Rows of events by person and moment, ties in the order that the source tells."""
    keys: list[npt.NDArray[Any]] = [np.asarray(events["user"])]
    if clock == "time":
        keys = [np.asarray(pc.cast(events["timestamp"], pa.int64())), *keys]
    if events["order"].null_count < len(events):
        told = pc.fill_null(events["order"], np.iinfo(np.int64).max)
        keys = [np.asarray(told, dtype=np.int64), *keys]
    return np.lexsort(keys)
