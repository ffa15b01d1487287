"""How likely an item is wanted beside another: a logistic model over word, word and item.

After the entity-entity-item weights of LLM-KERec (Zhao et al., 2024). Coefficients are drawn to a
prior, so a shop with few events has sound weights, and an item that nobody took has those of its
word, brand and text.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit

from galen.data.arrays import Bools, Floats, Ints, Singles
from galen.data.lookup import places_of
from galen.features.words.item_words import ItemWords
from galen.features.words.word_pairs import WordPairs, values_at
from galen.recall.item_pairs.related_words import RelatedWords

FEATURES: Final = (
    "constant",
    "lift",  # log, of the two words
    "confidence",  # of who judged them
    "substitute",  # 1 where one stands in for the other
    "demand",  # log of how often an item of the target's word is taken, on the mean
    "popularity",  # log of how often the item is, over that mean
    "new",  # 1 / (1 + how often the item is taken)
    "brand",  # 1 where both items are of one brand
    "alike",  # cosine of what is said of both items
    "new_alike",  # the two of these, of what words must stand for where events are few
    "together",  # log of 1 + how often both items were taken together
)
PRIOR: Final = np.array([-4.0, 1.0, 1.0, -1.0, 0.5, 0.7, 0.0, 0.7, 1.0, 0.0, 1.0])
STRENGTH: Final = 10.0
"""Inverse variance of the prior: about as much as 40 rows whose answer is open."""
SMOOTH: Final = 1.0
"""Events that are added to how often an item was taken."""


@dataclass(frozen=True)
class PairFacts:
    """What there is to know of a word beside a word, and of an item beside an item."""

    words: ItemWords
    related: RelatedWords
    lift: Floats  # (E,) log
    demand: Floats  # (words,) log
    popularity: Floats  # (items,) log
    new: Floats  # (items,) 1 for what nobody took, 0 for what many did
    brand: Ints  # (items,) -1 where unknown
    text: Singles  # (items, d) of length 1; 0 where nothing is said
    together: sparse.csr_array  # (items, items) log of 1 + times

    @classmethod
    def of(
        cls,
        words: ItemWords,
        related: RelatedWords,
        pairs: WordPairs,
        count: Floats,
        brand: Ints,
        text: Singles,
        times: sparse.csr_array,
    ) -> "PairFacts":
        """`count` (items,) is how often each was taken; `times` (items, items) how often both."""
        word = words.of_item
        there = word >= 0
        size = np.maximum(np.bincount(word[there], minlength=len(words)), 1)
        mean = np.bincount(word[there], count[there], minlength=len(words)) / size
        own = np.where(there, mean[word] if len(words) else 0.0, 0.0)
        together = times.copy()
        together.data = np.log1p(together.data)
        return cls(
            words,
            related,
            np.log(pairs.lift(related.source, related.target)),
            np.log(mean + SMOOTH),
            np.log((count + SMOOTH) / (own + SMOOTH)),
            1 / (1 + count),
            brand,
            text,
            together,
        )

    def edges(self, source: Ints, target: Ints) -> Ints:
        """(P,): the relation of two words; -1 where they have none."""
        width = max(len(self.words), 1)
        keys = self.related.source * width + self.related.target
        place = places_of(keys, source * width + target)
        return np.where((source >= 0) & (target >= 0), place, -1)

    def rows(self, one: Ints, other: Ints) -> tuple[Floats, Bools]:
        """(P, features) of items beside items, and which of them are of related words."""
        word = self.words.of_item
        edge = self.edges(word[one], word[other])
        known = edge >= 0
        alike = np.einsum("pd,pd->p", self.text[one], self.text[other])
        table = np.column_stack(
            [
                self.of_edges(edge, word[other]),
                self.popularity[other],
                self.new[other],
                (self.brand[one] == self.brand[other]) & (self.brand[one] >= 0),
                alike,
                alike * self.new[other],
                values_at(self.together, one, other),
            ]
        )
        return table.astype(np.float64), known

    def of_edges(self, edge: Ints, word: Ints) -> Floats:
        """(P, 5): what depends on the two words alone."""
        related = self.related
        return np.column_stack(
            [
                np.ones(len(edge)),
                self.lift[edge] if len(self.lift) else np.zeros(len(edge)),
                related.confidence[edge] if len(self.lift) else np.zeros(len(edge)),
                related.substitute[edge] if len(self.lift) else np.zeros(len(edge)),
                self.demand[word],
            ]
        )


def fitted(rows: Floats, label: Bools) -> Floats:
    """(features,): the most likely coefficients under a normal prior around PRIOR."""
    if not len(rows):
        return PRIOR.copy()
    sign = np.where(label, 1.0, -1.0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = sign * (rows @ weights)
        away = weights - PRIOR
        value = float(np.logaddexp(0, -margin).sum() + STRENGTH / 2 * (away @ away))
        slope = -(sign * expit(-margin)) @ rows + STRENGTH * away
        return value, np.asarray(slope, np.float64)

    found = minimize(loss, PRIOR, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x, np.float64)
