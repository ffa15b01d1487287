"""What is worth a guess for training: cold items with likely people, near items, odd clicks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.features.clicks import odd_clicks
from galen.features.words.item_words import ItemWords
from galen.features.words.word_contexts import LEAST, WordContexts
from galen.features.words.word_pairs import WordPairs
from galen.features.words.word_rules import MORE

PREFERENCE, BUYER, NEGATIVE, CLICK = "preference", "buyer", "negative", "click"
KINDS: Final = (PREFERENCE, BUYER, NEGATIVE, CLICK)


@dataclass(frozen=True, slots=True)
class SampleLimits:
    """How much is asked about, and of whom."""

    kinds: tuple[str, ...] = KINDS
    cold: int = 5  # events below which an item is cold
    cold_items: int = 2000  # drawn by seed where there are more
    contexts: int = 3  # of each cold item
    positives: int = 500  # items that most people take, with near ones beside them
    near: int = 4  # items near each of them
    clicks: int = 500  # pairs of words, those with the most clicks that came to nothing
    people: int = LEAST  # who have to share a context


@dataclass(frozen=True, slots=True)
class Guess:
    """One question: words taken, and one or two items or, for clicks, a word."""

    kind: str
    context: str
    words: tuple[int, ...]  # of the context
    first: int  # item; for clicks a word
    second: int = -1


@dataclass(frozen=True)
class SamplePairs:
    """What the questions are made from; nothing in it is of later than the events given."""

    data: Dataset
    words: ItemWords
    pairs: WordPairs
    contexts: WordContexts
    limits: SampleLimits
    seed: int
    lifts: dict[int, Floats] = field(default_factory=dict)  # by word: of every word beside it

    def guesses(self) -> Iterator[Guess]:
        """In the order of the kinds, the same for the same seed."""
        found = {
            PREFERENCE: self._preferences,
            BUYER: self._buyers,
            NEGATIVE: self._negatives,
            CLICK: self._clicks,
        }
        for kind in self.limits.kinds:
            yield from found[kind]()

    def lift(self, context: Sequence[int], word: int) -> float:
        """The best lift of a word beside those of a context; a word of it has at least MORE."""
        return max(float(self.beside(one)[word]) for one in context)

    def beside(self, word: int) -> Floats:
        """(words,): the lift of every word beside one."""
        if word not in self.lifts:
            every = np.arange(len(self.words))
            lift = self.pairs.lift(np.full(len(every), word), every)
            lift[word] = max(lift[word], MORE)
            self.lifts[word] = lift
        return self.lifts[word]

    def _count(self) -> Ints:
        items = len(self.data.catalogue)
        return np.bincount(self.data.of(*TAKEN).item, minlength=items).astype(np.int64)

    def _matched(self) -> list[tuple[int, int]]:
        """(context, cold item): the contexts beside which the word of an item is taken most."""
        count, word = self._count(), self.words.of_item
        cold = np.flatnonzero((count < self.limits.cold) & (word >= 0))
        random = np.random.default_rng(self.seed)
        if len(cold) > self.limits.cold_items:
            cold = np.sort(random.choice(cold, self.limits.cold_items, replace=False))
        table = self._fit_table()
        best = np.argsort(-table, axis=0, kind="stable")[: self.limits.contexts]
        return [
            (int(context), item)
            for item in cold.tolist()
            for context in best[:, word[item]]
            if table[context, word[item]] >= MORE
        ]

    def _fit_table(self) -> Floats:
        """(contexts, words): `lift` of each word beside each context."""
        table = np.zeros((len(self.contexts.names), len(self.words)))
        for context, words in enumerate(self.contexts.words):
            for word in words:
                table[context] = np.maximum(table[context], self.beside(word))
        return table

    def _preferences(self) -> Iterator[Guess]:
        """Two cold items of one context, of different words where there are any."""
        of_context: dict[int, list[int]] = {}
        for context, item in self._matched():
            of_context.setdefault(context, []).append(item)
        random = np.random.default_rng((self.seed, 1))
        for context, items in sorted(of_context.items()):
            order = random.permutation(items)
            for one, other in zip(order[::2].tolist(), order[1::2].tolist(), strict=False):
                yield self._guess(PREFERENCE, context, one, other)

    def _buyers(self) -> Iterator[Guess]:
        for context, item in self._matched():
            yield self._guess(BUYER, context, item)

    def _negatives(self) -> Iterator[Guess]:
        """Popular items, each beside less popular ones of its word that its people never took."""
        count, word = self._count(), self.words.of_item
        taken = self.data.of(*TAKEN)
        best = np.argsort(-count, kind="stable")[: self.limits.positives]
        for positive in best[(count[best] >= self.limits.people) & (word[best] >= 0)].tolist():
            people = np.unique(taken.user[taken.item == positive])
            theirs = self.contexts.of_user[people]
            if not (theirs >= 0).any():
                continue
            context = int(np.bincount(theirs[theirs >= 0]).argmax())
            near = np.flatnonzero((word == word[positive]) & ~self._taken_by(taken, people))
            near = near[np.lexsort((near, -count[near]))][: self.limits.near]
            for other in near.tolist():
                yield self._guess(NEGATIVE, context, positive, other)

    def _taken_by(self, taken: Dataset, people: Ints) -> Bools:
        found = np.zeros(len(self.data.catalogue), bool)
        found[taken.item[np.isin(taken.user, people)]] = True
        return found

    def _clicks(self) -> Iterator[Guess]:
        """Words after which another was clicked, and nothing came of it, by many people."""
        odd = odd_clicks(self.data, self.words.of_item)
        width = max(len(self.words), 1)
        keys = odd.before * width + odd.word
        person = np.unique(np.stack([keys, odd.user], axis=1), axis=0)[:, 0]
        pair, people = np.unique(person, return_counts=True)
        order = np.lexsort((pair, -people))[: self.limits.clicks]
        for place in order[people[order] >= self.limits.people].tolist():
            before, word = divmod(int(pair[place]), width)
            if before != word:
                yield Guess(CLICK, self.words.names[before], (before,), word)

    def _guess(self, kind: str, context: int, first: int, second: int = -1) -> Guess:
        names, words = self.contexts.names, self.contexts.words
        return Guess(kind, names[context], words[context], first, second)
