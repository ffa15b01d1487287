"""What the weights of item pairs are learned from: what was shown and clicked, else taken next."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.data.schema import DAY, TAKEN, Kind
from galen.features.words.word_pairs import Window, together
from galen.recall.item_pairs.weights import PairFacts

NEWEST: Final = 0.2
"""Share of events, the newest, that weights are learned from; facts come from those before."""
MOST: Final = 20_000
"""Pairs that were taken, or impressions, that are learned from at most."""
NEGATIVES: Final = 20
"""Items of related words beside each pair that was taken."""
RECENT: Final = 5
"""Items of a person that an impression is held against."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Items beside items, and whether the second was wanted."""

    one: Ints  # (P,)
    other: Ints  # (P,)
    wanted: Bools  # (P,)

    def rows(self, facts: PairFacts) -> tuple[Floats, Bools]:
        """(R, features) and labels (R,) of the pairs whose words are related."""
        table, known = facts.rows(self.one, self.other)
        return table[known], self.wanted[known]


def parted(data: Dataset) -> tuple[Dataset, Bools]:
    """The older events, and which of all are the newest (E,)."""
    if data.clock == "time" and len(data):
        newest = data.at >= np.quantile(data.at, 1 - NEWEST)
    else:
        newest = data.place >= np.floor((1 - NEWEST) * data.length[data.user])
    return data.take(~newest), newest


def lessons_of(
    data: Dataset, newest: Bools, facts: PairFacts, window: Window, seed: int
) -> Lessons:
    """From impressions among the newest events where there are any, else from what was taken."""
    random = np.random.default_rng(seed)
    shown = newest & (data.kind == int(Kind.IMPRESSION))
    if shown.any():
        return _shown(data, np.flatnonzero(shown), random)
    return _taken(data, newest, facts, window, random)


def _shown(data: Dataset, shown: Ints, random: np.random.Generator) -> Lessons:
    """Each impression beside the newest items taken before it; was it taken within a day?"""
    if len(shown) > MOST:
        shown = np.sort(random.choice(shown, MOST, replace=False))
    acted = np.flatnonzero(np.isin(data.kind, [int(kind) for kind in TAKEN]))
    before = np.searchsorted(acted, shown)
    wanted = np.zeros(len(shown), bool)
    one, other, label = [], [], []
    for ahead in range(20):  # a slate is acted on within the next few events
        at = np.minimum(before + ahead, len(acted) - 1)
        event = acted[at] if len(acted) else shown
        wanted |= (
            (before + ahead < len(acted))
            & (data.user[event] == data.user[shown])
            & (data.item[event] == data.item[shown])
            & (data.at[event] - data.at[shown] <= (DAY if data.clock == "time" else RECENT))
        )
    for back in range(1, RECENT + 1):
        there = before - back >= 0
        event = acted[before[there] - back]
        mine = data.user[event] == data.user[shown[there]]
        one.append(data.item[event][mine])
        other.append(data.item[shown[there]][mine])
        label.append(wanted[there][mine])
    whole = (np.concatenate(part) for part in (one, other))
    first, second = (part.astype(np.int64) for part in whole)
    return Lessons(first, second, np.concatenate(label).astype(bool))


def _taken(
    data: Dataset, newest: Bools, facts: PairFacts, window: Window, random: np.random.Generator
) -> Lessons:
    """Pairs of which the second is among the newest, beside items of other related words."""
    kept = np.isin(data.kind, [int(kind) for kind in TAKEN])
    taken, newest = data.take(kept), newest[kept]
    parts = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for first, second in together(taken, window):
        late = newest[second] & (taken.item[first] != taken.item[second])
        parts.append((taken.item[first[late]].astype(np.int64), taken.item[second[late]]))
    one = np.concatenate([part[0] for part in parts])
    other = np.concatenate([part[1] for part in parts]).astype(np.int64)
    word = facts.words.of_item
    related = np.flatnonzero(facts.edges(word[one], word[other]) >= 0)
    if len(related) > MOST:
        related = np.sort(random.choice(related, MOST, replace=False))
    one, other = one[related], other[related]
    instead = _drawn(facts, np.repeat(one, NEGATIVES), random)
    wrong = (instead >= 0) & (instead != np.repeat(other, NEGATIVES))
    return Lessons(
        np.concatenate([one, np.repeat(one, NEGATIVES)[wrong]]),
        np.concatenate([other, instead[wrong]]),
        np.arange(len(one) + int(wrong.sum())) < len(one),
    )


def _drawn(facts: PairFacts, one: Ints, random: np.random.Generator) -> Ints:
    """(P,): for each item another of a word that is related to its own, all as likely; or -1."""
    word, related = facts.words.of_item, facts.related
    order = np.argsort(word, kind="stable")
    start = np.searchsorted(word[order], np.arange(len(facts.words) + 1))
    size = np.diff(start)
    reach = np.concatenate([[0], np.cumsum(size[related.target])])  # items up to each relation
    first = reach[np.searchsorted(related.source, word[one])]
    last = reach[np.searchsorted(related.source, word[one], side="right")]
    drawn = first + (random.random(len(one)) * (last - first)).astype(np.int64)
    edge = np.clip(np.searchsorted(reach, drawn, side="right") - 1, 0, len(related.target) - 1)
    place = start[related.target[edge]] + drawn - reach[edge]
    found = order[np.minimum(place, len(order) - 1)]
    return np.where((last > first) & (found != one), found, -1)
