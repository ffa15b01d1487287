"""Examples where a shop has no impressions: recall is run again at past moments.

Positive is what was taken next; the negatives are the rest of what was recalled then, never
random items alone, so the ranker learns to order what it will meet.
"""

import numpy as np

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.split import Moment
from galen.data.arrays import Bools, Floats
from galen.data.lookup import place_within
from galen.features.store import FeatureStore
from galen.pipeline.candidates import Candidates, Requests, under_each_other
from galen.pipeline.stages import Assembler, Examples

OBJECTIVE = "next"


def requests_at(moment: Moment, store: FeatureStore, people: PeopleColumns, seed: int) -> Requests:
    """The people of a moment, as a request of the home page would have seen them."""
    return store.requests(
        moment.users,
        moment.at,
        age=people.age[moment.users],
        household=people.household[moment.users],
        region=[people.region[user] for user in moment.users],
        life_stage=[people.life_stage[user] for user in moment.users],
        seed=seed + np.arange(len(moment.users)),
    )


def was_taken(moment: Moment, candidates: Candidates) -> Bools:
    """(N,): was this row what its person took next?"""
    width = 1 + max(int(candidates.item.max(initial=0)), int(moment.truth_item.max(initial=0)))
    truth = moment.truth_request * width + moment.truth_item
    return np.isin(candidates.request * width + candidates.item, truth)


def with_something_taken(moment: Moment, candidates: Candidates) -> Candidates:
    """The rows of requests in which something recalled was taken; the others teach nothing."""
    taken = was_taken(moment, candidates)
    return candidates.take(np.isin(candidates.request, np.unique(candidates.request[taken])))


def replayed(
    moment: Moment,
    requests: Requests,
    candidates: Candidates,
    assembler: Assembler,
    *,
    negatives: int,
    seed: int,
) -> Examples:
    """Examples from the rows of requests in which something recalled was taken.

    Of each request the negatives are thinned to `negatives`, half of them the best by recall
    score, half drawn by seed and weighted up by what they stand for.
    """
    candidates = with_something_taken(moment, candidates)
    taken = was_taken(moment, candidates)
    weight, kept = _thinned(candidates, taken, negatives, seed)
    candidates, taken, weight = candidates.take(kept), taken[kept], weight[kept]
    batch = assembler.assemble(requests, candidates)
    return Examples(batch, {OBJECTIVE: taken.astype(np.float64)}, weight)


def _thinned(
    candidates: Candidates, taken: Bools, negatives: int, seed: int
) -> tuple[Floats, Bools]:
    order = np.lexsort((-candidates.columns["recall_score"], taken, candidates.request))
    place = np.empty(len(order), np.int64)
    place[order] = place_within(candidates.request[order])  # negatives first, best first
    length = np.bincount(
        candidates.request[~taken], minlength=1 + int(candidates.request.max(initial=0))
    )
    best = negatives // 2
    rest = np.maximum(length - best, 0)[candidates.request]
    share = np.minimum(1.0, (negatives - best) / np.maximum(rest, 1))
    drawn = np.random.default_rng(seed).random(len(candidates)) < share
    sure = taken | (place < best)
    return np.where(sure, 1.0, 1 / share), sure | drawn


def joined(parts: list[Examples]) -> Examples:
    """Examples of several moments as one table; their requests stay apart."""
    return Examples(
        under_each_other([part.batch for part in parts]),
        {name: np.concatenate([p.labels[name] for p in parts]) for name in parts[0].labels},
        np.concatenate([p.weight for p in parts]),
    )
