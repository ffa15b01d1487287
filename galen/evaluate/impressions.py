"""How a ranker orders and calibrates what was really shown in the held-out part."""

from dataclasses import dataclass

from galen.assembly.parts import Parts
from galen.assembly.split import Split
from galen.data.arrays import Floats, Ints
from galen.data.shop import Shop
from galen.pipeline.stages import Examples, Ranker
from galen.rank.score_metrics import all_of, grouped_auc_by_person, reliability


@dataclass(frozen=True)
class Ranked:
    """One objective's metrics on held-out rows, and its calibration curve."""

    objective: str
    rows: int
    metrics: dict[str, float]
    said: Floats  # (bins,)
    seen: Floats  # (bins,)
    people: Ints  # (P,) who was shown the rows
    right: Floats  # (P,) AUC of each one's requests times their rows, summed; over `weighed`: gAUC
    weighed: Ints  # (P,) rows of the requests that have an AUC


def rank_examples(ranker: Ranker, examples: Examples) -> list[Ranked]:
    """Score held-out examples, objective by objective; groups of gAUC are requests."""
    if not len(examples):
        return []
    scores = ranker.score(examples.batch)
    results = []
    for place, objective in enumerate(ranker.objectives):
        label = examples.labels[objective]
        probability = scores[:, place]
        said, seen, _ = reliability(label, probability)
        request = examples.batch.request
        metrics = all_of(label, probability, request)
        by_person = grouped_auc_by_person(label, probability, request, examples.batch.ids["user"])
        results.append(Ranked(objective, len(label), metrics, said, seen, *by_person))
    return results


def ranked_by(parts: Parts, shop: Shop, split: Split, *, seed: int) -> list[Ranked]:
    """Metrics of a recommender's ranker on the impressions of the test window.

    None where there is no ranker, no impression or no clock, or it learned other objectives.
    """
    from galen.assembly.examples.impressions import has_impressions, impression_examples

    if parts.ranker is None or not has_impressions(shop) or split.final.clock != "time":
        return []
    if not set(parts.ranker.objectives) <= {"click", "cart", "purchase"}:
        return []
    _, _, test = impression_examples(shop, split, seed=seed, tables=tuple(parts.features.values()))
    return rank_examples(parts.ranker, test)
