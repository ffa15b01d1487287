"""What a language model is told of people: never of one, only of what many have in common.

A cohort is a context key that stands for at least `K` people (k-anonymity: Sweeney, 2002); rarer
ones are coarsened by dropping fields in the order of `galen.features.contexts.FIELDS`, down to the
empty key. No user id, exact age, address or order line is in it: words are told with their share,
and only those that several of its people took.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from galen.data.dataset import Dataset
from galen.data.enriched import Extent
from galen.enrich.running.faults import EnrichError
from galen.enrich.running.task import Record
from galen.features.contexts.context_words import ContextWords, K
from galen.features.contexts.contexts import ContextReader, Field
from galen.knowledge.graph import Graph

LEAST_TAKERS: Final = 5
"""People of a cohort who took a word, so that it is told."""
MOST_WORDS: Final = 40
_SAID: Final = {"life_stage": "life stage", "landing": "comes from", "interest": "mostly buys"}


@dataclass(frozen=True)
class Cohorts:
    """The cohorts of a shop's past, with what their people take next."""

    words: ContextWords
    made_from: Extent

    @classmethod
    def of(
        cls, data: Dataset, graph: Graph, fields: Sequence[Field], least_people: int = K
    ) -> "Cohorts":
        """Cohorts of the events of `data`, which are those before a split where there is one.

        Raises:
            EnrichError: a cohort would stand for fewer than `K` people.
        """
        if least_people < K:
            raise EnrichError(
                f"cohorts of {least_people} people could tell who is meant; use {K} or more."
            )
        reader = ContextReader.of(data, graph, fields)
        counted = ContextWords.count(data, reader, least_people=least_people)
        return cls(counted, data.extent)

    def records(self) -> Iterator[Record]:
        """One record a cohort: its key, its known fields, and the words that its people take."""
        reader, keys = self.words.reader, self.words.keys
        for row, codes in enumerate(keys.codes.tolist()):
            fields = {
                _SAID.get(field, field): reader.words[field][code]
                for field, code in zip(reader.fields, codes, strict=True)
                if code >= 0
            }
            yield Record(reader.key(codes), {"people": fields, "take": self._taken(row)})

    def _taken(self, row: int) -> list[dict[str, Any]]:
        words, names = self.words, self.words.reader.words["landing"]
        some = np.flatnonzero(words.takers[row] >= LEAST_TAKERS)
        best = some[np.argsort(-words.share[row, some], kind="stable")][:MOST_WORDS]
        return [
            {
                "word": names[word],
                "share": round(float(words.share[row, word]), 4),
                "lift": round(float(words.lift[row, word]), 2),
            }
            for word in best.tolist()
        ]
