"""Guesses of a language model about a shop, as training takes them: events, weights, pairs.

They change only what is learned from. They were made from events before the split, and neither
validation nor test, nor the store that features are read from, ever holds one.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.assembly.recipes.recipe import SamplesPart
from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.enriched import read_enriched
from galen.data.lookup import all_places_of, places_of
from galen.data.schema import TAKEN
from galen.features.clicks import odd_clicks
from galen.features.words.item_words import TABLE as ITEMS
from galen.features.words.item_words import ItemWords
from galen.features.words.word_contexts import WordContexts
from galen.knowledge.build import graph_of
from galen.pipeline.stages import Examples

TABLE: Final = "samples"
PEOPLE: Final = 5
"""People of a context who are taken for buyers of an item, at most."""
MOST: Final = 0.1
"""Simulated events, at most, as a share of the real ones."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Guesses of one kind, as columns."""

    context: list[str]
    item: Ints  # (G,) row of the catalogue; -1 where it is gone, or a word is meant
    other: Ints  # (G,)
    word: list[str | None]
    weight: Floats  # (G,) 0 … 1


@dataclass(frozen=True)
class JudgedSamples:
    """The table `samples` of a shop, and how far a recipe goes by it."""

    tables: ClassVar = (TABLE,)  # that it cannot do without
    tables_found: ClassVar = (ITEMS,)  # that it reads where they are there

    part: SamplesPart
    words: ItemWords
    guesses: dict[str, Guesses]
    seed: int

    @classmethod
    def read(cls, part: SamplesPart, known: Dataset, seed: int) -> "JudgedSamples":
        """The guesses, which must have been made from no more than the events of `known`.

        Raises:
            EnrichedError: the table is missing, or was made from later events.
        """
        graph = graph_of(part.folder)
        words = ItemWords.of(known.catalogue, graph, known.enriched, known.extent)
        columns = ["kind", "context", "item", "other", "word", "weight"]
        table = read_enriched(known.enriched, TABLE, columns, known=known.extent)
        kinds = ("preference", "buyer", "negative", "click")
        found = {kind: _guesses(table, kind, known.catalogue.row_of) for kind in kinds}
        return cls(part, words, found, seed)

    def events(self, fit: Dataset) -> Dataset:
        """What channels learn from: without some odd clicks, with some simulated buyers."""
        return replace(self._with_buyers(self._without_clicks(fit)), reach=fit.extent)

    def weighed(self, examples: Examples) -> Examples:
        """The examples of a ranker with the weights of hard negatives and odd clicks changed."""
        weight = examples.weight * self._of_negatives(examples) * self._of_clicks(examples)
        return replace(examples, weight=weight)

    def _with_buyers(self, fit: Dataset) -> Dataset:
        guesses = self.guesses["buyer"]
        if not self.part.buyers or not len(guesses.item):
            return fit
        random = np.random.default_rng((self.seed, 11))
        contexts = WordContexts.of(fit, self.words)
        user, item = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for place, context in enumerate(guesses.context):
            people = random.permutation(contexts.users_of(context))[:PEOPLE]
            drawn = random.random(len(people)) < self.part.buyers * guesses.weight[place]
            if guesses.item[place] >= 0:
                user.append(people[drawn])
                item.append(np.full(int(drawn.sum()), guesses.item[place]))
        pairs = np.unique(np.stack([np.concatenate(user), np.concatenate(item)], axis=1), axis=0)
        width = max(len(fit.catalogue), 1)
        had = fit.user.astype(np.int64) * width + fit.item
        new = pairs[~np.isin(pairs[:, 0] * width + pairs[:, 1], had)]
        most = int(MOST * len(fit))
        if len(new) > most:
            new = new[np.sort(random.choice(len(new), most, replace=False))]
        return _appended(fit, new[:, 0], new[:, 1])

    def _without_clicks(self, fit: Dataset) -> Dataset:
        if not self.part.clicks:
            return fit
        odd = odd_clicks(fit, self.words.of_item)
        lost = self.part.clicks * self._contradicted(odd.before, odd.word)
        random = np.random.default_rng((self.seed, 12))
        kept = np.ones(len(fit), bool)
        kept[odd.row[random.random(len(odd.row)) < lost]] = False
        return fit.take(kept)

    def _contradicted(self, before: Ints, word: Ints) -> Floats:
        """(C,): how surely a word clicked does not go with the word before; 0 where it may."""
        place = {name: at for at, name in enumerate(self.words.names)}
        guesses, width = self.guesses["click"], max(len(self.words), 1)
        against = [
            (place[one] * width + place[other], weight)
            for one, other, weight in zip(
                guesses.context, guesses.word, guesses.weight.tolist(), strict=True
            )
            if one in place and other in place
        ]
        keys = np.array([key for key, _ in against], np.int64)
        weights = np.array([weight for _, weight in against], np.float64)
        order = np.argsort(keys, kind="stable")
        wanted = np.where((before >= 0) & (word >= 0), before * width + word, -1)
        if not len(keys):
            return np.zeros(len(wanted))
        at = places_of(keys[order], wanted)
        return np.where(at >= 0, weights[order][at], 0.0)

    def _of_negatives(self, examples: Examples) -> Floats:
        """(N,): 1, and more for what stands beside the positive that it is a negative of."""
        factor, guesses = np.ones(len(examples)), self.guesses["negative"]
        if not self.part.negatives or not len(guesses.item):
            return factor
        label = np.nan_to_num(np.max(np.stack(list(examples.labels.values())), axis=0))
        item, group = examples.batch.ids["item"], examples.batch.request
        order = np.argsort(guesses.other, kind="stable")
        wanted = np.flatnonzero(label > 0)
        row, place = all_places_of(guesses.other[order], item[wanted])
        guess = order[place]
        width = 1 + int(max(item.max(initial=0), guesses.item.max(initial=0)))
        keys = group[wanted][row] * width + guesses.item[guess]
        by_key = dict(zip(keys.tolist(), guesses.weight[guess].tolist(), strict=True))
        found = [by_key.get(key, 0.0) for key in (group * width + item).tolist()]
        return factor + np.where(label > 0, 0.0, self.part.negatives * np.array(found))

    def _of_clicks(self, examples: Examples) -> Floats:
        """(N,): 1, and less for a click of which nothing came and that fits nothing before."""
        history, labels = examples.batch.history, examples.labels
        if not self.part.clicks or history is None or "click" not in labels:
            return np.ones(len(examples))
        odd = labels["click"] > 0
        for name in ("cart", "purchase"):
            odd = odd & ~(labels.get(name, np.zeros(len(examples))) > 0)
        newest = history.take(np.isin(history.kind, [int(kind) for kind in TAKEN])).latest(1)
        before = np.full(len(history), -1)
        before[newest.request] = self.words.of_item[newest.item]
        word = self.words.of_item[examples.batch.ids["item"]]
        lost = self._contradicted(before[examples.batch.request], word)
        return np.where(odd, 1 - self.part.clicks * lost, 1.0)


def _guesses(table: pa.Table, kind: str, row_of: dict[str, int]) -> Guesses:
    rows = table.filter(pc.equal(table["kind"], kind))
    item, other = (
        np.array([row_of.get(key, -1) for key in rows[name].to_pylist()], np.int64)
        for name in ("item", "other")
    )
    weight = np.asarray(rows["weight"], np.float64)
    return Guesses(rows["context"].to_pylist(), item, other, rows["word"].to_pylist(), weight)


def _appended(fit: Dataset, user: Ints, item: Ints) -> Dataset:
    """Events at the end of people's histories, of the kind that is commonest among them."""
    if not len(user):
        return fit
    kinds = fit.kind[np.isin(fit.kind, [int(kind) for kind in TAKEN])]
    kind = np.bincount(kinds).argmax()
    last = fit.at[fit.offsets[user + 1] - 1]  # a context has taken something, so there is one
    order = np.argsort(np.append(fit.user, user), kind="stable")

    def with_it(column: np.ndarray | None, value: float) -> np.ndarray | None:
        if column is None:
            return None
        return np.append(column, np.full(len(user), value, column.dtype))[order]

    later = last + (0 if fit.clock == "time" else 1)
    return replace(
        fit,
        user=np.append(fit.user, user)[order].astype(np.int32),
        item=np.append(fit.item, item)[order].astype(np.int32),
        kind=np.append(fit.kind, np.full(len(user), kind))[order].astype(np.int8),
        at=np.append(fit.at, later)[order].astype(np.int64),
        value=with_it(fit.value, np.nan),
        quantity=with_it(fit.quantity, np.nan),
        surface=with_it(fit.surface, -1),
    )
