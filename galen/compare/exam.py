"""The one question that every recipe of a comparison is asked, and the gate that all pass."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.parts import Parts
from galen.assembly.split import Moment, Protocol, Split, SplitError, of_some, split_by
from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import places_of
from galen.data.schema import TAKEN, Surface
from galen.data.shop import Shop
from galen.eligibility.guard import Guard
from galen.evaluate.guarded import Guarded
from galen.evaluate.offline import Question, ShownSlates, shown_by
from galen.evaluate.slices import Slice
from galen.pipeline.candidates import stacked
from galen.pipeline.pipeline import Pipeline
from galen.serve.answering.fallback import popular_pipeline
from galen.serve.answering.wanted import Wanted
from galen.serve.messages import SlateFilter

SLICE: Final = "slice: "
"""What the names of columns begin with that say who is in a slice."""

USER: Final = "user"

BLOCK: Final = 512  # requests that popular items are shown to at once

FIRST: Final = "first"
"""The column of the items of a slate's first places, -1 where it is shorter."""

DRAWN: Final = 3000
"""Who is asked at most, drawn by seed, where the answer is not what recipes are judged by."""


@dataclass(frozen=True)
class Exam:
    """A question with what its people declare, over the catalogue of the split."""

    split: Split
    question: Question
    guard: Guard

    @classmethod
    def of(cls, shop: Shop, split: Split, people: PeopleColumns, *, pack: str, seed: int) -> "Exam":
        """Put the held-out part of a split as requests that know what their people declare.

        Raises:
            SplitError: the protocol holds nothing out.
            PackError: the pack cannot be used.
        """
        if split.test is None or not len(split.test.users):
            raise SplitError(
                f"protocol {split.protocol!r} holds nothing out to compare on; use strict, refit "
                "or global-time."
            )
        guarded = Guarded(Guard.of(split.final.catalogue, pack=pack), shop.read("users"))
        asked = guarded.question(Question.of(split.test, people, seed=seed))
        slices = [*asked.slices, *_by_surface(shop, split.test)]
        slices = [part for part in slices if part.requests.any()]
        return cls(split, replace(asked, slices=slices), guarded.guard)

    @classmethod
    def again(
        cls, shop: Shop, protocol: Protocol, *, pack: str, seed: int, people: int | None = None
    ) -> "Exam":
        """The same exam for parts that have learned before, of `people` drawn ones at most."""
        split = split_by(protocol, Dataset.read(shop), seed=seed)
        if people is not None and split.test is not None:
            random = np.random.default_rng(seed)
            split = replace(split, test=of_some(split.test, people, random))
        return cls.of(shop, split, PeopleColumns.read(shop), pack=pack, seed=seed)

    def unguarded(self, parts: Parts) -> Pipeline:
        """The recommender as its recipe says, without the gate."""
        return parts.pipeline(self.split.final.catalogue, self.question.store)

    def served(self, parts: Parts) -> Pipeline:
        """The recommender as it would be served: through the gate."""
        return self.guard.gate.guard(self.unguarded(parts))

    def shown(self, parts: Parts, *, depth: int) -> ShownSlates:
        """What would be served: popular items stand in where the recipe has nothing to show."""
        pipeline, requests = self.served(parts), self.question.requests
        own = shown_by(pipeline, requests, depth=depth)
        without = np.setdiff1d(np.arange(len(requests)), own.slates.request)
        wanted = Wanted(self.split.final.catalogue, SlateFilter())
        popular = popular_pipeline(pipeline, self.question.popularity, wanted)
        found = [own.slates]
        for start in np.unique(without // BLOCK) * BLOCK:
            part = requests.part(start, min(start + BLOCK, len(requests)))
            rows = shown_by(popular, part, depth=depth).slates
            rows = replace(rows, request=rows.request + start)
            found.append(rows.take(np.isin(rows.request, without)))
        slates = stacked(found)
        order = np.argsort(slates.request, kind="stable")
        return ShownSlates(slates.take(order), own.degraded)


def table_of(question: Question, metrics: Mapping[str, Floats], first: Ints) -> pa.Table:
    """Who was asked, each metric, the first items shown and who is in which slice, by request."""
    slices = {f"{SLICE}{part.name}": part.requests for part in question.slices}
    flat = pa.array(first.astype(np.int32).ravel())
    items = pa.FixedSizeListArray.from_arrays(flat, first.shape[1])
    return pa.table({USER: question.requests.user, **metrics, FIRST: items, **slices})


def first_in(table: pa.Table) -> Ints | None:
    """(R, places) the first items that `table_of` wrote; None in tables of before it did."""
    if FIRST not in table.column_names:
        return None
    flat = [np.asarray(chunk.flatten(), dtype=np.int64) for chunk in table[FIRST].chunks]
    return np.concatenate(flat).reshape(len(table), -1)


def slices_in(table: pa.Table) -> list[Slice]:
    """The slices that `table_of` wrote."""
    return [
        Slice(name.removeprefix(SLICE), np.asarray(table[name], dtype=bool))
        for name in table.column_names
        if name.startswith(SLICE)
    ]


def _by_surface(shop: Shop, moment: Moment) -> list[Slice]:
    """By the surface on which people took what they took, where the shop says where that was."""
    column = shop.read("events", ["surface"])["surface"]
    if column.null_count == len(column):
        return []
    surface = surface_of_truth(Dataset.read(shop, TAKEN), moment)
    parts = []
    for one in Surface:
        inside: Bools = np.zeros(len(moment.users), bool)
        inside[moment.truth_request[surface == int(one)]] = True
        parts.append(Slice(f"surface {one.name.lower()}", inside))
    return [part for part in parts if part.requests.any()]


def surface_of_truth(taken: Dataset, moment: Moment) -> Ints:
    """(T,): the surface of the first event that a true item stands for; -1 where not known."""
    rows = taken.nth_last(1) if moment.after is None else taken.since(moment.after)
    assert rows.surface is not None
    width = len(taken.catalogue)
    keys, first = np.unique(rows.user.astype(np.int64) * width + rows.item, return_index=True)
    if not len(keys):
        return np.full(len(moment.truth_item), -1)
    wanted = moment.users[moment.truth_request] * width + moment.truth_item
    place = places_of(keys, wanted)
    return np.where(place >= 0, rows.surface[first[place]].astype(np.int64), -1)
