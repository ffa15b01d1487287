"""An attacker who sees slates and wants to know who has what: classifiers and their AUC.

Shokri et al., "Membership Inference Attacks Against Machine Learning Models", S&P 2017, in spirit:
the attacker knows slates and conditions of some people and guesses those of others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import lightgbm as lgb
import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from galen.data.arrays import Bools, Floats, Ints
from galen.data.catalogue import Catalogue
from galen.evaluate.intervals import Interval
from galen.rank.resampling import drawn_again, ends

RESAMPLES: Final = 200
LEAST: Final = 25
"""People with and without a condition on each side of the split, or nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Slates:
    """What people were shown, several slates each."""

    person: Ints  # (N,) row of the person
    item: Ints  # (N,)
    place: Ints  # (N,) 0 first
    people: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What an attacker makes of slates, by how often and by how high things were shown."""

    items: sparse.csr_matrix  # (people, 2 items + 1): the last is how many places were filled
    words: sparse.csr_matrix  # (people, …): product words (whole category paths), departments


def seen(slates: Slates, catalogue: Catalogue) -> Seen:
    """Counts and sums of 1 / (1 + place) of each person's slates."""
    filled = np.bincount(slates.person, minlength=slates.people).astype(np.float64)
    size = len(catalogue)
    items = _shown(slates, slates.item, size)
    words = [
        _shown(slates, codes[slates.item] % (size + 1), size + 1)  # an unknown one is the last
        for codes, size in (
            (catalogue.path, len(catalogue.path_words)),
            (catalogue.department, len(catalogue.department_words)),
        )
    ]
    count = sparse.csr_matrix(filled[:, None])
    return Seen(
        sparse.csr_matrix(sparse.hstack([*items, count])),
        sparse.csr_matrix(sparse.hstack([*words[0], *words[1], count])),
    )


def _shown(slates: Slates, code: Ints, size: int) -> list[sparse.csr_matrix]:
    shape = (slates.people, size)
    return [
        sparse.csr_matrix((weight, (slates.person, code)), shape=shape)
        for weight in (np.ones(len(code)), 1.0 / (1 + slates.place))
    ]


def split_households(households: Sequence[str], random: np.random.Generator) -> Bools:
    """(people,): who the attacker knows; of a household all or nobody."""
    names, code = np.unique(np.asarray(households), return_inverse=True)
    return np.asarray(random.random(len(names)) < 0.5)[code]


def attack(
    features: Seen, has: Bools, known: Bools, parts: Mapping[str, Bools], seed: int
) -> dict[str, Interval]:
    """AUC on people who are not known, by classifier and part of the people.

    A part of which too few have the condition is left out. Settings are fixed beforehand: nothing
    is chosen on the people who are guessed.
    """
    if min(int(has[known].sum()), int((~has[known]).sum())) < LEAST:
        return {}
    guesses = _guesses(features, has, known, seed)
    found = {}
    for part, among in parts.items():
        rows = among[~known]
        labels = has[~known][rows]
        if min(int(labels.sum()), int((~labels).sum())) >= LEAST:
            for name, score in guesses.items():
                found[f"{name}, {part}"] = auc_interval(labels, score[rows], seed=seed)
    return found


def _guesses(features: Seen, has: Bools, known: Bools, seed: int) -> dict[str, Floats]:
    """Scores of the people who are not known."""
    found = {}
    for name, table, strength in (("items", features.items, 0.1), ("words", features.words, 1.0)):
        scale = np.asarray(abs(table[known]).max(axis=0).todense()).ravel()
        scaled = sparse.csr_matrix(table.multiply(1 / np.maximum(scale, 1e-9)))
        linear = LogisticRegression(C=strength, max_iter=2000).fit(scaled[known], has[known])
        found[name] = np.asarray(linear.decision_function(scaled[~known]))
    dense = features.words.toarray()
    trees = lgb.LGBMClassifier(
        n_estimators=80,
        num_leaves=15,
        learning_rate=0.05,
        min_child_samples=30,
        colsample_bytree=0.5,
        random_state=seed,
        n_jobs=1,
        verbose=-1,
    ).fit(dense[known], has[known])
    found["trees"] = np.asarray(trees.predict_proba(dense[~known]))[:, 1]
    return found


def auc_interval(has: Bools, score: Floats, *, seed: int) -> Interval:
    """The AUC with its 95 % bootstrap interval over people; a draw of one class is left out."""
    found = []
    for times in chain.from_iterable(drawn_again(len(has), draws=RESAMPLES, seed=seed)):
        if 0 < times[has].sum() < len(has):
            found.append(float(roc_auc_score(has, score, sample_weight=times)))
    low, high = ends(np.array(found)[:, None])
    return Interval(float(roc_auc_score(has, score)), float(low[0]), float(high[0]))
