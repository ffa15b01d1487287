"""Guessed preferences between two cold items, as lists of two that a listwise ranker learns from.

The softmax of a list of two is the logistic loss of their difference: a pairwise loss beside that
of the examples.
"""

from typing import Final

import numpy as np

from galen.assembly.examples.judged_samples import JudgedSamples
from galen.assembly.examples.people import PeopleColumns
from galen.data.arrays import Singles
from galen.data.dataset import Dataset
from galen.features.from_tables import TableFeatures, with_tables
from galen.features.store import FeatureStore
from galen.features.words.word_contexts import WordContexts
from galen.pipeline.candidates import Batch, Candidates
from galen.pipeline.stages import Examples

PEOPLE: Final = 2
"""People of a context of whom a preference is said, at most."""


def preference_examples(
    samples: JudgedSamples,
    past: Dataset,
    people: PeopleColumns,
    like: Examples,
    tables: tuple[TableFeatures, ...] = (),
) -> Examples | None:
    """Pairs as people stand after the events of `past`, with the columns of `like`.

    Of the objectives the first is what is preferred; the others are not known. None where there
    are no pairs.
    """
    guesses = samples.guesses["preference"]
    contexts = WordContexts.of(past, samples.words)
    random = np.random.default_rng((samples.seed, 13))
    user, won, lost, weight = [], [], [], []
    for place, context in enumerate(guesses.context):
        if min(guesses.item[place], guesses.other[place]) < 0:
            continue
        for person in random.permutation(contexts.users_of(context))[:PEOPLE].tolist():
            user.append(person)
            won.append(int(guesses.item[place]))
            lost.append(int(guesses.other[place]))
            weight.append(samples.part.preferences * float(guesses.weight[place]))
    if not user:
        return None
    who = np.array(user, np.int64)
    store = FeatureStore.replay(past)
    now = past.at.max() + 1 if past.clock == "time" else past.after[who]
    requests = store.requests(
        who,
        np.broadcast_to(np.asarray(now, np.int64), who.shape).copy(),
        age=people.age[who],
        household=people.household[who],
        region=[people.region[one] for one in user],
        life_stage=[people.life_stage[one] for one in user],
        seed=samples.seed + np.arange(len(who)),
    )
    rows = Candidates(np.repeat(np.arange(len(who)), 2), np.stack([won, lost], axis=1).ravel())
    batch = _like(with_tables(store, tables).assemble(requests, rows), like.batch)
    first, *others = like.labels
    labels = {first: np.tile([1.0, 0.0], len(who))}
    labels |= {name: np.full(2 * len(who), np.nan) for name in others}
    return Examples(batch, labels, np.repeat(weight, 2))


def _like(batch: Batch, like: Batch) -> Batch:
    """A batch with the columns of another; what it does not know is not known."""

    def by_row(name: str) -> Singles:
        if name in batch.per_row or name in batch.per_request:
            return batch.matrix([name])[:, 0]
        return np.full(len(batch), np.nan, np.float32)

    nowhere = np.full(len(batch), -1)
    return Batch(
        batch.request,
        {name: batch.per_request[name] for name in like.per_request},
        {name: by_row(name) for name in like.per_row},
        {name: batch.ids.get(name, nowhere) for name in like.ids},
        batch.history,
        batch.history_ids,
    )
