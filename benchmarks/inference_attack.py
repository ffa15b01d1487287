"""An attacker who sees slates and wants to know who has what: two classifiers and their AUC.

Shokri et al., "Membership Inference Attacks Against Machine Learning Models", S&P 2017, in spirit:
the attacker knows slates and conditions of some people and guesses those of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import lightgbm as lgb
import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from galen.data.catalogue import Catalogue
from galen.evaluate.intervals import Interval
from galen.pipeline.candidates import Bools, Floats, Ints

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


def seen(slates: Slates, catalogue: Catalogue) -> sparse.csr_matrix:
    """(people, features): each item, product word (the whole category path) and department, once
    by how often it was shown and once by how high, and how many places were filled."""
    parts = []
    groups = (
        (np.arange(len(catalogue)), len(catalogue)),
        (catalogue.path, len(catalogue.path_words) + 1),
        (catalogue.department, len(catalogue.department_words) + 1),
    )
    for codes, size in groups:
        code = codes[slates.item] % size  # an unknown one, -1, is the last
        for weight in (np.ones(len(code)), 1.0 / (1 + slates.place)):
            shape = (slates.people, size)
            parts.append(sparse.csr_matrix((weight, (slates.person, code)), shape=shape))
    filled = np.bincount(slates.person, minlength=slates.people).astype(np.float64)
    return sparse.csr_matrix(sparse.hstack([*parts, sparse.csr_matrix(filled[:, None])]))


def split_households(households: Sequence[str], random: np.random.Generator) -> Bools:
    """(people,): who the attacker knows; of a household all or nobody."""
    names, code = np.unique(np.asarray(households), return_inverse=True)
    return np.asarray(random.random(len(names)) < 0.5)[code]


def attack(
    features: sparse.csr_matrix, has: Bools, known: Bools, seed: int
) -> dict[str, Interval] | None:
    """AUC on people who are not known, by classifier; None where too few have the condition.

    Settings are fixed beforehand: nothing is chosen on the people who are guessed.
    """
    for side in (known, ~known):
        if min(int(has[side].sum()), int((~has[side]).sum())) < LEAST:
            return None
    scale = np.maximum(np.asarray(abs(features[known]).max(axis=0).todense()).ravel(), 1e-9)
    scaled = sparse.csr_matrix(features.multiply(1 / scale))
    linear = LogisticRegression(C=0.1, max_iter=2000).fit(scaled[known], has[known])
    trees = lgb.LGBMClassifier(
        n_estimators=80,
        num_leaves=15,
        learning_rate=0.05,
        min_child_samples=30,
        colsample_bytree=0.5,
        random_state=seed,
        n_jobs=1,
        verbose=-1,
    ).fit(features[known], has[known])
    guesses = {
        "logistic": linear.decision_function(scaled[~known]),
        "trees": np.asarray(trees.predict_proba(features[~known]))[:, 1],
    }
    return {
        name: auc_interval(has[~known], np.asarray(score), seed=seed)
        for name, score in guesses.items()
    }


def auc_interval(has: Bools, score: Floats, *, seed: int) -> Interval:
    """The AUC with its 95 % bootstrap interval over people; a draw of one class is left out."""
    random, found = np.random.default_rng(seed), []
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(has), len(has))
        if 0 < has[rows].sum() < len(rows):
            found.append(float(roc_auc_score(has[rows], score[rows])))
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(float(roc_auc_score(has, score)), float(low), float(high))
