"""Why an item is in a slate, or why it is not: each stage, each rule, each citation.

It chooses as an answer to the same request does, so that both tell the same. For operators only:
what is held back from a person tells what is known of their health.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import structlog

from galen.eligibility.finding import NOT_ASKED
from galen.eligibility.premises import DROP
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.pipeline import Pipeline
from galen.pipeline.stages import Filter
from galen.serve.answering.choosing import Choice
from galen.serve.answering.recommender import Recommender
from galen.serve.answering.wanted import Wanted
from galen.serve.messages import FindingTold, ItemExplained, RecommendRequest
from galen.serve.missing import NotFound

ID: Final = "explain"  # stands for the id of the request, which seeds what is drawn

Asked = TypeVar("Asked")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _OnItsWay:
    """One item of one request; a stage that fails tells nothing, as it does in an answer."""

    pipeline: Pipeline
    requests: Requests
    wanted: Wanted
    item: int

    @property
    def filters(self) -> Sequence[Filter]:
        return (*self.pipeline.filters, self.wanted)

    def proposed(self) -> dict[str, int]:
        """The place that each channel gave the item, 1 first."""
        found = self.pipeline.recall.recall(self.requests, self.filters).candidates
        rows = np.flatnonzero(found.item == self.item)
        ranks = {
            name.removesuffix("_rank"): values[rows]
            for name, values in found.columns.items()
            if name.endswith("_rank")
        }
        return {
            name: int(rank[0]) + 1
            for name, rank in ranks.items()
            if len(rank) and np.isfinite(rank[0])
        }

    def barred(self) -> list[str]:
        """Rules that drop it, by their words."""
        one = Candidates(np.zeros(1, np.int64), np.array([self.item]))
        said = []
        for rule in self.filters:
            try:
                if not rule.keep(self.requests, one)[0]:
                    said.append(f"{rule.rule}: {rule.reason}")
            except Exception:
                log.exception("a rule could not be asked", rule=rule.rule)
                said.append(f"{rule.rule}: {NOT_ASKED}")
        return said

    def place(self) -> int | None:
        """Where it stands in the pipeline's whole order, 1 first; None where it is not in it."""
        limit = self.pipeline.rank_limit
        order = self.pipeline.run(self.requests, limit, (self.wanted,)).candidates.item
        return _place(order.tolist(), self.item)


def explain_item(
    recommender: Recommender, asked: RecommendRequest, item_id: str, now: int
) -> ItemExplained:
    """Follow an item through all stages of a request.

    Raises:
        NotFound: there is no such item.
    """
    row = recommender.state.catalogue.row_of.get(item_id, -1)
    if row < 0 or item_id in recommender.state.deleted:
        raise NotFound(f"there is no item {item_id!r}")
    degraded: list[str] = []
    chooser = recommender.chooser(asked.surface)
    told = ItemExplained(
        item=item_id,
        shown=False,
        because="nothing is shown: the request could not be answered, as the server's log tells",
        channels={},
        place=None,
        findings=[],
        rules_version=recommender.guard.gate.version,
        model_version=recommender.version,
        recipe=recommender.answering(asked.surface).name,
    )
    try:
        requests = recommender.requests(asked, ID, now, degraded)
        choice = chooser.choose(requests, asked, degraded)
    except Exception:
        log.exception("nothing could be recommended", request_id=ID)
        return told
    wanted = Wanted(recommender.state.catalogue, asked.filters)
    item = _OnItsWay(chooser.pipeline, requests, wanted, row)
    by_none: dict[str, int] = {}
    proposed, barred = _or(item.proposed, by_none), item.barred()
    place = _place([i for slate in choice.slates for i in slate.candidates.item.tolist()], row)
    shown = place is not None
    if place is None and not choice.dangerous:
        place = _or(item.place, None)
    update = {
        "shown": shown,
        "because": _because(choice, proposed, barred, place, shown, asked.n),
        "channels": proposed,
        "place": place,
        "findings": _findings(recommender, requests, row),
    }
    return told.model_copy(update=update)


def _or(asked: Callable[[], Asked], otherwise: Asked) -> Asked:
    try:
        return asked()
    except Exception:
        log.exception("a stage failed")
        return otherwise


def _place(order: Sequence[int], item: int) -> int | None:
    return order.index(item) + 1 if item in order else None


def _findings(recommender: Recommender, requests: Requests, row: int) -> list[FindingTold]:
    return [
        FindingTold(
            rule=found.rule,
            action="drop" if found.action == DROP else "warn",
            words=found.words,
            citation=found.citation,
        )
        for found in recommender.guard.gate.findings(requests, 0, row)
    ]


def _because(
    choice: Choice,
    proposed: dict[str, int],
    barred: list[str],
    place: int | None,
    shown: bool,
    n: int,
) -> str:
    if choice.dangerous:
        return "nothing is shown: the words tell of danger, and are answered with advice alone"
    if shown:
        by = ", ".join(f"{name} ({rank})" for name, rank in proposed.items())
        return f"it is in place {place} of {n}; proposed by {by or 'the fallback'}"
    if barred:
        return f"it may not be shown; {'; '.join(barred)}"
    if place is not None:
        return f"it may be shown, and stands in place {place}; the slate has {n}"
    if proposed:
        return "it was proposed, and fell out when slates were shaped or what goes together chosen"
    return "it may be shown, and no channel proposed it"
