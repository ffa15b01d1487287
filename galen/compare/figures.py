"""What a comparison finds out about one recipe, step by step."""

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from galen.compare.cost import Cost
from galen.compare.forbidden import Forbidden

METRICS: Final = ("ndcg@10", "hr@10", "mrr", "recall@50")
"""Kept of each request beside the figures, so that recipes are compared person by person."""

GAUC: Final = "gauc"
COVERAGE: Final = "coverage@10"
NOVELTY: Final = "novelty@10"

NAMES: Final = {
    "ndcg@10": "NDCG@10",
    "hr@10": "HR@10",
    "mrr": "MRR",
    "recall@50": "recall@50",
    GAUC: "gAUC",
    COVERAGE: "coverage",
    NOVELTY: "novelty",
}
"""Every metric that has intervals, as tables call it."""


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Those that are numbers, as JSON has them: an AUC without a positive is none."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


class Learned(msgspec.Struct, frozen=True):
    """A recipe that has learned and was asked; its metrics by request lie beside, as a table."""

    people: int
    means: dict[str, float]  # metric -> mean, of what is served; see `finite`
    ranking: dict[str, dict[str, float]]  # objective -> metric, the same; empty without impressions
    with_gate: Forbidden
    without_gate: Forbidden
    degraded: tuple[str, ...]
    training: Cost
    whole: Cost  # training and asking
    bundle_bytes: int
    version: str
    code: str = ""  # the state of galen's code; empty in figures of before it was kept
    items: int = 0  # of the catalogue; 0 in figures of before it was kept
    ranked_people: int = 0  # whose impressions lie beside; 0 without them, or of before they did


class Latency(msgspec.Struct, frozen=True):
    """What the served recommender does at a constant rate, and at its fastest."""

    rate: float  # requests a second that were due
    planned: int
    answered: int  # fewer than planned, where it was so slow that the rest were not asked
    p50_ms: float  # from when a request was due
    p99_ms: float
    degraded: int  # replies that went without a part
    requests_per_second: float  # of one core, one request after the other
    memory_bytes: int
    code: str = ""  # as of what was learned


class PartChange(msgspec.Struct, frozen=True):
    """NDCG@10 without a part less that with all parts, paired by person."""

    part: str
    change: float
    low: float
    high: float


class LeftOut(msgspec.Struct, frozen=True):
    """What each part contributes to the same learned recommender."""

    people: int
    whole: float  # NDCG@10 with all parts
    changes: tuple[PartChange, ...]
    code: str = ""  # as of what was learned
