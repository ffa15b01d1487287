"""What slates of a held-out part come to: hits, coverage, how unlike their rows are, time."""

from functools import partial

import numpy as np

from benchmarks.latency import clocked, p50_and_p99
from galen.data.arrays import Floats, Singles
from galen.evaluate.diversity import unlike_kinds, unlike_vectors
from galen.evaluate.offline import Question, shown_by
from galen.evaluate.slate_metrics import Answers, by_request, of_catalogue
from galen.pipeline.candidates import Candidates
from galen.pipeline.pipeline import Pipeline

BLOCK = 512


def slates_of(question: Question, pipeline: Pipeline, n: int = 10) -> Candidates:
    """The slates of every request.

    Raises:
        RuntimeError: a stage failed, so that figures would be of something else.
    """
    shown = shown_by(pipeline, question.requests, depth=n, block=BLOCK)
    if shown.degraded:
        raise RuntimeError(f"failed on the way: {', '.join(shown.degraded)}")
    return shown.slates


def gains(question: Question, slates: Candidates) -> dict[str, Floats]:
    """hr@k, ndcg@k and mrr of each request; a slate's order counts, not its scores."""
    moment = question.moment
    ordered = slates.with_columns({"score": -np.arange(len(slates), dtype=np.float64)})
    return by_request(
        Answers(ordered, len(question.requests), moment.truth_request, moment.truth_item),
        cuts=(5, 10),
    )


def figures(question: Question, slates: Candidates, vectors: Singles) -> dict[str, float]:
    """Means over requests."""
    kinds = unlike_kinds(slates, question.moment.past.catalogue.category)
    return {
        **{name: float(found.mean()) for name, found in gains(question, slates).items()},
        **of_catalogue(slates, question.popularity),
        "ild_category@10": _mean(kinds),
        "ild_vectors@10": _mean(unlike_vectors(slates, vectors)),
    }


def single_requests(question: Question, pipeline: Pipeline, count: int) -> dict[str, float]:
    """Milliseconds of single requests for ten items through the whole pipeline."""
    requests = question.requests
    alone = (requests.part(row, row + 1) for row in range(min(count, len(requests))))
    return p50_and_p99([clocked(partial(pipeline.run, one, 10)) for one in alone])


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
