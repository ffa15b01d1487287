"""A synthetic shop whose people's conditions are known, served in modes that may tell of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.inference_attack import Slates
from benchmarks.many_requests import together
from galen.assembly.bundles.bundle import save_bundle
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.train import train
from galen.data.arrays import Ints
from galen.data.schema import DAY
from galen.data.synthetic.shop import SyntheticSettings, synthesize, true_conditions
from galen.pipeline.channels import ChannelRunner
from galen.serve.messages import RecommendRequest
from galen.serve.service import Service
from galen.serve.settings import Settings

BLOCK: Final = 256  # requests that are answered together


@dataclass(frozen=True, slots=True)
class Mode:
    """How slates are asked for."""

    name: str
    asked: dict[str, Any] = field(default_factory=dict)
    gate: bool = True
    private: bool = False  # must tell nothing
    age: bool = False  # is the person's age sent along?


MODES: Final = (
    Mode("raw", gate=False),
    Mode("personalised"),
    Mode("personalised, discreet", {"discreet": True}),
    Mode("non-personalised", {"mode": "non_personalised"}),
    Mode("age sent, discreet", {"mode": "contextual", "discreet": True}, age=True),
    Mode(
        "non-personalised, discreet", {"mode": "non_personalised", "discreet": True}, private=True
    ),
    Mode(
        "non-personalised, discreet, push",
        {"mode": "non_personalised", "discreet": True, "surface": "push"},
        private=True,
    ),
)
"""Where nothing is sent of a session, contextual is non-personalised."""


@dataclass(frozen=True)
class Shopfront:
    """A served synthetic shop, and what its people have and declare."""

    service: Service
    now: int
    ids: list[str]
    households: list[str]
    had: list[frozenset[str]]
    declared: list[frozenset[str]]

    @classmethod
    def open(cls, folder: Path, settings: SyntheticSettings, recipe: str, pack: str) -> "Shopfront":
        shop = synthesize(folder / "shop", settings, lambda *_: None)
        trained = train(
            find_recipe(recipe), shop, "full", seed=settings.seed, progress=lambda _: None
        )
        now = datetime.now(UTC)
        bundle = save_bundle(folder / "bundle", trained, shop="synthetic", seed=0, now=now)
        end = settings.start_at + settings.days * DAY
        service = Service.open(
            shop,
            bundle,
            folder / "log",
            Settings(log_impressions=False, pack=pack),
            now=lambda: end,
        )
        true = pa.concat_tables(true_conditions(settings))
        return cls(
            service,
            end,
            true["user_id"].to_pylist(),
            true["household_id"].to_pylist(),
            _sets(true["conditions"].to_pylist()),
            _sets(shop.read("users")["conditions"].to_pylist()),
        )

    def slates(self, mode: Mode, count: int, length: int) -> Slates:
        """Some slates of everybody, each with a draw of its own.

        Requests are made by the service one by one and answered by its pipeline many at a time;
        whose slate is short is answered by the service itself, from what is popular.
        """
        recommender = self.service.recommender
        served = recommender.pipeline
        pipeline = replace(served, recall=ChannelRunner(served.recall.channels))  # no deadlines
        if mode.gate:
            pipeline = recommender.guard.gate.guard(pipeline)
        asked = [
            (row, f"{user} {number}", self._asked(row, mode, length))
            for row, user in enumerate(self.ids)
            for number in range(count)
        ]
        person: list[int] = []
        item: list[int] = []
        place: list[int] = []
        for start in range(0, len(asked), BLOCK):
            block = asked[start : start + BLOCK]
            made = [recommender.requests(one, name, self.now, []) for _, name, one in block]
            found = pipeline.run(together(made), length)
            if found.degraded:
                raise RuntimeError(f"a stage failed: {found.degraded}")
            shown = np.split(
                found.candidates.item,
                np.searchsorted(found.candidates.request, np.arange(1, len(block))),
            )
            for (row, name, one), items in zip(block, shown, strict=True):
                whole = items.tolist()
                if len(whole) < length and mode.gate:
                    whole = self._answered(one, name)
                person += [row] * len(whole)
                item += whole
                place += range(len(whole))
        columns = [np.array(values, np.int64) for values in (person, item, place)]
        return Slates(columns[0], columns[1], columns[2], len(self.ids))

    def _asked(self, row: int, mode: Mode, length: int) -> RecommendRequest:
        age = self.service.state.people.age(row) if mode.age else float("nan")
        years = None if math.isnan(age) else int(age)
        return RecommendRequest(user=self.ids[row], n=length, age=years, **mode.asked)

    def _answered(self, asked: RecommendRequest, name: str) -> list[int]:
        row_of = self.service.state.catalogue.row_of
        return [row_of[shown.id] for shown in self.service.recommend(asked, name).items]

    def told_apart(self, mode: Mode, pairs: int, length: int, seed: int) -> float:
        """Share of pairs whose slates differ where one request is made first for one, then for
        the other: two people of one region and on one side of every age limit.

        Who is told apart by nothing but that, and by nothing of their own, has the same slate.
        """
        random, found = np.random.default_rng(seed), 0
        group = self._alike()
        first = random.integers(0, len(self.ids), pairs)
        for number, one in enumerate(first.tolist()):
            other = int(random.choice(np.flatnonzero(group == group[one])))
            slates = [
                self._answered(self._asked(row, mode, length), f"pair {number}")
                for row in (one, other)
            ]
            found += slates[0] != slates[1]
        return found / pairs

    def _alike(self) -> Ints:
        """(people,): a number for each region and span between two age limits."""
        people, catalogue = self.service.state.people, self.service.state.catalogue
        pack = self.service.recommender.guard.gate.premises.pack
        limits = np.unique([*catalogue.min_age.tolist(), *(rule.years for rule in pack.age)])
        ages = np.array([people.age(row) for row in range(len(self.ids))])
        span = np.where(np.isnan(ages), -1, np.digitize(ages, limits))
        regions = [people.region(row) or "" for row in range(len(self.ids))]
        _, region = np.unique(regions, return_inverse=True)
        return np.asarray(region * (len(limits) + 2) + span, np.int64)


def _sets(lists: Sequence[Sequence[str] | None]) -> list[frozenset[str]]:
    return [frozenset(words or ()) for words in lists]
