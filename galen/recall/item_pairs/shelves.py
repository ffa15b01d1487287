"""The weights of all items beside each item, a product word at a time."""

import numpy as np
from scipy import sparse
from scipy.special import expit

from galen.data.arrays import Floats, Ints
from galen.data.lookup import places_in_runs
from galen.recall.item_pairs.weights import FEATURES, PairFacts

ENTRIES = 4_000_000
"""Pairs of items whose weights are held at once."""

BRAND, ALIKE, NEW_ALIKE, TOGETHER = (
    FEATURES.index(name) for name in ("brand", "alike", "new_alike", "together")
)


def weights_of(
    facts: PairFacts, learned: Floats, shelf: int, neighbours: int, seed: int
) -> sparse.csr_array:
    """(items, items): how likely each is wanted beside each, the `neighbours` best of a row.

    Of the items of all related words half a shelf has those that are likeliest by word and
    popularity; the other half is drawn, so that what nobody took has its chance.
    """
    items = len(facts.words.of_item)
    order = np.argsort(facts.words.of_item, kind="stable")
    start = np.searchsorted(facts.words.of_item[order], np.arange(len(facts.words) + 1))
    random = np.random.default_rng(seed)
    parts = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    for word in np.unique(facts.related.source).tolist():
        found, level = _shelf(facts, learned, word, (order, start))
        if len(found) > shelf:
            chosen = _half_best_half_drawn(level, shelf, random)
            found, level = found[chosen], level[chosen]
        mine = order[start[word] : start[word + 1]]
        block = max(ENTRIES // max(len(found), 1), 1)
        for first in range(0, len(mine), block):
            own = mine[first : first + block]
            parts.append(_best_beside(facts, learned, own, found, level, neighbours))
    row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sparse.csr_array((value, (row, column)), shape=(items, items))


def _half_best_half_drawn(level: Floats, count: int, random: np.random.Generator) -> Ints:
    """(count,) places: half of them of the highest levels, half drawn among the others."""
    best = np.argsort(-level, kind="stable")
    drawn = random.permutation(best[count // 2 :])[: count - count // 2]
    return np.sort(np.concatenate([best[: count // 2], drawn]))


def _best_beside(
    facts: PairFacts, learned: Floats, own: Ints, found: Ints, level: Floats, count: int
) -> tuple[Ints, Ints, Floats]:
    """Of items `own`, each with the `count` found that are likeliest beside it, and how likely."""
    score = _scores(facts, learned, own, found, level)
    count = min(count, len(found))
    best = np.argpartition(-score, count - 1, axis=1)[:, :count]
    row, column = np.repeat(own, count), found[best].ravel()
    value = np.take_along_axis(score, best, axis=1).ravel()
    kept = row != column  # an item is not beside itself
    return row[kept], column[kept], expit(value[kept])


def _shelf(
    facts: PairFacts, learned: Floats, word: int, shelves: tuple[Ints, Ints]
) -> tuple[Ints, Floats]:
    """The items of the words that are related to one, with the part of their score it gives."""
    order, start = shelves
    related = facts.related
    edge = np.flatnonzero(related.source == word)
    count = np.diff(start)[related.target[edge]]
    found = order[places_in_runs(start[related.target[edge]], count)]
    each = np.repeat(edge, count)
    table = np.column_stack(
        [facts.of_edges(each, related.target[each]), facts.popularity[found], facts.new[found]],
    )
    return found, np.asarray(table @ learned[: table.shape[1]], np.float64)


def _scores(facts: PairFacts, learned: Floats, own: Ints, found: Ints, level: Floats) -> Floats:
    """(own, found): the logits."""
    alike = (facts.text[own] @ facts.text[found].T).astype(np.float64)
    score = level + (learned[ALIKE] + learned[NEW_ALIKE] * facts.new[found]) * alike
    brand = facts.brand[own]
    score += learned[BRAND] * ((brand[:, None] == facts.brand[found]) & (brand >= 0)[:, None])
    near = sparse.csr_array(facts.together[own][:, found])
    score += learned[TOGETHER] * near.toarray()
    return np.asarray(score, np.float64)
