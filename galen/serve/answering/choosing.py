"""What is shown for a request, in rows: slates under the guard, with their notices and cards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import structlog

from galen.eligibility.gate import with_placed
from galen.eligibility.guard import Guard
from galen.pipeline.candidates import Requests, no_candidates
from galen.pipeline.circumstances import nothing_declared
from galen.pipeline.pipeline import Pipeline
from galen.pipeline.trace import Slate
from galen.serve.answering.fallback import popular_pipeline
from galen.serve.answering.state import ShopState
from galen.serve.answering.wanted import Wanted
from galen.serve.messages import RecommendRequest

CLOSED: Final = "eligibility:"  # how it names rules that could not be asked
STRANGER: Final = "history"  # popular items that stand in for a person's unknown history
FALLBACK: Final = "fallback"
NOTICES: Final = "notices"
POOL: Final = "safe_pool"

NOTHING: Final = Slate(no_candidates(), (), ())

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a request is answered with, before it is put into words."""

    slates: Sequence[Slate] = ()  # one after the other
    notices: Sequence[list[list[str]]] = ()  # of each slate's rows
    cards: Sequence[str] = ()
    dangerous: bool = False  # do the request's words tell of danger? The card is all there is then


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses for one request at a time; `degraded` of each call takes what failed on the way."""

    state: ShopState
    guard: Guard
    pipeline: Pipeline  # with the guard's gate

    def choose(self, requests: Requests, asked: RecommendRequest, degraded: list[str]) -> Choice:
        """The slates, each row with its notices; never one whose notices could not be asked."""
        advice = self._advice(requests, asked)
        if advice is not None:
            return Choice(cards=[advice], dangerous=True)
        slates, notices = [], []
        for slate in self._slates(requests, asked, degraded):
            whole, told = self._with_notices(requests, slate, degraded)
            slates.append(whole)
            notices.append(told)
        return Choice(slates, notices, self._cards(requests, asked, slates[0], degraded))

    def _advice(self, requests: Requests, asked: RecommendRequest) -> str | None:
        """Where words tell of danger, what to say; no product is shown then."""
        declared = requests.circumstances or nothing_declared(len(requests))
        age, states = float(requests.age[0]), declared.states.values
        return self.guard.advice(asked.query, age, states.tolist()) if asked.query else None

    def _slates(
        self, requests: Requests, asked: RecommendRequest, degraded: list[str]
    ) -> list[Slate]:
        """The pipeline's slate, and a second one of popular items where the first is short."""
        slate, catalogue = NOTHING, self.state.catalogue
        wanted = Wanted(catalogue, asked.filters)
        try:
            slate = self.pipeline.run(requests, asked.n, (wanted,))
        except Exception:
            log.exception("the pipeline failed")
            degraded.append("pipeline")
        degraded += slate.degraded
        if len(slate.candidates) == asked.n:
            return [slate]
        if closed_in(slate.degraded):
            return [self._safe(requests, wanted, asked.n, degraded)]
        others = replace(wanted, without_spu=catalogue.spu[slate.candidates.item])
        try:
            more = self._popular(requests, slate, others, asked.n, degraded)
        except Exception:
            log.exception("the fallback failed")
            degraded.append(FALLBACK)
            return [slate]
        if not len(slate.candidates) and closed_in(more.degraded):
            return [self._safe(requests, wanted, asked.n, degraded)]
        return [slate, more]

    def _popular(
        self, requests: Requests, slate: Slate, others: Wanted, n: int, degraded: list[str]
    ) -> Slate:
        """Popular items that go with a slate, to fill it up."""
        placed = slate.candidates
        popular = popular_pipeline(self.pipeline, self.state.taken.values, others)
        more = popular.run(with_placed(requests, placed), n - len(placed), (others,))
        degraded += more.degraded
        if len(more.candidates) and not requests.taken.length[0]:
            degraded.append(STRANGER)
        return more

    def _safe(self, requests: Requests, wanted: Wanted, n: int, degraded: list[str]) -> Slate:
        """What the pack vetted for when a rule cannot be asked; nothing where it vetted nothing."""
        pool, nothing = self.guard.gate.pool, replace(NOTHING, degraded=tuple(degraded))
        if pool is None:
            return nothing
        degraded.append(POOL)
        try:
            filters = (*self.pipeline.filters, wanted)
            taken = self.state.taken.values
            rows = pool.slate(requests, taken, filters, self.pipeline.together, n)
        except Exception:
            log.exception("the safe pool failed")
            degraded.append(f"{CLOSED}{POOL}")
            return nothing
        return replace(nothing, candidates=rows)

    def _with_notices(
        self, requests: Requests, slate: Slate, degraded: list[str]
    ) -> tuple[Slate, list[list[str]]]:
        """A slate's rows with their notices; a row whose own cannot be asked is not shown."""
        gate, rows, without = self.guard.gate, slate.candidates, closed_in(slate.degraded)
        try:
            return slate, gate.notices(requests, rows, without)
        except Exception:
            log.exception("notices could not be asked")
            degraded.append(NOTICES)
        told: dict[int, list[str]] = {}
        for place in range(len(rows)):
            try:
                (told[place],) = gate.notices(requests, rows.take(np.array([place])), without)
            except Exception as error:
                log.error("a row has to go without its notices", why=repr(error))
        kept = rows.take(np.array(list(told), np.int64))
        return replace(slate, candidates=kept), list(told.values())

    def _cards(
        self, requests: Requests, asked: RecommendRequest, slate: Slate, degraded: list[str]
    ) -> list[str]:
        """Help lines; where others look on, none that tells what a household has bought."""
        gate = self.guard.gate
        if gate.hazardous.rule in closed_in(slate.degraded):
            return []
        if asked.discreet and requests.circumstances is not None:
            bought = nothing_declared(len(requests)).bought
            circumstances = replace(requests.circumstances, bought=bought)
            requests = replace(requests, circumstances=circumstances)
        return gate.cards(requests)[0]


def closed_in(parts: Iterable[str]) -> set[str]:
    """The rules that could not be asked, of all parts that failed."""
    return {part.removeprefix(CLOSED) for part in parts if part.startswith(CLOSED)}
