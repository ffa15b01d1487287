"""Why an item is in a slate, or why it is not: each stage, each rule, each citation.

For operators only: what is held back from a person tells what is known of their health.
"""

from dataclasses import dataclass

import numpy as np

from galen.eligibility.premises import DROP
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.pipeline import Pipeline
from galen.serve.answering.recommender import Recommender
from galen.serve.messages import FindingTold, ItemExplained, RecommendRequest
from galen.serve.missing import NotFound


@dataclass(frozen=True, slots=True)
class _Asked:
    """One item of one request, on its way."""

    pipeline: Pipeline
    requests: Requests
    item: int
    n: int

    def proposed(self) -> dict[str, int]:
        """The place that each channel gave the item, 1 first."""
        found = self.pipeline.recall.recall(self.requests, self.pipeline.filters).candidates
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
        return [
            f"{rule.rule}: {rule.reason}"
            for rule in self.pipeline.filters
            if not rule.keep(self.requests, one)[0]
        ]

    def place(self) -> int | None:
        """Where it stands in the whole order, 1 first; None where it is not in it."""
        order = self.pipeline.run(self.requests, self.pipeline.rank_limit).candidates.item
        found = np.flatnonzero(order == self.item)
        return int(found[0]) + 1 if len(found) else None


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
    guard, degraded = recommender.guard, list[str]()
    requests = recommender.requests(asked, "explain", now, degraded)
    answering = recommender.answering(asked.surface)
    on_its_way = _Asked(guard.gate.guard(answering.pipeline), requests, row, asked.n)
    findings = guard.gate.findings(requests, 0, row)
    proposed, barred, place = on_its_way.proposed(), on_its_way.barred(), on_its_way.place()
    return ItemExplained(
        item=item_id,
        shown=place is not None and place <= asked.n,
        because=_because(proposed, barred, place, asked.n),
        channels=proposed,
        place=place,
        findings=[
            FindingTold(
                rule=found.rule,
                action="drop" if found.action == DROP else "warn",
                words=found.words,
                citation=found.citation,
            )
            for found in findings
        ],
        rules_version=guard.gate.version,
        model_version=recommender.version,
        recipe=answering.name,
    )


def _because(proposed: dict[str, int], barred: list[str], place: int | None, n: int) -> str:
    if barred:
        return f"it may not be shown; {'; '.join(barred)}"
    if place is not None and place <= n:
        found = ", ".join(f"{name} ({rank})" for name, rank in proposed.items()) or "the fallback"
        return f"it is in place {place} of {n}; proposed by {found}"
    if place is not None:
        return f"it may be shown, and stands in place {place}; the slate has {n}"
    if proposed:
        return "it was proposed, and fell out when slates were shaped or what goes together chosen"
    return "it may be shown, and no channel proposed it"
