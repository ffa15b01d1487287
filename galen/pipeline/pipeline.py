"""Recall, filter, fuse, rank, rerank, filter again: the whole recommender in one method."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import structlog

from galen.data.arrays import Bools, Floats
from galen.data.lookup import place_within
from galen.pipeline.candidates import Batch, Candidates, Requests
from galen.pipeline.channels import ChannelRunner, Recalled
from galen.pipeline.stages import Assembler, Blend, Filter, Fuser, Ranker, Reranker, SlateRule
from galen.pipeline.trace import Slate, Step

log = structlog.get_logger(__name__)

PRICE: Final = "price"
"""A factor that a blend may have besides the objectives."""


@dataclass(slots=True)
class _Journey:
    """What happened to one call, as it happens."""

    steps: list[Step] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)
    since: float = field(default_factory=time.perf_counter)

    def mark(self, name: str, rows: int) -> None:
        now = time.perf_counter()
        self.steps.append(Step(name, rows, now - self.since))
        self.since = now

    def failed(self, what: str) -> None:
        log.exception("a stage failed", stage=what)
        if what not in self.degraded:
            self.degraded.append(what)


@dataclass(frozen=True)
class Pipeline:
    """The stages in their order. A stage that fails is named in `degraded`, never raised.

    A broken ranker or reranker leaves the order of the stage before it; a broken filter closes,
    and nothing that it guards is shown.
    """

    recall: ChannelRunner
    filters: Sequence[Filter]
    fuser: Fuser
    rank_limit: int  # rows a request that the ranker sees, the best by recall score
    assembler: Assembler | None = None
    ranker: Ranker | None = None
    blend: Blend = ()  # (objective, power): score = product of objective^power
    recall_power: float = 0.0  # of exp(recall score) in the same product
    rerankers: Sequence[tuple[str, Reranker]] = ()
    together: Sequence[SlateRule] = ()

    def run(self, requests: Requests, n: int, also: Sequence[Filter] = ()) -> Slate:
        """The n best allowed items of each request; `also` are filters of this call alone."""
        journey = _Journey()
        recalled = self.recall.recall(requests, (*self.filters, *also))
        return self._chosen(requests, recalled, n, also, journey)

    def choose(self, requests: Requests, recalled: Recalled, n: int) -> Slate:
        """What `run` gives where this is what recall answers."""
        return self._chosen(requests, recalled, n, (), _Journey())

    def _chosen(
        self,
        requests: Requests,
        recalled: Recalled,
        n: int,
        also: Sequence[Filter],
        journey: _Journey,
    ) -> Slate:
        filters = (*self.filters, *also)
        journey.degraded += [f"recall:{name}" for name in recalled.failed]
        journey.mark("recall", len(recalled.candidates))
        pool = self._allowed(filters, requests, recalled.candidates, journey)
        pool = self._fused(requests, pool, recalled.failed, journey)
        pool = self._ranked(requests, pool, journey)
        pool = self._shaped(requests, pool, n, journey)
        pool = self._allowed(filters, requests, pool, journey)
        pool = self._side_by_side(requests, pool, n, journey)
        pool = pool.take(place_within(pool.request) < n)
        journey.mark("slate", len(pool))
        return Slate(pool, tuple(journey.steps), tuple(journey.degraded))

    def _allowed(
        self, filters: Sequence[Filter], requests: Requests, pool: Candidates, journey: _Journey
    ) -> Candidates:
        for rule in filters:
            try:
                keep = _mask(rule.keep(requests, pool), len(pool))
            except Exception:
                journey.failed(f"eligibility:{rule.rule}")
                keep = np.zeros(len(pool), bool)
            if not keep.all():
                pool = pool.take(keep)
            journey.mark(f"filter:{rule.rule}", len(pool))
        return pool

    def _side_by_side(
        self, requests: Requests, pool: Candidates, n: int, journey: _Journey
    ) -> Candidates:
        for rule in self.together:
            try:
                keep = _mask(rule.keep(requests, pool, n), len(pool))
            except Exception:
                journey.failed(f"eligibility:{rule.rule}")
                keep = np.zeros(len(pool), bool)
            pool = pool.take(keep)
            journey.mark(f"filter:{rule.rule}", len(pool))
        return pool

    def _fused(
        self, requests: Requests, pool: Candidates, failed: Sequence[str], journey: _Journey
    ) -> Candidates:
        try:
            pool = self.fuser.fuse(requests, pool, failed)
        except Exception:
            journey.failed("fusion")
            pool = pool.with_columns({"recall_score": _best_place(pool)})
        pool = pool.top(self.rank_limit, by="recall_score")
        journey.mark("fusion", len(pool))
        return pool

    def _ranked(self, requests: Requests, pool: Candidates, journey: _Journey) -> Candidates:
        score = pool.columns["recall_score"]
        if self.ranker is not None and self.assembler is not None and len(pool):
            try:
                batch = self.assembler.assemble(requests, pool)
                values = self.ranker.score(batch)
                if values.shape != (len(pool), len(self.ranker.objectives)):
                    raise ValueError(f"the ranker gave {values.shape} for {len(pool)} rows")
                if not np.isfinite(values).all():
                    raise ValueError("the ranker gave a score that is not finite")
                objectives = dict(zip(self.ranker.objectives, values.T, strict=True))
                factors = objectives | {PRICE: price_of(batch)}
                score = self.recall_power * score + blended(factors, self.blend)
                pool = pool.with_columns(objectives)
            except Exception:
                journey.failed("rank")
        pool = pool.with_columns({"score": score}).top(self.rank_limit, by="score")
        journey.mark("rank", len(pool))
        return pool

    def _shaped(
        self, requests: Requests, pool: Candidates, n: int, journey: _Journey
    ) -> Candidates:
        for name, reranker in self.rerankers:
            try:
                shaped = reranker.rerank(requests, pool, n)
                _check_subset(shaped, pool)
                pool = shaped
            except Exception:
                journey.failed(f"rerank:{name}")
            journey.mark(f"rerank:{name}", len(pool))
        return pool


def price_of(batch: Batch) -> Floats:
    """(N,): each row's price, 1 where it is not known, so that it neither helps nor hurts."""
    price = batch.per_row.get("item_price")
    if price is None:
        return np.ones(len(batch))
    known = np.isfinite(price) & (price > 0)
    return np.where(known, price, 1.0).astype(np.float64)


def blended(objectives: dict[str, Floats], blend: Blend) -> Floats:
    """log of the product of objective^power; with one objective the order is that objective's."""
    total = np.zeros(len(next(iter(objectives.values()))))
    for name, power in blend:
        total += power * np.log(np.maximum(objectives[name], 1e-12))
    return total


def _mask(keep: Bools, rows: int) -> Bools:
    if keep.dtype != bool or keep.shape != (rows,):
        raise ValueError(f"a filter gave {keep.dtype} {keep.shape} for {rows} rows")
    return keep


def _best_place(pool: Candidates) -> Floats:
    """Minus the best rank in any channel: what is left to order by when fusion fails."""
    ranks = [values for name, values in pool.columns.items() if name.endswith("_rank")]
    if not ranks:
        return np.zeros(len(pool))
    return -np.fmin.reduce(ranks) if len(pool) else np.empty(0)


def _check_subset(shaped: Candidates, pool: Candidates) -> None:
    """A reranker may reorder and cut; it may not add, repeat or mix requests."""
    if np.any(np.diff(shaped.request) < 0):
        raise ValueError("a reranker mixed the rows of two requests")
    width = 1 + max(int(pool.item.max(initial=0)), int(shaped.item.max(initial=0)))
    keys = np.sort(shaped.request * width + shaped.item)
    if np.any(keys[1:] == keys[:-1]):
        raise ValueError("a reranker repeated a row")
    given = np.append(np.sort(pool.request * width + pool.item), np.iinfo(np.int64).max)
    if np.any(given[np.searchsorted(given, keys)] != keys):
        raise ValueError("a reranker added a row")
