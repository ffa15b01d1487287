"""Guesses that training may learn from where events are few: what people would rather take.

Cold-item preferences and simulated buyers are after ColdLLM (Huang et al., WSDM 2025). People are
told of as product words that at least twenty of them share; a table names contexts, never people.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from galen.data.dataset import Dataset
from galen.enrich.running.faults import Fault, FaultCode
from galen.enrich.running.parsing import Said
from galen.enrich.running.prompt_file import PromptFile
from galen.enrich.running.task import AskedTask, Record
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tables.relations import LIFTS, OFTEN
from galen.enrich.tables.sample_pairs import (
    BUYER,
    CLICK,
    NEGATIVE,
    PREFERENCE,
    Guess,
    SampleLimits,
    SamplePairs,
)
from galen.features.words.item_words import ItemWords, holds_of
from galen.features.words.word_contexts import WordContexts
from galen.features.words.word_pairs import Window, WordPairs, values_at
from galen.knowledge.graph import Graph
from galen.knowledge.word_relations import WordRelations

NAME: Final = "samples"
JUDGED: Final = "samples 1"
"""Goes up when `judge` changes: answers of before are then judged anew."""
LONGEST: Final = 80
"""Characters of a title that are told."""

COLUMNS: Final = pa.schema(
    [
        pa.field("kind", pa.string()),  # of galen.enrich.tables.sample_pairs.KINDS
        pa.field("context", pa.string()),  # product words, shared by many
        pa.field("item", pa.string()),  # id of what is preferred, bought, or a hard negative
        pa.field("other", pa.string()),  # id of what is not preferred, or of the positive
        pa.field("word", pa.string()),  # of clicks: what was clicked
        pa.field("weight", pa.float64()),  # 0 … 1
    ]
)


class SampleAnswer(Said):
    """What people would rather take."""

    choice: Literal["first", "second", "either", "neither"]
    confidence: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class SamplesTask:
    """The task of a shop's training samples. Keys hold items and contexts, and are not told."""

    asked: AskedTask[SampleAnswer]
    pairs: SamplePairs
    related: WordRelations
    guesses: Mapping[str, Guess]  # by key

    @classmethod
    def of(
        cls,
        data: Dataset,
        graph: Graph,
        *,
        limits: SampleLimits | None = None,
        window: Window | None = None,
        seed: int = 0,
    ) -> "SamplesTask":
        """Guesses for a shop from the events of `data`, which hold nothing from after the split.

        Raises:
            EnrichedError: the shop's table `items` is there and cannot be used.
        """
        limits = limits or SampleLimits()
        words = ItemWords.of(data.catalogue, graph, data.enriched, data.extent)
        pairs = SamplePairs(
            data,
            words,
            WordPairs.of(data, words.of_item, len(words), window or Window()),
            WordContexts.of(data, words, limits.people),
            limits,
            seed,
        )
        related = WordRelations.of(graph, words.concept, holds_of(words, data.catalogue, graph))
        asked = AskedTask(
            NAME,
            PromptFile.shipped(NAME),
            SampleAnswer,
            Vocabulary({}),
            COLUMNS,
            graph.version,
            f"{graph.version} {JUDGED}",
            data.extent,
        )
        guesses = {_key(pairs, guess): guess for guess in pairs.guesses()}
        return cls(asked, pairs, related, guesses)

    def records(self) -> Iterator[Record]:
        for key, guess in self.guesses.items():
            content: dict[str, Any] = {
                "taken": [self.pairs.words.names[word] for word in guess.words],
                "first": self._as_asked(guess, guess.first),
            }
            if guess.second >= 0:
                content["second"] = self._as_asked(guess, guess.second)
            yield Record(key, content)

    def judge(self, record: Record, answer: SampleAnswer) -> Sequence[Fault]:
        """The second of one item may not be chosen."""
        if answer.choice == "second" and "second" not in record.content:
            return [Fault(FaultCode.SCHEMA, "choice: there is no second item")]
        return []

    def rows(self, record: Record, answer: SampleAnswer) -> Sequence[Mapping[str, Any]]:
        """What training may read; none where nothing follows, or what must not meet would."""
        guess, choice = self.guesses[record.key], answer.choice
        row = {"kind": guess.kind, "context": guess.context, "weight": answer.confidence}
        if guess.kind == CLICK:
            word = self.pairs.words.names[guess.first]
            return [{**row, "word": word}] if choice == "neither" else []
        ids = self.pairs.data.catalogue.ids
        first, second = guess.first, guess.second
        if guess.kind == PREFERENCE and choice in ("first", "second"):
            won, lost = (first, second) if choice == "first" else (second, first)
            fits = not self._unsafe(guess, won)
            return [{**row, "item": ids[won], "other": ids[lost]}] if fits else []
        if guess.kind == BUYER and choice == "first" and not self._unsafe(guess, first):
            return [{**row, "item": ids[first]}]
        if guess.kind == NEGATIVE and choice == "first":
            return [{**row, "item": ids[second], "other": ids[first]}]
        return []

    def _unsafe(self, guess: Guess, item: int) -> bool:
        """Does knowledge keep an item apart from what was taken?"""
        words = np.array(guess.words)
        own = np.full(len(words), self.pairs.words.of_item[item])
        return bool((values_at(self.related.unsafe, words, own) > 0).any())

    def _as_asked(self, guess: Guess, place: int) -> dict[str, Any]:
        """A word or an item, and how often such goods are taken beside the words of a context."""
        words, catalogue = self.pairs.words, self.pairs.data.catalogue
        word = place if guess.kind == CLICK else int(words.of_item[place])
        often = OFTEN[1 + int(np.digitize(self.pairs.lift(guess.words, word), LIFTS))]
        facts: dict[str, Any] = {"word": words.names[word], "taken_beside": often}
        if guess.kind != CLICK:
            facts["title"] = (catalogue.titles[place] or "")[:LONGEST]
        return facts


def _key(pairs: SamplePairs, guess: Guess) -> str:
    ids = pairs.data.catalogue.ids
    if guess.kind == CLICK:
        return f"{guess.kind} | {guess.context} | {pairs.words.names[guess.first]}"
    items = [ids[place] for place in (guess.first, guess.second) if place >= 0]
    return " | ".join([guess.kind, guess.context, *items])
