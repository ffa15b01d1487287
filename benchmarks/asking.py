"""Channels asked, without a pipeline around them, for what people took next."""

from typing import Final

import numpy as np

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import place_within, places_in_runs
from galen.pipeline.candidates import Candidates, Histories, Requests
from galen.pipeline.stages import Retriever

K: Final = 10
BLOCK: Final = 512  # requests that are asked together


def requests_of(past: Dataset, users: Ints) -> Requests:
    """Requests of users with what they did."""
    length = past.length[users]
    ends = np.concatenate([[0], np.cumsum(length)])
    rows = places_in_runs(past.offsets[users], length)
    history = Histories(
        ends, past.item[rows].astype(np.int64), past.kind[rows].astype(np.int64), past.at[rows]
    )
    count = len(users)
    nothing = np.zeros(count, np.int64)
    ages = np.full(count, np.nan)
    return Requests(nothing - 1, past.after[users], history, nothing, ages, [None] * count, nothing)


def slates_of(index: Retriever, requests: Requests) -> Candidates:
    """The K best items of a channel for each request."""
    rows, items = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start in range(0, len(requests), BLOCK):
        part = requests.part(start, min(start + BLOCK, len(requests)))
        found = index.retrieve(part, K)
        rows.append(found.request + start)
        items.append(found.item)
    return Candidates(np.concatenate(rows), np.concatenate(items), {})


def places_of_wanted(found: Candidates, wanted: Ints) -> Ints:
    """(R,) place of what was wanted (R,) among what was found, K where it was not."""
    right = found.item == wanted[found.request]
    place = np.full(len(wanted), K)
    place[found.request[right]] = place_within(found.request)[right]
    return place


def gains_of(place: Ints) -> tuple[Floats, Floats]:
    """(R,) recall and NDCG at K of one wanted item."""
    hit = (place < K).astype(np.float64)
    return hit, np.where(place < K, 1 / np.log2(place + 2.0), 0.0)
