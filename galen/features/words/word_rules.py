"""What two product words are to each other by fixed rules: the graph first, then what people do.

This stands where no language model has judged a shop's pairs, and says so wherever it is kept.
"""

from typing import Final

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.features.words.item_words import ItemWords
from galen.features.words.word_pairs import WordPairs, values_at
from galen.knowledge.word_relations import WordRelations

COMPLEMENT, SUBSTITUTE, UNRELATED, UNSAFE = range(4)
KINDS: Final = ("complement", "substitute", "unrelated", "unsafe_together")

EITHER, FORWARD, BACKWARD = range(3)
DIRECTIONS: Final = ("either", "first_then_second", "second_then_first")

MORE: Final = 1.2
"""Lift from which two words are taken together more than by chance."""
AHEAD: Final = 0.65
"""Share of pairs from which one word is said to come first."""


def kinds_by_rule(
    unsafe: Bools, complement: Bools, substitute: Bools, lift: Floats, same_shelf: Bools
) -> Ints:
    """(P,) place among KINDS.

    Safety comes first, then what the graph knows. Goods that are taken together complete each
    other, others of one shelf may stand in for each other.
    """
    return np.select(
        [unsafe, complement, substitute, lift >= MORE, same_shelf],
        [UNSAFE, COMPLEMENT, SUBSTITUTE, COMPLEMENT, SUBSTITUTE],
        UNRELATED,
    ).astype(np.int64)


def directions_by_rule(first_share: Floats) -> Ints:
    """(P,) place among DIRECTIONS, by the share of pairs in which the first word came first."""
    return np.select(
        [first_share >= AHEAD, first_share <= 1 - AHEAD], [FORWARD, BACKWARD], EITHER
    ).astype(np.int64)


def judged_by_rule(
    words: ItemWords, pairs: WordPairs, relations: WordRelations, one: Ints, other: Ints
) -> tuple[Ints, Ints]:
    """(P,) kinds and (P,) directions of pairs of words."""
    unsafe, complement, substitute = (
        values_at(table, one, other) > 0
        for table in (relations.unsafe, relations.complement, relations.substitute)
    )
    kind = kinds_by_rule(
        unsafe, complement, substitute, pairs.lift(one, other), on_one_shelf(words, one, other)
    )
    direction = directions_by_rule(pairs.first_share(one, other))
    return kind, np.where(kind == COMPLEMENT, direction, EITHER)


def on_one_shelf(words: ItemWords, one: Ints, other: Ints) -> Bools:
    """(P,): are the words the same, or of the same category path?"""
    code: dict[tuple[str, ...], int] = {}
    shelf: Ints = np.array([code.setdefault(path, len(code)) for path in words.path], np.int64)
    known = np.array([bool(path) for path in words.path], bool)
    return np.asarray((one == other) | ((shelf[one] == shelf[other]) & known[one]))
