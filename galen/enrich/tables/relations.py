"""What two product words are to each other: complement, substitute, unrelated or unsafe together.

A model judges, knowledge decides: what the graph holds to be unsafe is unsafe whatever the model
says, and what it holds to go together is not made unsafe by a model alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from galen.data.dataset import Dataset
from galen.enrich.running import meaning
from galen.enrich.running.faults import Fault, FaultCode
from galen.enrich.running.parsing import Said
from galen.enrich.running.prompt_file import PromptFile
from galen.enrich.running.task import AskedTask, Record
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tables.pairs import (
    CandidatePairs,
    PairLimits,
    candidate_pairs,
    people_of_both,
    shared_levels,
)
from galen.features.words.item_words import ItemWords, holds_of
from galen.features.words.word_pairs import Window, WordPairs, values_at
from galen.features.words.word_rules import (
    DIRECTIONS,
    KINDS,
    UNSAFE,
    directions_by_rule,
    on_one_shelf,
)
from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.claims import ClaimCheck, ProductClass, rules_version
from galen.knowledge.texts.concept_words import ConceptWords
from galen.knowledge.word_relations import WordRelations

NAME: Final = "relations"
JUDGED: Final = "relations 1"
"""Goes up when `judge` changes: answers of before are then judged anew."""

OFTEN: Final = ("never", "seldom", "by chance", "often", "very often")
"""How often two words are taken together: what a model is told changes seldom as events come."""
LIFTS: Final = np.array([0.8, 1.2, 3.0])
"""Where each of the last four begins."""
ORDERS: Final = ("either", "first before second", "second before first")

MODEL, KNOWLEDGE = "model", "knowledge"
"""Who decided a row."""

COLUMNS: Final = pa.schema(
    [
        pa.field("first", pa.string()),
        pa.field("second", pa.string()),
        pa.field("relation", pa.string()),  # of KINDS
        pa.field("direction", pa.string()),  # of DIRECTIONS
        pa.field("confidence", pa.float64()),  # 0 … 1
        pa.field("reason", pa.string()),
        pa.field("decided_by", pa.string()),  # MODEL or KNOWLEDGE
        pa.field("people", pa.int64()),  # who took both, when it was asked
    ]
)


class RelationAnswer(Said):
    """What is said of one pair of words."""

    relation: Literal["complement", "substitute", "unrelated", "unsafe_together"]
    direction: Literal["either", "first_then_second", "second_then_first"]
    confidence: float = Field(ge=0, le=1)
    reason: str = Field(min_length=8, max_length=200)


@dataclass(frozen=True)
class RelationsTask:
    """The task of a shop's pairs of words. The key is both words with a bar between them."""

    asked: AskedTask[RelationAnswer]
    words: ItemWords
    pairs: WordPairs
    related: WordRelations
    chosen: CandidatePairs
    graph: Graph
    claims: ClaimCheck
    illnesses: ConceptWords

    @classmethod
    def of(
        cls,
        data: Dataset,
        graph: Graph,
        *,
        window: Window | None = None,
        limits: PairLimits | None = None,
    ) -> "RelationsTask":
        """Pairs of a shop from the events of `data`, which hold nothing from after the split.

        Raises:
            EnrichedError: the shop's table `items` is there and cannot be used.
        """
        words = ItemWords.of(data.catalogue, graph, data.enriched, data.extent)
        pairs = WordPairs.of(data, words.of_item, len(words), window or Window())
        related = WordRelations.of(graph, words.concept, holds_of(words, data.catalogue, graph))
        asked = AskedTask(
            NAME,
            PromptFile.shipped(NAME),
            RelationAnswer,
            Vocabulary({}),
            COLUMNS,
            graph.version,
            f"{graph.version} {rules_version()} {JUDGED}",
            data.extent,
        )
        return cls(
            asked,
            words,
            pairs,
            related,
            candidate_pairs(words, pairs, related, limits or PairLimits()),
            graph,
            ClaimCheck.read(),
            ConceptWords.of(graph, ConceptKind.CONDITION),
        )

    def records(self) -> Iterator[Record]:
        one, other = self.chosen.one, self.chosen.other
        people = people_of_both(self.pairs, one, other)
        often = np.where(people > 0, 1 + np.digitize(self.pairs.lift(one, other), LIFTS), 0)
        order = directions_by_rule(self.pairs.first_share(one, other))
        shelf = on_one_shelf(self.words, one, other)
        for place, (a, b) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
            content = {
                "first": self.words.names[a],
                "second": self.words.names[b],
                "shared": list(shared_levels(self.words, a, b)),
                "same_shelf": bool(shelf[place]),
                "taken_together": OFTEN[often[place]],
                "order": ORDERS[order[place]],
            }
            yield Record(key_of(content["first"], content["second"]), content)

    def judge(self, record: Record, answer: RelationAnswer) -> Sequence[Fault]:
        """The reason may be said and speaks of the pair; the relation is not against knowledge."""
        content, reason = record.content, answer.reason
        named = f"{content['first']} {content['second']}"
        source = " ".join([named, *content["shared"]])
        faults = meaning.numbers_told("reason", reason, source)
        faults += meaning.no_address("reason", reason, source)
        beside = without_names(reason, (content["first"], content["second"]))
        for kind in ProductClass:  # a word may stand for goods of any class
            faults += [] if faults else meaning.no_claim("reason", beside, self.claims, kind.value)
        faults += meaning.no_illness("reason", beside, self.illnesses, self.graph.names)
        faults += meaning.same_script("reason", reason, named)
        faults += meaning.said_anew("reason", reason, [content["first"], content["second"], named])
        faults += meaning.words_told("reason", reason, named, 0.01)
        return faults + self._direction(content, answer) + self._knowledge(content, answer)

    def rows(self, record: Record, answer: RelationAnswer) -> Sequence[Mapping[str, Any]]:
        """The answer, or what knowledge says in its place where the pair must not meet."""
        one, other = self._places(record.content)
        where = np.array([one]), np.array([other])
        row = {
            "first": record.content["first"],
            "second": record.content["second"],
            **answer.model_dump(),
            "decided_by": MODEL,
            "people": int(people_of_both(self.pairs, *where)[0]),
        }
        why = self.related.told(self.graph, one, other)
        if why is not None:
            row |= {
                "relation": KINDS[UNSAFE],
                "direction": DIRECTIONS[0],
                "confidence": 1.0,
                "reason": f"Knowledge keeps them apart: {why}.",
                "decided_by": KNOWLEDGE,
            }
        return [row]

    def _direction(self, content: Mapping[str, Any], answer: RelationAnswer) -> list[Fault]:
        """Only a complement has one, and not against what people do."""
        if answer.direction == "either":
            return []
        if answer.relation != "complement":
            why = f"direction: {answer.relation!r} holds either way"
            return [Fault(FaultCode.SCHEMA, why)]
        against = {"first_then_second": ORDERS[2], "second_then_first": ORDERS[1]}
        if against[answer.direction] != content["order"]:
            return []
        why = f"direction: {answer.direction!r}, but people take the {content['order']}"
        return [Fault(FaultCode.UNGROUNDED, why)]

    def _knowledge(self, content: Mapping[str, Any], answer: RelationAnswer) -> list[Fault]:
        """A pair that the graph holds together is held for a person who looks at it."""
        if answer.relation != "unsafe_together":
            return []
        one, other = self._places(content)
        where = np.array([one]), np.array([other])
        if values_at(self.related.unsafe, *where)[0]:
            return []
        for table, held in (
            (self.related.complement, "complements"),
            (self.related.substitute, "substitutes"),
        ):
            if values_at(table, *where)[0]:
                why = f"relation: knowledge holds that {content['first']!r} {held} "
                why += f"{content['second']!r}, and nothing that keeps them apart"
                return [Fault(FaultCode.KNOWLEDGE, why)]
        return []

    def _places(self, content: Mapping[str, Any]) -> tuple[int, int]:
        names = self.words.names
        found = np.searchsorted(names, [content["first"], content["second"]])
        return int(found[0]), int(found[1])


def without_names(text: str, names: Sequence[str]) -> str:
    """A text in which names of goods stand as "goods": "cough syrup" is no word of an illness."""
    longest_first = sorted(names, key=len, reverse=True)
    named = "|".join(re.escape(name) for name in longest_first)
    return re.sub(named, "goods", text, flags=re.IGNORECASE)


def key_of(first: str, second: str) -> str:
    """The name of a pair in the table of answers."""
    return f"{first} | {second}"
