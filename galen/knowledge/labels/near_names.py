"""Near spellings of ingredients: guesses for a person to review, guarded against look-alike drugs.

Distances count insertions, deletions, substitutions and swaps of neighbours (optimal string
alignment). The bounds were chosen on spellings of the open vocabulary, each looked up with itself
left out; `python -m benchmarks.drug_names` prints how often such a guess is right.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from galen.data.arrays import Ints, Singles

Scores = Singles

SHORTEST: Final = 8  # letters; shorter names are never guessed
ONE_EDIT_BELOW: Final = 11  # letters; names shorter than this may differ by one edit, others by two
LEAD: Final = 1  # the next other ingredient must be more than this many edits further off
FURTHEST: Final = 2 + LEAD  # edits; a name further off neither is near nor makes one unclear
BATCH: Final = 256
_STEREO = (
    "d l dl r s rs levo dextro dex es ar rac cis trans alpha beta gamma delta epsilon omega alfa "
    "n iso neo nor"
)
STEREO: Final = frozenset(_STEREO.split())
ENDINGS: Final = re.compile(r"(?:ine|one|ane|ene|yne|ide|ite|ate|ose|ase|ole|yl|ol|am|im) ")
HEARD: Final = (
    ("ph", "f"),
    ("th", "t"),
    ("h", ""),
    ("ck", "k"),
    ("c", "k"),
    ("q", "k"),
    ("z", "s"),
)
VOWELS: Final = re.compile("[aeiouy]")
DOUBLED: Final = re.compile(r"(.)\1+")
NUMBERS: Final = re.compile(r"\d+\w*")
_NONE: Final = np.empty(0, np.int64)


@dataclass(frozen=True)
class NearNames:
    """Names long enough to be guessed at, with the row of what each names."""

    names: tuple[str, ...]
    rows: Ints  # (N,)

    @classmethod
    def of(cls, row_of: Mapping[str, int]) -> "NearNames":
        """Keep the names, folded by `Spelling`, whose letters are Latin and enough."""
        kept = [name for name in row_of if _may_be_guessed(name)]
        return cls(tuple(kept), np.array([row_of[name] for name in kept], np.int64))

    def nearest(self, mentions: Sequence[str]) -> tuple[Ints, Scores]:
        """The row of the one near ingredient, or -1, and the similarity of its spelling, 0 … 1.

        Both are (M,). None is near where it breaks a guard, or where two ingredients are.
        """
        rows = np.full(len(mentions), -1, np.int64)
        scores = np.zeros(len(mentions), np.float32)
        by_length: dict[int, list[int]] = {}
        for place, text in enumerate(mentions):
            if len(self.compared(text)):
                by_length.setdefault(len(text), []).append(place)
        for length, asked in by_length.items():
            those = self._about[length]
            names = [self.names[place] for place in those.tolist()]
            for start in range(0, len(asked), BATCH):
                places = asked[start : start + BATCH]
                texts = [mentions[place] for place in places]
                found = cdist(texts, names, scorer=OSA.distance, score_cutoff=FURTHEST)
                distances = np.asarray(found, np.int64)
                for place, text, distance in zip(places, texts, distances, strict=True):
                    rows[place], scores[place] = self._choose(text, those, distance)
        return rows, scores

    def compared(self, text: str) -> Ints:
        """(K,) places of the names that a text is compared with: those that could decide.

        None where no name begins alike; none that is shorter or longer by more than any may differ.
        """
        begins = _may_be_guessed(text) and text[:2] in self._beginnings
        return self._about.get(len(text), _NONE) if begins else _NONE

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        return frozenset(name[:2] for name in self.names)

    @cached_property
    def _about(self) -> Mapping[int, Ints]:
        """By the length of a text: places of the names of about that length, in their order."""
        lengths = np.array([len(name) for name in self.names], np.int64)
        near = {one + by for one in set(lengths.tolist()) for by in range(-FURTHEST, FURTHEST + 1)}
        return {one: np.flatnonzero(abs(lengths - one) <= FURTHEST) for one in near}

    def _choose(self, text: str, places: Ints, distance: Ints) -> tuple[int, float]:
        allowed = 1 if len(text) < ONE_EDIT_BELOW else 2
        near = np.flatnonzero(distance <= allowed + LEAD)
        near = near[np.argsort(distance[near], kind="stable")]
        if not len(near):
            return -1, 0.0
        order, edits = places[near], distance[near]
        first, least = int(order[0]), int(edits[0])
        other = edits[self.rows[order] != self.rows[first]]
        clear = not len(other) or int(other[0]) > least + LEAD
        if least > allowed or not clear or not alike(text, self.names[first]):
            return -1, 0.0
        return int(self.rows[first]), 1 - least / max(len(text), len(self.names[first]))


def alike(text: str, name: str) -> bool:
    """Whether two near names differ only as misspellings do and drugs do not.

    Alike are: beginning, number of words, short words, numbers, words of stereochemistry, chemical
    endings, and the consonants in their order. What sounds alike or is doubled counts as one.
    """
    one, two = text.split(), name.split()
    return (
        text[:2] == name[:2]
        and len(one) == len(two)
        and NUMBERS.findall(text) == NUMBERS.findall(name)
        and all(_one_word(left, right) for left, right in zip(one, two, strict=True))
    )


def _one_word(left: str, right: str) -> bool:
    if left == right:
        return True
    if min(len(left), len(right)) < SHORTEST or left in STEREO or right in STEREO:
        return False
    if ENDINGS.search(left + " ") and ENDINGS.search(right + " ") and left[-3:] != right[-3:]:
        return False
    return _skeleton(left) == _skeleton(right) or _swapped(left, right)


def _skeleton(word: str) -> str:
    for written, heard in HEARD:
        word = word.replace(written, heard)
    return DOUBLED.sub(r"\1", VOWELS.sub("", word))


def _swapped(left: str, right: str) -> bool:
    """Whether two neighbouring letters changed places, and nothing else."""
    return (
        len(left) == len(right) and sorted(left) == sorted(right) and OSA.distance(left, right) == 1
    )


def _may_be_guessed(text: str) -> bool:
    return len(text) >= SHORTEST and text.isascii() and any(map(str.isalpha, text))
