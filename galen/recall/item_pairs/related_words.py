"""Which product words complete or replace each other: as a language model judged, or by rules."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy import sparse

from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.data.enriched import read_enriched
from galen.data.lookup import place_within
from galen.features.words.item_words import ItemWords
from galen.features.words.word_pairs import WordPairs, values_at
from galen.features.words.word_rules import (
    BACKWARD,
    COMPLEMENT,
    DIRECTIONS,
    FORWARD,
    KINDS,
    SUBSTITUTE,
    UNSAFE,
    judged_by_rule,
)
from galen.knowledge.word_relations import WordRelations

TABLE: Final = "relations"
BY_RULE: Final = 0.5
"""Confidence in what rules say."""

From = Literal["auto", "table", "rules"]


@dataclass(frozen=True, slots=True)
class RelatedWords:
    """From a word to another that may be proposed beside it."""

    source: Ints  # (E,) ascending
    target: Ints  # (E,)
    substitute: Bools  # (E,) else a complement
    confidence: Floats  # (E,) 0 … 1
    unsafe: sparse.csr_array  # (words, words): an entry where two must not meet, either way

    def take(self, rows: Ints) -> "RelatedWords":
        """The relations at these places (m,), in this order; what is unsafe stays whole."""
        parts = self.source[rows], self.target[rows], self.substitute[rows], self.confidence[rows]
        return RelatedWords(*parts, self.unsafe)


def related_words(
    data: Dataset, words: ItemWords, pairs: WordPairs, known: WordRelations, wanted: From
) -> RelatedWords:
    """The table `relations` of a shop, or rules over the graph and the events of `data`.

    "auto" takes the table where there is one. What knowledge keeps apart is never related.

    Raises:
        EnrichedError: the table is wanted and missing, or was made from events not in `data`.
    """
    there = data.enriched is not None and (data.enriched / f"{TABLE}.parquet").exists()
    if wanted == "table" or (wanted == "auto" and there):
        one, other, kind, direction, confidence = _from_table(data, words)
    else:
        one, other, kind, direction, confidence = _by_rule(words, pairs, known)
    clash = np.flatnonzero(kind == UNSAFE)
    ends = np.append(one[clash], other[clash]), np.append(other[clash], one[clash])
    judged = sparse.csr_array((np.ones(2 * len(clash)), ends), known.unsafe.shape)
    unsafe = sparse.csr_array((judged + known.unsafe) > 0)
    kept = np.isin(kind, (COMPLEMENT, SUBSTITUTE))
    ahead, back = kept & (direction != BACKWARD), kept & (direction != FORWARD) & (one != other)
    source = np.append(one[ahead], other[back])
    target = np.append(other[ahead], one[back])
    found = RelatedWords(
        source,
        target,
        np.append(kind[ahead], kind[back]) == SUBSTITUTE,
        np.append(confidence[ahead], confidence[back]),
        unsafe,
    )
    free = values_at(unsafe, source, target) == 0
    order = np.lexsort((target, source))
    return found.take(order[free[order]])


def strongest_partners(related: RelatedWords, lift: Floats, count: int) -> Ints:
    """Rows of the `count` targets of each word with the highest lift times confidence."""
    order = np.lexsort((related.target, -lift * related.confidence, related.source))
    return np.sort(order[place_within(related.source[order]) < count])


def reasons_of(data: Dataset, words: ItemWords) -> dict[tuple[int, int], str]:
    """What the shop's table says of why one goes with another, by source and target; {} without it.

    It was held against the check of claims when it was written, and is again before it is shown.
    """
    if data.enriched is None or not (data.enriched / f"{TABLE}.parquet").exists():
        return {}
    columns = ["first", "second", "relation", "direction", "reason"]
    table = read_enriched(data.enriched, TABLE, columns, known=data.extent)
    place = {name: at for at, name in enumerate(words.names)}
    found = {}
    for row in table.select(columns).to_pylist():
        one, other = place.get(row["first"], -1), place.get(row["second"], -1)
        if one < 0 or other < 0 or row["relation"] not in (KINDS[COMPLEMENT], KINDS[SUBSTITUTE]):
            continue
        turn = DIRECTIONS.index(row["direction"])
        if turn != BACKWARD:
            found[one, other] = row["reason"]
        if turn != FORWARD:
            found[other, one] = row["reason"]
    return found


def _from_table(data: Dataset, words: ItemWords) -> tuple[Ints, Ints, Ints, Ints, Floats]:
    """Rows of the table whose words the shop still has."""
    columns = ["first", "second", "relation", "direction", "confidence"]
    table = read_enriched(data.enriched, TABLE, columns, known=data.extent)
    place = {name: at for at, name in enumerate(words.names)}
    one, other = (
        np.array([place.get(name, -1) for name in table[column].to_pylist()], np.int64)
        for column in columns[:2]
    )
    kind = np.array([KINDS.index(name) for name in table["relation"].to_pylist()], np.int64)
    turn = np.array([DIRECTIONS.index(name) for name in table["direction"].to_pylist()], np.int64)
    confidence = np.asarray(table["confidence"], np.float64)
    there = (one >= 0) & (other >= 0)
    return one[there], other[there], kind[there], turn[there], confidence[there]


def _by_rule(
    words: ItemWords, pairs: WordPairs, known: WordRelations
) -> tuple[Ints, Ints, Ints, Ints, Floats]:
    """What people take together and what the graph knows, each pair once."""
    whole = pairs.both() + known.complement + known.substitute
    table = sparse.coo_array(sparse.triu(whole))
    one, other = table.row.astype(np.int64), table.col.astype(np.int64)
    kind, direction = judged_by_rule(words, pairs, known, one, other)
    return one, other, kind, direction, np.full(len(one), BY_RULE)
