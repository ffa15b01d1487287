"""Clicks that came to nothing, with the word that their person had taken before."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Ints
from galen.data.dataset import Dataset
from galen.data.schema import DAY, TAKEN, Kind

WITHIN: Final = DAY
"""Time after a click in which something may come of it, and before it that is its session."""
PLACES: Final = 5
"""The same where a shop has no clock: events."""


@dataclass(frozen=True, slots=True)
class OddClicks:
    """Clicks after which nobody carted, bought or clicked the item again."""

    row: Ints  # (C,) of the events
    user: Ints  # (C,)
    before: Ints  # (C,) word of what the person had taken last, within the session
    word: Ints  # (C,) of the item clicked


def odd_clicks(data: Dataset, word: Ints) -> OddClicks:
    """The clicks of a dataset that came to nothing; `word` is (items,), -1 where there is none."""
    taken = np.flatnonzero(np.isin(data.kind, [int(kind) for kind in TAKEN]))
    user, item, at = data.user[taken], data.item[taken], data.at[taken]
    limit = WITHIN if data.clock == "time" else PLACES
    clicked = data.kind[taken] == int(Kind.CLICK)
    followed = np.zeros(len(taken), bool)
    key = np.lexsort((np.arange(len(taken)), item, user))
    same = (np.diff(user[key]) == 0) & (np.diff(item[key]) == 0) & (np.diff(at[key]) <= limit)
    followed[key[:-1][same]] = True
    before = np.full(len(taken), -1)
    near = (user[1:] == user[:-1]) & (at[1:] - at[:-1] <= limit)
    before[1:][near] = word[item[:-1][near]]
    odd = clicked & ~followed & (before >= 0) & (word[item] >= 0)
    return OddClicks(
        taken[odd], user[odd].astype(np.int64), before[odd], word[item[odd]].astype(np.int64)
    )
