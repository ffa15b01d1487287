"""Pairs of product words that are worth a judgement: taken together, or near in the taxonomy.

Popular words are paired with popular ones and each rare word with popular ones of its department,
so that what few have taken has a way into a slate (after LLM-KERec, Zhao et al., 2024).
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from galen.data.arrays import Floats, Ints
from galen.data.lookup import place_within
from galen.features.words.item_words import ItemWords
from galen.features.words.word_pairs import WordPairs, values_at
from galen.knowledge.word_relations import WordRelations


@dataclass(frozen=True, slots=True)
class PairLimits:
    """How many pairs are asked about."""

    together: int = 40  # partners of a word that are taken with it more than by chance
    least: int = 3  # people who took both
    popular: int = 60  # words that are paired with each other, in whole
    rare: int = 20  # people below whom a word is rare
    partners: int = 10  # popular words of its department for each rare word
    most: int = 20_000  # in all; what is taken together goes first


@dataclass(frozen=True, slots=True)
class CandidatePairs:
    """Pairs of words, each once; `one` is not after `other`. The most worth asking stand first."""

    one: Ints  # (P,)
    other: Ints  # (P,)

    def __len__(self) -> int:
        return len(self.one)


def candidate_pairs(
    words: ItemWords, pairs: WordPairs, relations: WordRelations, limits: PairLimits
) -> CandidatePairs:
    """What knowledge relates, what is taken together, then what the taxonomy brings together."""
    one, other = _first_once(
        [
            _known(relations),
            _taken_together(pairs, limits),
            _popular(pairs.people, limits),
            _rare(words, pairs.people, limits),
        ],
        len(words),
    )
    return CandidatePairs(one[: limits.most], other[: limits.most])


def _known(relations: WordRelations) -> tuple[Ints, Ints]:
    """Pairs that the graph holds to go together, to stand in for each other, or to clash."""
    tables = (relations.complement, relations.substitute, relations.unsafe)
    found = [sparse.coo_array(table) for table in tables]
    return (
        np.concatenate([table.row for table in found]).astype(np.int64),
        np.concatenate([table.col for table in found]).astype(np.int64),
    )


def _taken_together(pairs: WordPairs, limits: PairLimits) -> tuple[Ints, Ints]:
    """For each word those that are taken with it most above chance, the strongest pair first."""
    both = sparse.coo_array(sparse.triu(pairs.both()))
    enough = both.data >= limits.least
    one, other = both.row[enough].astype(np.int64), both.col[enough].astype(np.int64)
    lift = pairs.lift(one, other)
    near = _best_of_each(one, other, lift, limits.together)
    near |= _best_of_each(other, one, lift, limits.together)
    near &= lift > 1
    order = np.lexsort((other[near], one[near], -lift[near]))
    return one[near][order], other[near][order]


def _popular(people: Ints, limits: PairLimits) -> tuple[Ints, Ints]:
    """The words that most people take, with each other."""
    best = np.argsort(-people, kind="stable")[: limits.popular]
    best = best[people[best] >= limits.rare]
    one, other = np.triu_indices(len(best))
    return best[one], best[other]


def _rare(words: ItemWords, people: Ints, limits: PairLimits) -> tuple[Ints, Ints]:
    """Each rare word with the most popular ones that share most of its category path."""
    rare = np.flatnonzero(people < limits.rare)
    popular = np.flatnonzero(people >= limits.rare)
    levels = _levels(words)
    near = sparse.coo_array(levels[rare] @ levels[popular].T)
    one, other = rare[near.row], popular[near.col]
    order = np.lexsort((other, -people[other], -near.data, one))
    kept = order[place_within(one[order]) < limits.partners]
    return one[kept], other[kept]


def _levels(words: ItemWords) -> sparse.csr_array:
    """(words, levels): what stands in the category path of a word, the rarer the heavier."""
    code: dict[str, int] = {}
    row, column = [], []
    for word, path in enumerate(words.path):
        for level in set(path):
            row.append(word)
            column.append(code.setdefault(level, len(code)))
    shape = len(words), max(len(code), 1)
    table = sparse.csr_array((np.ones(len(row)), (row, column)), shape)
    count = np.maximum(table.sum(axis=0), 1)
    weight: Floats = np.sqrt(np.log1p(len(words) / count))
    return sparse.csr_array(table @ sparse.diags_array(weight))


def _best_of_each(one: Ints, other: Ints, score: Floats, count: int) -> np.ndarray:
    """(P,) bool: is a pair among the `count` best of its first word?"""
    order = np.lexsort((other, -score, one))
    kept = np.zeros(len(one), bool)
    kept[order[place_within(one[order]) < count]] = True
    return kept


def _first_once(parts: list[tuple[Ints, Ints]], words: int) -> tuple[Ints, Ints]:
    """Pairs of all parts in their order, each once, whichever way it was found."""
    one = np.concatenate([np.minimum(*part) for part in parts])
    other = np.concatenate([np.maximum(*part) for part in parts])
    _, first = np.unique(one * max(words, 1) + other, return_index=True)
    first.sort()
    return one[first], other[first]


def shared_levels(words: ItemWords, one: int, other: int) -> tuple[str, ...]:
    """What two words have in common in their category paths, widest first."""
    known = set(words.path[other])
    return tuple(level for level in words.path[one] if level in known)


def people_of_both(pairs: WordPairs, one: Ints, other: Ints) -> Ints:
    """(P,): people who took goods of both words; of one word, two different goods of it."""
    count = values_at(pairs.both(), one, other)
    return np.where(one == other, count / 2, count).astype(np.int64)
