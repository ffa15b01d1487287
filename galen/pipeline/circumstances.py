"""What is declared of the people of requests, as far as eligibility asks: rows, never words.

Concepts are rows of the graph of knowledge in use; items are rows of the catalogue.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Packed:
    """Some values of each request, without padding."""

    offsets: Ints  # (R + 1,): those of request r are values[offsets[r] … offsets[r + 1]]
    values: Ints  # (K,)

    @classmethod
    def of(cls, lists: Iterable[Sequence[int]]) -> "Packed":
        """From a list for each request, which may be empty."""
        rows = list(lists)
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return cls(offsets, np.array([value for row in rows for value in row], np.int64))

    @classmethod
    def grouped(cls, request: Ints, values: Ints, requests: int) -> "Packed":
        """Values of requests in any order, as lists of `requests` many."""
        order = np.argsort(request, kind="stable")
        offsets = np.searchsorted(request[order], np.arange(requests + 1)).astype(np.int64)
        return cls(offsets, values[order])

    @property
    def count(self) -> Ints:
        """(R,)"""
        return self.offsets[1:] - self.offsets[:-1]  # np.diff takes several times as long

    @property
    def request(self) -> Ints:
        """(K,): the request that each value belongs to."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.count)

    def part(self, start: int, stop: int) -> "Packed":
        """Those of requests start … stop."""
        first, last = self.offsets[start], self.offsets[stop]
        return Packed(self.offsets[start : stop + 1] - first, self.values[first:last])


@dataclass(frozen=True, slots=True)
class Bought:
    """What the households of requests bought lately, the person's own purchases among it."""

    item: Packed
    ago: Ints  # (K,) microseconds, also where the shop's own clock is the order of events
    quantity: Floats  # (K,) packs

    def part(self, start: int, stop: int) -> "Bought":
        """Those of requests start … stop."""
        first, last = self.item.offsets[start], self.item.offsets[stop]
        return Bought(self.item.part(start, stop), self.ago[first:last], self.quantity[first:last])


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Of R requests. Nothing declared is an empty list, which is not to say that nothing is so."""

    states: Packed  # conditions, populations and life stages: concepts
    medicines: Packed  # ingredients that are taken now: concepts
    allergies: Packed  # ingredients and drug classes: concepts
    prescribed: Packed  # molecules of prescriptions that were shown: concepts
    cart: Packed  # items
    bought: Bought
    unrecognised: Bools  # (R,) was a medicine or allergy named that the graph does not know?
    intolerant: Bools  # (R,) was any allergy named, in words that are known or not?
    shared: Bools  # (R,) may others see the slate: a household's screen, a discreet mode
    refill: Bools  # (R,) is buying again what was bought before the purpose?

    def __len__(self) -> int:
        return len(self.shared)

    def part(self, start: int, stop: int) -> "Circumstances":
        """Of requests start … stop."""
        return Circumstances(
            self.states.part(start, stop),
            self.medicines.part(start, stop),
            self.allergies.part(start, stop),
            self.prescribed.part(start, stop),
            self.cart.part(start, stop),
            self.bought.part(start, stop),
            self.unrecognised[start:stop],
            self.intolerant[start:stop],
            self.shared[start:stop],
            self.refill[start:stop],
        )


def nothing_declared(requests: int) -> Circumstances:
    """Of people who declared nothing and have nothing in the cart."""
    nothing = Packed(np.zeros(requests + 1, np.int64), np.empty(0, np.int64))
    no = np.zeros(requests, bool)
    bought = Bought(nothing, np.empty(0, np.int64), np.empty(0))
    return Circumstances(nothing, nothing, nothing, nothing, nothing, bought, no, no, no, no)
