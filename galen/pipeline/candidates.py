"""The nouns of a recommendation: requests come in, candidates flow through.

Ids are integers inside, strings only at the edge. One request is a batch of one, so the online
path and the offline path run the same code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from galen.data.arrays import Bools, Floats, Ints, Singles
from galen.data.lookup import place_within
from galen.data.schema import TAKEN
from galen.pipeline.circumstances import Circumstances
from galen.pipeline.kept import KeptStates

_TAKEN = np.array([int(kind) for kind in TAKEN])


@dataclass(frozen=True, slots=True)
class Histories:
    """What each request's person did, oldest first, packed without padding."""

    offsets: Ints  # (R + 1,): the events of request r are rows offsets[r] … offsets[r + 1]
    item: Ints  # (H,)
    kind: Ints  # (H,) galen.data.schema.Kind
    at: Ints  # (H,)
    quantity: Floats | None = None  # (H,) packs that were bought at once; None is one each

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def packs(self) -> Floats:
        """(H,) packs that were bought at once."""
        return np.ones(len(self.item)) if self.quantity is None else self.quantity

    @property
    def length(self) -> Ints:
        """(R,): how many events each request has."""
        return self.offsets[1:] - self.offsets[:-1]

    @property
    def request(self) -> Ints:
        """(H,): the request that each event belongs to."""
        return np.repeat(np.arange(len(self)), self.length)

    @property
    def age_rank(self) -> Ints:
        """(H,): 0 for a person's newest event, 1 for the one before it …"""
        return np.repeat(self.offsets[1:], self.length) - 1 - np.arange(len(self.item))

    def latest(self, count: int) -> "Histories":
        """The newest `count` events of each request."""
        return self.take(self.age_rank < count)

    def take(self, rows: Bools) -> "Histories":
        """The events where `rows` (H,) is true."""
        length = np.bincount(self.request[rows], minlength=len(self))
        offsets = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
        quantity = None if self.quantity is None else self.quantity[rows]
        return Histories(offsets, self.item[rows], self.kind[rows], self.at[rows], quantity)


def no_histories(requests: int) -> Histories:
    """The histories of people of whom nothing is known."""
    empty = np.empty(0, np.int64)
    return Histories(np.zeros(requests + 1, np.int64), empty, empty, empty)


@dataclass(frozen=True, slots=True)
class Requests:
    """R people who ask for a slate at a moment; -1 is a user who is not known."""

    user: Ints  # (R,)
    at: Ints  # (R,) in the shop's clock: microseconds since the epoch, or a place in the history
    history: Histories
    surface: Ints  # (R,) galen.data.schema.Surface
    age: Floats  # (R,) years; NaN where unknown
    region: Sequence[str | None]  # (R,)
    seed: Ints  # (R,) for every random draw made on behalf of the request
    kept: KeptStates | None = None  # where channels keep what they made of these people
    circumstances: Circumstances | None = None  # what is declared of them; None is nothing
    life_stage: Sequence[str | None] | None = None  # (R,); None where no one's is known
    query: Sequence[str | None] | None = None  # (R,) what people ask for, in their words
    impersonal: Bools | None = None  # (R,) may only rules read the age? None is nobody's
    household: Floats | None = None  # (R,) people who live there; NaN where unknown

    def __len__(self) -> int:
        return len(self.user)

    def part(self, start: int, stop: int) -> "Requests":
        """Requests start … stop."""
        history = self.history
        first, last = history.offsets[start], history.offsets[stop]
        return Requests(
            self.user[start:stop],
            self.at[start:stop],
            Histories(
                history.offsets[start : stop + 1] - first,
                history.item[first:last],
                history.kind[first:last],
                history.at[first:last],
                None if history.quantity is None else history.quantity[first:last],
            ),
            self.surface[start:stop],
            self.age[start:stop],
            self.region[start:stop],
            self.seed[start:stop],
            self.kept,
            None if self.circumstances is None else self.circumstances.part(start, stop),
            None if self.life_stage is None else self.life_stage[start:stop],
            None if self.query is None else self.query[start:stop],
            None if self.impersonal is None else self.impersonal[start:stop],
            None if self.household is None else self.household[start:stop],
        )

    @property
    def taste_age(self) -> Floats:
        """(R,) years, as far as channels and rankers may know them; NaN where not."""
        if self.impersonal is None:
            return self.age
        return np.where(self.impersonal, np.nan, self.age)

    @property
    def taken(self) -> Histories:
        """The part of the histories that says what people wanted: no hides, no returns."""
        return self.history.take(np.isin(self.history.kind, _TAKEN))


@dataclass(frozen=True, slots=True)
class Candidates:
    """A flat table, one row per (request, item). Columns only ever grow."""

    request: Ints  # (N,) row of Requests
    item: Ints  # (N,)
    columns: Mapping[str, Floats] = field(default_factory=dict)  # {name: (N,)}

    def __len__(self) -> int:
        return len(self.item)

    def with_columns(self, columns: Mapping[str, Floats]) -> "Candidates":
        """The same rows with more columns.

        Raises:
            ValueError: a column has another length than the rows.
        """
        for name, values in columns.items():
            if values.shape != self.item.shape:
                raise ValueError(f"column {name!r} has {values.shape}, rows are {self.item.shape}")
        return replace(self, columns={**self.columns, **columns})

    def take(self, rows: Ints | Bools | slice) -> "Candidates":
        """The rows at these places, in this order."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return Candidates(self.request[rows], self.item[rows], columns)

    def top(self, k: int, by: str) -> "Candidates":
        """The best k rows of each request, best first; equal scores are ordered by item."""
        order = np.lexsort((self.item, -self.columns[by], self.request))
        return self.take(order[place_within(self.request[order]) < k])


@dataclass(frozen=True, slots=True)
class Batch:
    """What a ranker sees. The user side is kept once, however many rows share it."""

    request: Ints  # (N,) row of per_request
    per_request: Mapping[str, Singles]  # {feature: (R,)}
    per_row: Mapping[str, Singles]  # {feature: (N,)}
    ids: Mapping[str, Ints] = field(default_factory=dict)  # {category: (N,)}, -1 where not known
    history: Histories | None = None  # of each request
    history_ids: Mapping[str, Ints] = field(default_factory=dict)  # {category: (H,)}

    def __len__(self) -> int:
        return len(self.request)

    @property
    def requests(self) -> int:
        """How many requests there are, with or without rows."""
        if self.history is not None:
            return len(self.history)
        shared = (len(column) for column in self.per_request.values())
        return max(1 + int(self.request.max(initial=-1)), next(shared, 0))

    def matrix(self, names: Sequence[str]) -> Singles:
        """(N, features) in the order of `names`.

        Raises:
            KeyError: a feature is not in the batch.
        """
        out = np.empty((len(self), len(names)), np.float32)
        for place, name in enumerate(names):
            shared = self.per_request.get(name)
            out[:, place] = self.per_row[name] if shared is None else shared[self.request]
        return out


def under_each_other(batches: Sequence[Batch]) -> Batch:
    """Batches with the same columns as one; their requests stay apart. There is at least one."""
    first = batches[0]
    sizes = [batch.requests for batch in batches]
    starts = np.cumsum([0, *sizes])[:-1]

    def over(name: str) -> Any:
        maps = [getattr(batch, name) for batch in batches]
        return {key: np.concatenate([m[key] for m in maps]) for key in getattr(first, name)}

    histories = [batch.history for batch in batches if batch.history is not None]
    return Batch(
        np.concatenate([b.request + s for b, s in zip(batches, starts, strict=True)]),
        over("per_request"),
        over("per_row"),
        over("ids"),
        joined_histories(histories) if first.history is not None else None,
        over("history_ids"),
    )


def joined_histories(histories: Sequence[Histories]) -> Histories:
    """The histories of several batches, one under the other; there is at least one."""
    length = np.concatenate([history.length for history in histories])
    return Histories(
        np.concatenate([[0], np.cumsum(length)]).astype(np.int64),
        np.concatenate([history.item for history in histories]),
        np.concatenate([history.kind for history in histories]),
        np.concatenate([history.at for history in histories]),
        np.concatenate([history.packs for history in histories]),
    )


def stacked(parts: Sequence[Candidates]) -> Candidates:
    """Tables with the same columns, one under the other; there is at least one."""
    return Candidates(
        np.concatenate([p.request for p in parts]),
        np.concatenate([p.item for p in parts]),
        {name: np.concatenate([p.columns[name] for p in parts]) for name in parts[0].columns},
    )


def no_candidates(columns: Sequence[str] = ()) -> Candidates:
    """An empty table."""
    empty = np.empty(0, np.int64)
    return Candidates(empty, empty, {name: np.empty(0) for name in columns})
