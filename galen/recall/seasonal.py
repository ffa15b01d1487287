"""What is popular at this time of the year, and with people at this stage of life.

Each product word (the narrowest category) has a factor for the day of the year and one for the
life stage: events over what the whole shop's events would make one expect. Factors are drawn to 1
by a Gamma prior whose strength is learned from how much words differ (empirical Bayes; Clayton,
Kaldor, "Empirical Bayes estimates of age-standardized relative risks", Biometrics 1987).
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import place_within
from galen.data.schema import DAY, TAKEN
from galen.features.contexts.contexts import BANDS, YEAR, bands_of
from galen.pipeline.candidates import Candidates, Requests
from galen.recall.best import best_places
from galen.recall.popular import Popular
from galen.recall.seen import unseen

BINS: Final = 52  # of a year
NO_STAGE, NO_BAND = 0, 0  # their factors are 1; a band stands one after its place in BANDS
By = Literal["season", "age", "life_stage"]


@dataclass(frozen=True, slots=True)
class Seasonal:
    """Popularity times the factors of `by`; `smoothing` is the deviation of its weeks, in days.

    An age counts where the life stage is not known. A shop without a clock has no season, and a
    person of whom nothing is known no stage; what is left then is popularity, in which
    `half_life` (days) lets old events fade.
    """

    by: tuple[By, ...] = ("season", "age", "life_stage")  # of which factors multiply popularity
    smoothing: float = 14.0  # days; more makes weeks alike
    half_life: float | None = None
    repeat: bool = False

    def fit(self, data: Dataset) -> "SeasonalIndex":
        taken = data.of(*TAKEN)
        count = Popular(half_life=self.half_life).fit(data).count
        category = data.catalogue.category
        word = np.where(category < 0, category.max(initial=-1) + 1, category)
        words = int(word.max(initial=-1)) + 1
        of_event = word[taken.item]
        week = _weeks(taken.at) if data.clock == "time" else np.zeros(len(taken), np.int64)
        season = _table(of_event, week, words, BINS)
        age = np.full(data.users, np.nan) if data.age is None else data.age
        band = bands_of(age)[taken.user] + 1
        names = data.life_stage or [None] * data.users
        stages = sorted({name for name in names if name is not None})
        stage = _stages(names, stages)
        return SeasonalIndex(
            self,
            count,
            word,
            _factors(season, _around(self.smoothing)),
            _factors(_known(_table(of_event, band, words, len(BANDS) + 1))),
            _factors(_known(_table(of_event, stage[taken.user], words, len(stages) + 1))),
            stages,
            data.clock == "time",
        )

    def load(self, folder: Path) -> "SeasonalIndex":
        saved = load_file(folder / "seasonal.safetensors")
        tables = saved["season"], saved["age"], saved["life_stage"]
        stages = json.loads(bytes(saved["stages"]))
        clocked = bool(saved["clocked"][0])
        return SeasonalIndex(self, saved["count"], saved["word"], *tables, stages, clocked)


@dataclass(frozen=True)
class SeasonalIndex:
    """`Seasonal` after learning: popularity and its factors."""

    settings: Seasonal
    count: Floats  # (items,)
    word: Ints  # (items,)
    season: Floats  # (words, BINS) factors
    age: Floats  # (words, bands) factors; the first band is of unknown age
    life_stage: Floats  # (words, stages) factors; the first stage is none
    stages: list[str]  # names of the stages after it
    clocked: bool

    @cached_property
    def taken(self) -> tuple[Ints, Ints]:
        """Items that people took, and the place of each in its word by how often, 0 first.

        All items of a word have the same factors, so their order is that of their counts.
        """
        taken = np.flatnonzero(self.count > 0)
        order = np.lexsort((taken, -self.count[taken], self.word[taken]))
        place = np.empty(len(taken), np.int64)
        place[order] = place_within(self.word[taken][order].astype(np.int64))
        return taken, place

    def answer(self, requests: Requests) -> "SeasonalAnswer":
        return SeasonalAnswer(self, requests)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        places = self.places(requests)
        kinds, kind = np.unique(places, axis=0, return_inverse=True)
        repeat = self.settings.repeat
        longest = 0 if repeat else int(requests.history.length.max(initial=0))
        taken, place = self.taken
        some = taken[place < k + longest]  # what stands lower in its word is never among the best
        lists, scores = [some[:0]], [np.empty(0)]
        for row in kinds:
            score = self.scores(some, np.broadcast_to(row, (len(some), 3)))
            best = best_places(score, k + longest)
            lists.append(some[best])
            scores.append(score[best])
        wanted = kind.reshape(-1) + 1
        request = np.repeat(np.arange(len(requests)), [len(lists[place]) for place in wanted])
        item = np.concatenate([lists[0], *(lists[place] for place in wanted)])
        score = np.concatenate([scores[0], *(scores[place] for place in wanted)])
        whole = Candidates(request, item.astype(np.int64), {"score": score})
        return (whole if repeat else unseen(requests, whole)).top(k, by="score")

    def places(self, requests: Requests) -> Ints:
        """(R, 3): week, age band and life stage of each request."""
        week = _weeks(requests.at) if self.clocked else np.zeros(len(requests), np.int64)
        band = bands_of(requests.taste_age) + 1
        names = requests.life_stage or [None] * len(requests)
        return np.stack([week, band, _stages(names, self.stages)], axis=1)

    def scores(self, item: Ints, places: Ints) -> Floats:
        """(N,) for items that people took and the places (N, 3) of their requests."""
        word, by = self.word[item], self.settings.by
        week, band, stage = places.T
        factor = self.count[item]
        if "season" in by:
            factor = factor * self.season[word, week]
        if "life_stage" in by:
            factor = factor * self.life_stage[word, stage]
            band = np.where(stage == NO_STAGE, band, NO_BAND)  # a stage tells more than an age
        if "age" in by:
            factor = factor * self.age[word, band]
        return np.asarray(np.log(factor))

    def save(self, folder: Path) -> None:
        tensors: dict[str, npt.NDArray[Any]] = {
            "count": self.count,
            "word": self.word,
            "season": self.season,
            "age": self.age,
            "life_stage": self.life_stage,
            "stages": np.frombuffer(json.dumps(self.stages).encode(), np.uint8),
            "clocked": np.array([self.clocked], np.uint8),
        }
        save_file(tensors, folder / "seasonal.safetensors")


@dataclass(frozen=True, slots=True)
class SeasonalAnswer:
    """How much an item is taken at such a time by such people; NaN where nobody took it."""

    index: SeasonalIndex
    requests: Requests

    def best(self, k: int) -> Candidates:
        return self.index.retrieve(self.requests, k)

    def scores(self, candidates: Candidates) -> Floats:
        count = self.index.count
        known = candidates.item < len(count)
        known &= count[np.where(known, candidates.item, 0)] > 0
        places = self.index.places(self.requests)[candidates.request[known]]
        out = np.full(len(candidates), np.nan)
        out[known] = self.index.scores(candidates.item[known], places)
        return out


def _weeks(at: Ints) -> Ints:
    """The bin of the year of each moment, in microseconds since the epoch."""
    return ((at / DAY) % YEAR / YEAR * BINS).astype(np.int64) % BINS


def _stages(names: Any, stages: list[str]) -> Ints:
    """1 for the first of `stages`; NO_STAGE where none, or one that was not learned."""
    code = {name: place + 1 for place, name in enumerate(stages)}
    return np.array([code.get(name, NO_STAGE) for name in names], np.int64)


def _table(word: Ints, part: Ints, words: int, parts: int) -> Floats:
    """(words, parts) events."""
    count = np.bincount(word * parts + part, minlength=words * parts)
    return count.reshape(words, parts).astype(np.float64)


def _known(table: Floats) -> Floats:
    """The table without the events of people whose part is not known."""
    table = table.copy()
    table[:, 0] = 0
    return table


def _around(days: float) -> Floats:
    """(BINS, BINS) weights of the weeks around each, which go round with the year.

    They sum to the number of weeks that a smoothed one is worth.
    """
    apart = np.arange(BINS) * YEAR / BINS
    apart = np.minimum(apart, YEAR - apart)
    near = np.exp(-0.5 * (apart / max(days, 0.1)) ** 2)
    place = (np.arange(BINS)[:, None] - np.arange(BINS)) % BINS
    return np.asarray((near * near.sum() / (near**2).sum())[place])


def _factors(events: Floats, near: Floats | None = None) -> Floats:
    """(words, parts) events over expected ones, drawn to 1; `near` shares events among parts."""
    total = events.sum()
    expected = events.sum(axis=1, keepdims=True) * events.sum(axis=0) / max(total, 1.0)
    above = float(((events - expected) ** 2 - expected).sum())
    apart = above / max(float((expected**2).sum()), 1e-9)  # variance of the factors
    strength = 1 / max(apart, 1e-6)
    if near is not None:
        events, expected = events @ near, expected @ near
    return np.asarray((events + strength) / (expected + strength))
