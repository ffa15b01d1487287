"""Parts of the requests that an average would hide."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.data.catalogue import Catalogue

COLD = 5  # an item with fewer events than this in what was learned from is cold
HEAD = 0.2  # share of items, the most popular ones, that are the head; the others are the tail


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the requests, by a name that tables print."""

    name: str
    requests: Bools  # (R,)


def slices_of(
    length: Ints,
    truth_request: Ints,
    truth_item: Ints,
    popularity: Floats,
    catalogue: Catalogue,
    *,
    departments: int = 12,
) -> list[Slice]:
    """History length 0, 1-3, 4-10 and more than 10; cold and warm items; head and tail; largest
    departments.

    `length` (R,) is of the history that was known; `popularity` (items,) of what was learned from.
    """
    requests = len(length)
    everybody = Slice("all", np.ones(requests, bool))
    parts = [
        everybody,
        Slice("history 0", length == 0),
        Slice("history 1-3", (length >= 1) & (length <= 3)),
        Slice("history 4-10", (length >= 4) & (length <= 10)),
        Slice("history > 10", length > 10),
    ]
    cold = np.zeros(requests, bool)
    cold[truth_request[popularity[truth_item] < COLD]] = True
    parts += [Slice(f"cold item (< {COLD} events)", cold), Slice("warm items", ~cold)]
    head = np.zeros(requests, bool)
    head[truth_request[head_of(popularity)[truth_item]]] = True
    parts += [Slice(f"head items (top {HEAD:.0%})", head), Slice("tail items", ~head)]
    department = catalogue.department[truth_item]
    known = department >= 0
    codes, counts = np.unique(department[known], return_counts=True)
    for code in codes[np.argsort(-counts, kind="stable")][:departments]:
        inside = np.zeros(requests, bool)
        inside[truth_request[department == code]] = True
        parts.append(Slice(f"department {catalogue.department_words[int(code)]}", inside))
    return [part for part in parts if part.requests.any()]


def slices_by_declaration(
    conditions: Bools, medicines: Bools, allergies: Bools, expecting: Bools
) -> list[Slice]:
    """Who declared nothing, conditions, medicines or allergies, and who expects or nurses a baby.

    Each (R,); a request may be in several, and a slice without one is left out.
    """
    silent = ~(conditions | medicines | allergies | expecting)
    parts = [
        Slice("declared nothing", silent),
        Slice("declared conditions", conditions),
        Slice("declared medicines", medicines),
        Slice("declared allergies", allergies),
        Slice("pregnancy or lactation", expecting),
    ]
    return [part for part in parts if part.requests.any()]


def head_of(popularity: Floats) -> Bools:
    """(items,): the fifth of items with the most events, of equals the first; none without one."""
    count = int(np.ceil(HEAD * len(popularity)))
    head = np.zeros(len(popularity), bool)
    head[np.argsort(-popularity, kind="stable")[:count]] = True
    return head & (popularity > 0)
