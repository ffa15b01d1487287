"""From a request to a slate in words: ids to rows, one run of the pipeline, rows to ids."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import structlog

from galen.data.schema import Kind
from galen.eligibility.declarations import RequestWords
from galen.eligibility.guard import Guard
from galen.eligibility.states import youngest
from galen.pipeline.by_surface import NamedPipeline, PipelinesBySurface
from galen.pipeline.candidates import Candidates, Histories, Requests
from galen.pipeline.pipeline import Pipeline
from galen.pipeline.stages import Reasoner
from galen.pipeline.trace import Slate, Step
from galen.serve.answering.choosing import Choice, Chooser
from galen.serve.answering.consent import may_profile, may_use_age, refillable
from galen.serve.answering.reasons import SIMILAR, first_allowed, reason_for
from galen.serve.answering.state import ShopState
from galen.serve.durable.tables import LoggedEvent
from galen.serve.messages import (
    SURFACES,
    Explanation,
    Recommendation,
    RecommendRequest,
    ShownItem,
    StepDone,
)

FILTER = "filter:"  # how the pipeline names the steps of its rules

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """A recommendation, and what is to be logged of it."""

    reply: Recommendation
    impressions: list[LoggedEvent]
    steps: tuple[Step, ...]
    unsaid: int  # reasons that the check of claims did not let pass


@dataclass(frozen=True, slots=True)
class Recommender:
    """Answers one request at a time from the state as it is; never raises, never unfiltered."""

    state: ShopState
    pipeline: Pipeline  # without the guard's gate; of surfaces that have none of their own
    version: str
    guard: Guard
    recipe: str = ""  # what the pipeline was made of
    surfaces: Mapping[str, NamedPipeline] = field(default_factory=dict)

    @classmethod
    def over(
        cls, state: ShopState, pipelines: PipelinesBySurface, version: str, guard: Guard
    ) -> "Recommender":
        """A recommender whose pipeline depends on the surface that asks."""
        usual, others = pipelines.usual, pipelines.others
        return cls(state, usual.pipeline, version, guard, usual.name, others)

    def answering(self, surface: str) -> NamedPipeline:
        """What answers on a surface, without the guard's gate."""
        usual = NamedPipeline(self.recipe, self.pipeline)
        return PipelinesBySurface(usual, self.surfaces).of(surface)

    def chooser(self, surface: str) -> Chooser:
        """What chooses on a surface, under the guard."""
        pipeline = self.guard.gate.guard(self.answering(surface).pipeline)
        return Chooser(self.state, self.guard, pipeline)

    def answer(
        self, asked: RecommendRequest, request_id: str, now: int, like: str | None = None
    ) -> Answered:
        """The slate for a request; `like` is the item it is asked beside, if there is one."""
        degraded: list[str] = []
        choice = Choice()
        shown: list[ShownItem] = []
        unsaid = 0
        try:
            requests = self.requests(asked, request_id, now, degraded)
            choice = self.chooser(asked.surface).choose(requests, asked, degraded)
            for slate, told in zip(choice.slates, choice.notices, strict=True):
                some, kept_back = self._shown(requests, slate.candidates, told, asked, like)
                shown += some
                unsaid += kept_back
        except Exception:
            log.exception("nothing could be recommended", request_id=request_id)
            degraded.append("pipeline")
            choice, shown = replace(choice, slates=()), []
        reply = self._reply(asked, request_id, now, choice, shown, degraded)
        return replace(reply, unsaid=unsaid)

    def _reply(
        self,
        asked: RecommendRequest,
        request_id: str,
        now: int,
        choice: Choice,
        shown: list[ShownItem],
        degraded: list[str],
    ) -> Answered:
        slates = choice.slates
        steps = tuple(step for slate in slates for step in slate.steps)
        reply = Recommendation(
            request_id=request_id,
            model_version=self.version,
            recipe=self.answering(asked.surface).name,
            rules_version=self.guard.gate.version,
            degraded=list(dict.fromkeys(degraded)),
            items=shown,
            cards=list(choice.cards),
            explanation=_explanation(steps) if asked.explain else None,
        )
        return Answered(reply, self._impressions(slates, shown, asked, request_id, now), steps, 0)

    def requests(
        self, asked: RecommendRequest, request_id: str, now: int, degraded: list[str]
    ) -> Requests:
        """The request in rows; who may not be profiled has no history and is nobody to it."""
        state = self.state
        user = -1 if asked.user is None else state.people.row(asked.user)
        record = state.people.record(user) if user >= 0 else {}
        known_age, known_region = state.people.age(user), state.people.region(user)
        age, groups = youngest(known_age, float("nan") if asked.age is None else float(asked.age))
        bought = state.ledger.bought([user], [now])
        circumstances = self.guard.declarations.of([_words(asked, groups)], [record], bought)
        profiled = user if may_profile(asked, record) else -1
        recent = [] if asked.mode == "non_personalised" else asked.recent
        rows = [state.catalogue.row_of[item] for item in recent if item in state.catalogue.row_of]
        at = np.array([state.moment(profiled, now)])
        surface = np.array([int(SURFACES[asked.surface])])
        ages = np.array([age])
        regions = [asked.region if known_region is None else known_region]
        stages = [state.people.life_stage(profiled)]
        seed = np.array([_seed(request_id)])
        try:
            found = state.store.requests(
                np.array([profiled]),
                at,
                surface=surface,
                age=ages,
                region=regions,
                life_stage=stages,
                household=state.people.household(profiled),
                seed=seed,
                recent=[rows],
            )
        except Exception:
            log.exception("the feature store failed", request_id=request_id)
            degraded.append("store")
            history = _session(rows, int(at[0]))
            found = Requests(np.array([profiled]), at, history, surface, ages, regions, seed)
        if asked.purpose == "refill" and state.clock == "time":
            found = replace(found, history=refillable(found.history, now))
        impersonal = not may_use_age(asked, record, known_age)
        return replace(
            found,
            circumstances=circumstances,
            query=[asked.query],
            impersonal=np.array([impersonal]),
        )

    def _shown(
        self,
        requests: Requests,
        rows: Candidates,
        notices: list[list[str]],
        asked: RecommendRequest,
        like: str | None,
    ) -> tuple[list[ShownItem], int]:
        """The items in words, and how many reasons may not be said of them."""
        catalogue = self.state.catalogue
        ranks = {
            name.removesuffix("_rank"): values
            for name, values in rows.columns.items()
            if name.endswith("_rank")
        }
        scores = rows.columns.get("score")
        shown, unsaid = [], 0
        told: dict[str, Callable[[int], str | None]] = {}
        for place, item in enumerate(rows.item.tolist()):
            found = {name: float(rank[place]) for name, rank in ranks.items()}
            channels = sorted(
                (name for name, rank in found.items() if not math.isnan(rank)),
                key=found.__getitem__,
            )
            first = self._told(requests, item, channels, asked, told)
            said = first, self._reason(channels, like)
            reason, kept_back = first_allowed(said, partial(self._may_say, item))
            unsaid += kept_back
            price = float(catalogue.price[item])
            shown.append(
                ShownItem(
                    id=catalogue.ids[item],
                    title=catalogue.titles[item],
                    price=None if math.isnan(price) else price,
                    score=0.0 if scores is None else float(scores[place]),
                    channels=channels,
                    reason=reason,
                    notices=notices[place],
                )
            )
        return shown, unsaid

    def _may_say(self, item: int, text: str) -> bool:
        """Whether no rule of claims has anything against it; what cannot be checked is not said."""
        try:
            return not self.guard.claims.of_text(text, item)
        except Exception as error:
            log.error("a reason could not be checked", why=repr(error))
            return False

    def _told(
        self,
        requests: Requests,
        item: int,
        channels: list[str],
        asked: RecommendRequest,
        told: dict[str, Callable[[int], str | None]],
    ) -> str | None:
        """What the first channel says of its own proposal; nothing where others look on."""
        if asked.discreet or not channels:
            return None
        name = channels[0]
        try:
            if name not in told:
                asking = self.answering(asked.surface).pipeline.recall.channels
                first = next((c.retriever for c in asking if c.name == name), None)
                told[name] = (
                    first.why(requests, 0) if isinstance(first, Reasoner) else lambda item: None
                )
            return told[name](item)
        except Exception:
            log.exception("a channel could not say why", channel=name)
            return None

    def _reason(self, channels: list[str], like: str | None) -> str:
        if like is not None and channels[:1] == ["item_graph"]:
            title = self.state.catalogue.titles[self.state.catalogue.row_of[like]]
            return SIMILAR.format(title=title or like)
        return reason_for(channels)

    def _impressions(
        self,
        slates: Sequence[Slate],
        shown: Sequence[ShownItem],
        asked: RecommendRequest,
        request_id: str,
        now: int,
    ) -> list[LoggedEvent]:
        """Tomorrow's examples: what was shown, where, and with which probability."""
        propensity: list[float] = []
        for slate in slates:
            drawn = slate.candidates.columns.get("propensity")
            count = len(slate.candidates)
            propensity += [float("nan")] * count if drawn is None else drawn.tolist()
        known = asked.user is not None and self.state.people.row(asked.user) >= 0
        return [
            LoggedEvent(
                event_id=f"{request_id}:{place}",
                user=asked.user if known else None,
                item=item.id,
                kind=int(Kind.IMPRESSION),
                at=now,
                session=asked.session,
                request=request_id,
                position=place,
                surface=int(SURFACES[asked.surface]),
                propensity=None if math.isnan(chance) else chance,
            )
            for place, (item, chance) in enumerate(zip(shown, propensity, strict=True))
        ]


def _words(asked: RecommendRequest, groups: Sequence[str]) -> RequestWords:
    return RequestWords(
        cart=asked.cart,
        conditions=[*asked.conditions, *groups],
        medicines=asked.medicines,
        allergies=asked.allergies,
        prescriptions=asked.prescriptions,
        discreet=asked.discreet,
        refill=asked.purpose == "refill",
    )


def _explanation(steps: Sequence[Step]) -> Explanation:
    """Counts only: the items that a rule drops could tell what is known of a person's health."""
    dropped: dict[str, int] = {}
    before = 0
    for step in steps:
        if step.name.startswith(FILTER):
            rule = step.name.removeprefix(FILTER)
            dropped[rule] = dropped.get(rule, 0) + before - step.rows
        before = step.rows
    told = [
        StepDone(name=step.name, rows=step.rows, milliseconds=round(step.seconds * 1e3, 3))
        for step in steps
    ]
    return Explanation(steps=told, dropped=dropped)


def _session(rows: Sequence[int], at: int) -> Histories:
    """What a session looked at, as a history without the feature store."""
    item = np.array(rows, np.int64)
    clicks = np.full(len(item), int(Kind.CLICK), np.int64)
    return Histories(np.array([0, len(item)]), item, clicks, np.full(len(item), at))


def _seed(request_id: str) -> int:
    """The same request_id draws the same slate again."""
    return int.from_bytes(hashlib.blake2b(request_id.encode(), digest_size=7).digest(), "big")
