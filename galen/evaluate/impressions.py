"""How a ranker orders and calibrates what was really shown in the held-out part."""

from dataclasses import dataclass

import numpy as np

from galen.evaluate.score_metrics import all_of, reliability
from galen.pipeline.candidates import Batch, Floats
from galen.pipeline.stages import Examples, Ranker


@dataclass(frozen=True)
class Ranked:
    """One objective's metrics on held-out rows, and its calibration curve."""

    objective: str
    rows: int
    metrics: dict[str, float]
    said: Floats  # (bins,)
    seen: Floats  # (bins,)


def rank_examples(ranker: Ranker, examples: Examples) -> list[Ranked]:
    """Score held-out examples, objective by objective; groups of gAUC are requests."""
    if not len(examples.group):
        return []
    columns = {name: examples.matrix[:, place] for place, name in enumerate(examples.features)}
    batch = Batch(np.arange(len(examples.group)), {}, columns)
    scores = ranker.score(batch)
    results = []
    for place, objective in enumerate(ranker.objectives):
        label = examples.labels[objective]
        probability = scores[:, place]
        said, seen, _ = reliability(label, probability)
        metrics = all_of(label, probability, examples.group.astype(np.int64))
        results.append(Ranked(objective, len(label), metrics, said, seen))
    return results
