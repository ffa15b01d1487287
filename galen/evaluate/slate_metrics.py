"""How well slates hold what people took next: HR, NDCG, MRR by request, and what the slates cover.

Full ranking: a slate comes from the whole catalogue, never from sampled items. Ties are broken
pessimistically: a row stands behind every row of equal score. Hits are items, never codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Floats, Ints
from galen.data.lookup import place_within, places_of
from galen.pipeline.candidates import Candidates


@dataclass(frozen=True)
class Answers:
    """Slates beside the truth, for R requests."""

    slates: Candidates  # grouped by request, best first, column `score`
    requests: int
    truth_request: Ints  # (T,)
    truth_item: Ints  # (T,)

    def places(self) -> Ints:
        """(T,): place of each true item in its slate, 0 first; a large number where it is not."""
        slates = self.slates
        missing = np.iinfo(np.int64).max // 2
        if not len(slates):
            return np.full(len(self.truth_item), missing)
        width = 1 + max(int(slates.item.max()), int(self.truth_item.max(initial=0)))
        keys = slates.request * width + slates.item
        order = np.argsort(keys, kind="stable")
        truth = self.truth_request * width + self.truth_item
        place = places_of(keys[order], truth)
        return np.where(place >= 0, _pessimistic(slates)[order[place]], missing)


def _pessimistic(slates: Candidates) -> Ints:
    """(N,): place of each row, counted as the last of the run of equal scores it stands in."""
    place = place_within(slates.request)
    score = slates.columns["score"]
    new_run = np.append(
        True, (score[1:] != score[:-1]) | (slates.request[1:] != slates.request[:-1])
    )
    run = np.cumsum(new_run) - 1
    last = np.append(np.flatnonzero(new_run)[1:] - 1, len(score) - 1)
    return np.asarray(place[last[run]])


def by_request(answers: Answers, cuts: Sequence[int] = (5, 10, 20, 50)) -> dict[str, Floats]:
    """{metric: (R,)}: hr@k, recall@k, ndcg@k and mrr of each request.

    hr@k is 1 where at least one true item is among the first k; NDCG (Järvelin, Kekäläinen 2002)
    has gain 1 a true item; mrr counts the first one, 0 where none is in the slate.
    """
    place = answers.places()
    request, requests = answers.truth_request, answers.requests
    wanted = np.maximum(np.bincount(request, minlength=requests), 1)
    longest = max(int(wanted.max(initial=1)), *cuts)
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(longest) + 2))])
    values = {}
    for cut in cuts:
        inside = place < cut
        hits = np.bincount(request[inside], minlength=requests)
        gain = 1 / np.log2(place[inside] + 2)
        total = np.bincount(request[inside], gain, minlength=requests)
        values[f"hr@{cut}"] = (hits > 0).astype(np.float64)
        values[f"recall@{cut}"] = hits / wanted
        values[f"ndcg@{cut}"] = total / ideal[np.minimum(wanted, cut)]
    first = np.full(requests, np.iinfo(np.int64).max // 2)
    np.minimum.at(first, request, place)
    values["mrr"] = np.where(first < 10**9, 1 / (first + 1.0), 0.0)
    return values


def of_catalogue(slates: Candidates, popularity: Floats, cut: int = 10) -> dict[str, float]:
    """coverage, gini and novelty of the first `cut` places over all slates.

    Coverage is the share of items shown at least once; Gini is 0 where all are shown equally
    often; novelty is the mean of -log2 of the share of events that an item had (bits).
    """
    shown = slates.item[place_within(slates.request) < cut]
    count = np.sort(np.bincount(shown, minlength=len(popularity)).astype(np.float64))
    items = len(count)
    total = count.sum()
    gini = 0.0
    if total > 0:
        gini = float((2 * np.arange(1, items + 1) - items - 1) @ count / (items * total))
    return {
        f"coverage@{cut}": float((count > 0).mean()) if items else 0.0,
        f"gini@{cut}": gini,
        f"novelty@{cut}": float(bits_of(popularity)[shown].mean()) if len(shown) else 0.0,
    }


def bits_of(popularity: Floats) -> Floats:
    """(items,): -log2 of the share of events that each item had, one more than it had counted."""
    share = (popularity + 1) / (popularity.sum() + len(popularity))
    return np.asarray(-np.log2(share))


def first_of(slates: Candidates, requests: int, cut: int = 10) -> Ints:
    """(R, cut): the items of the first places of each slate, -1 where it is shorter."""
    place = place_within(slates.request)
    inside = place < cut
    first = np.full((requests, cut), -1)
    first[slates.request[inside], place[inside]] = slates.item[inside]
    return first


def novelty_of(first: Ints, popularity: Floats) -> Floats:
    """(R,): mean bits of the items in `first`, -1 where none; 0 for an empty slate."""
    bits = np.append(bits_of(popularity), 0.0)[first]
    # In one order, so that two orders of the same items are no difference by rounding.
    total = np.sort(bits, axis=1).sum(axis=1)
    return np.asarray(total / np.maximum((first >= 0).sum(axis=1), 1))
