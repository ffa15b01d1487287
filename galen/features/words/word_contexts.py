"""What people took lately as product words that many share: a context that names nobody."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Bools, Ints
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.features.words.item_words import ItemWords

LEAST: Final = 20
"""People who have to share a context (k-anonymity); else a wider one stands in."""
BETWEEN: Final = " + "


@dataclass(frozen=True, slots=True)
class WordContexts:
    """The newest two words of a person where enough others have the same, else the newest one."""

    names: tuple[str, ...]  # sorted; words of a context are joined, in order of their names
    words: tuple[tuple[int, ...], ...]  # of each context, in that order: places among the words
    of_user: Ints  # (users,) place among the names; -1 where too few share it

    @classmethod
    def of(cls, data: Dataset, words: ItemWords, least: int = LEAST) -> "WordContexts":
        """The contexts of people as they are after the events of `data`."""
        newest, before = _newest_two(data, words)
        width = len(words) + 1
        low, high = np.minimum(newest, before), np.maximum(newest, before)
        two = np.where((newest >= 0) & (before >= 0), (low + 1) * width + high + 1, -1)
        one = np.where(newest >= 0, newest + 1, -1)
        code = np.where(_shared(two, least), two, np.where(_shared(one, least), one, -1))
        codes = np.unique(code[code >= 0])
        parts = [_words(words, int(number), width) for number in codes]
        named = [BETWEEN.join(words.names[part] for part in one) for one in parts]
        order = np.argsort(named, kind="stable")
        rank = np.empty(len(codes), np.int64)
        rank[order] = np.arange(len(codes))
        of_user = np.full(data.users, -1)
        known = code >= 0
        of_user[known] = rank[np.searchsorted(codes, code[known])]
        names = tuple(named[place] for place in order)
        return cls(names, tuple(parts[place] for place in order), of_user)

    def users_of(self, context: str) -> Ints:
        """The people of a context, by its name; none where it is not known."""
        places = [place for place, name in enumerate(self.names) if name == context]
        return np.flatnonzero(np.isin(self.of_user, places))


def _newest_two(data: Dataset, words: ItemWords) -> tuple[Ints, Ints]:
    """(users,) the newest word of each person, and the newest other one; -1 where there is none."""
    taken = data.of(*TAKEN)
    word = words.of_item[taken.item]
    known = word >= 0
    user, word = taken.user[known].astype(np.int64), word[known]
    newest = np.full(data.users, -1)
    newest[user] = word  # of equal places the last one stays
    other = word != newest[user]
    before = np.full(data.users, -1)
    before[user[other]] = word[other]
    return newest, before


def _shared(code: Ints, least: int) -> Bools:
    """(users,): do enough people have the same code?"""
    known, place, count = np.unique(code, return_inverse=True, return_counts=True)
    return np.asarray((known[place] >= 0) & (count[place] >= least))


def _words(words: ItemWords, code: int, width: int) -> tuple[int, ...]:
    parts = [part - 1 for part in divmod(code, width) if part > 0]
    return tuple(sorted(parts, key=words.names.__getitem__))
