"""Replay the held-out future through the same pipeline that serves, and count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.examples.replay import requests_at
from galen.assembly.split import Moment
from galen.data.arrays import Floats
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN, Surface
from galen.evaluate.intervals import Interval, mean_interval, paired_interval
from galen.evaluate.slate_metrics import Answers, by_request, of_catalogue
from galen.evaluate.slices import Slice, slices_of
from galen.features.store import FeatureStore
from galen.pipeline.candidates import Candidates, Requests, no_candidates, stacked
from galen.pipeline.pipeline import Pipeline

HEADLINE = ("hr@10", "ndcg@10", "mrr")

DEPTH: Final = 100
"""Places of a slate that is judged: a tie at the tenth is seen only in a longer one."""


@dataclass(frozen=True)
class Question:
    """The held-out part of a shop, put as requests once for all models that are compared."""

    moment: Moment
    store: FeatureStore
    requests: Requests
    popularity: Floats  # (items,) events of what was learned from
    slices: Sequence[Slice]

    @classmethod
    def of(cls, moment: Moment, people: PeopleColumns, *, seed: int) -> "Question":
        """Put the held-out part of a shop as requests, whose random draws follow `seed`."""
        store = FeatureStore.replay(moment.past)
        requests = requests_at(moment, store, people, seed)
        popularity = popularity_of(moment.fit)
        slices = slices_of(
            requests.taken.length,
            moment.truth_request,
            moment.truth_item,
            popularity,
            moment.past.catalogue,
        )
        return cls(moment, store, requests, popularity, slices)

    def on(self, surface: Surface) -> "Question":
        """The same question, asked on another surface."""
        there = np.full(len(self.requests), int(surface))
        return replace(self, requests=replace(self.requests, surface=there))


@dataclass(frozen=True)
class Result:
    """One model's answers to a question, as metrics by request."""

    model: str
    by_request: dict[str, Floats]  # metric -> (R,)
    of_catalogue: dict[str, float]
    degraded: tuple[str, ...]

    def mean(self) -> dict[str, float]:
        """{metric: figure} over all requests, the catalogue's figures among them."""
        return {name: float(v.mean()) for name, v in self.by_request.items()} | self.of_catalogue

    def interval(self, metric: str, part: Slice, *, seed: int) -> Interval:
        """The mean of a metric in a slice, with an interval whose draws follow `seed`."""
        return mean_interval(self.by_request[metric][part.requests], seed=seed)

    def over(self, other: "Result", metric: str, *, seed: int) -> Interval:
        """The paired difference from another model on the same requests."""
        return paired_interval(self.by_request[metric], other.by_request[metric], seed=seed)


def popularity_of(data: Dataset) -> Floats:
    """(items,): how often each was taken."""
    taken = data.of(*TAKEN)
    return np.bincount(taken.item, minlength=len(data.catalogue)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class ShownSlates:
    """What a pipeline would show for a question's requests."""

    slates: Candidates  # grouped by request, best first, column `score`
    degraded: tuple[str, ...]


def shown_by(
    pipeline: Pipeline, requests: Requests, *, depth: int, block: int = 2048
) -> ShownSlates:
    """Slates of `depth` items, asked for in blocks of requests so that memory is bounded."""
    parts, degraded = [], set()
    for start in range(0, len(requests), block):
        stop = min(start + block, len(requests))
        slate = pipeline.run(requests.part(start, stop), depth)
        degraded |= set(slate.degraded)
        rows = slate.candidates
        parts.append(Candidates(rows.request + start, rows.item, {"score": rows.columns["score"]}))
    slates = stacked(parts) if parts else no_candidates(("score",))
    return ShownSlates(slates, tuple(sorted(degraded)))


def counted(question: Question, model: str, shown: ShownSlates) -> Result:
    """What the slates of a model hold of what people took."""
    moment, slates = question.moment, shown.slates
    answers = Answers(slates, len(question.requests), moment.truth_request, moment.truth_item)
    return Result(
        model, by_request(answers), of_catalogue(slates, question.popularity), shown.degraded
    )


def answer(
    question: Question, model: str, pipeline: Pipeline, *, depth: int = DEPTH, block: int = 2048
) -> Result:
    """Ask a pipeline for slates of `depth` in blocks of requests, and count what they hold."""
    return counted(question, model, shown_by(pipeline, question.requests, depth=depth, block=block))
