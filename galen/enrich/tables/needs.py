"""What people of each context need, and the product words for it: the table of a recall channel.

After LLM4CB of JD Health: a model names the needs of a finite number of contexts, offline.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from pydantic import Field as Bounds

from galen.data.dataset import Dataset
from galen.data.enriched import OTHER
from galen.enrich.running import meaning
from galen.enrich.running.faults import Fault, FaultCode
from galen.enrich.running.parsing import Said, chosen_from
from galen.enrich.running.prompt_file import PromptFile
from galen.enrich.running.task import AskedTask, Record
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tables.cohorts import Cohorts
from galen.enrich.tables.known_goods import KnownGoods
from galen.features.contexts.contexts import Field
from galen.knowledge.graph import Graph

NAME: Final = "needs"
JUDGED: Final = "needs 1"
FIELDS: Final[tuple[Field, ...]] = ("age", "life_stage", "season", "landing", "category")

COLUMNS: Final = pa.schema(
    [
        pa.field("need", pa.string()),
        pa.field("product_word", pa.string()),
        pa.field("weight", pa.float64()),
        pa.field("reason", pa.string()),
    ]
)


class Weighed(Said):
    """A word of products, and how much it does for the need."""

    product_word: str = Bounds(json_schema_extra=chosen_from("product_word"))
    weight: float = Bounds(gt=0, le=1)


class Need(Said):
    """One need that a context tells of, and what answers it."""

    need: str = Bounds(json_schema_extra=chosen_from("need"))
    reason: str = Bounds(min_length=3, max_length=80)
    words: tuple[Weighed, ...] = Bounds(min_length=1, max_length=60)


class ContextAnswer(Said):
    """What is said of one context."""

    needs: tuple[Need, ...] = Bounds(min_length=1, max_length=30)


@dataclass(frozen=True)
class NeedsTask:
    """The task of a shop's contexts. The key is the context's, in words."""

    asked: AskedTask[ContextAnswer]
    cohorts: Cohorts
    goods: KnownGoods

    @classmethod
    def of(cls, data: Dataset, graph: Graph, fields: Sequence[Field] = FIELDS) -> "NeedsTask":
        """Of the events of `data`: those before the split, where an evaluation is to follow.

        Raises:
            EnrichError: see `Cohorts.of`.
        """
        cohorts = Cohorts.of(data, graph, fields)
        words = (*cohorts.words.reader.words["landing"], OTHER)
        known = Vocabulary.of(data.catalogue, graph).words
        asked = AskedTask(
            NAME,
            PromptFile.shipped(NAME),
            ContextAnswer,
            Vocabulary({"product_word": words, "need": known["need"]}),
            COLUMNS,
            graph.version,
            f"{graph.version} {JUDGED}",
            cohorts.made_from,
        )
        return cls(asked, cohorts, KnownGoods.of(graph))

    def records(self) -> Iterator[Record]:
        return self.cohorts.records()

    def judge(self, record: Record, answer: ContextAnswer) -> Sequence[Fault]:
        """Every word is led to from its need or taken by these people, and not against them."""
        known = {str(one["word"]) for one in record.content["take"]}
        stage = str(record.content["people"].get("life stage", ""))
        unsafe = self.goods.unsafe.get(stage.lower(), frozenset())
        faults: list[Fault] = []
        for need in answer.needs:
            faults += meaning.no_illness(
                "reason", need.reason, self.goods.illnesses, self.goods.names
            )
            for one in need.words:
                word = one.product_word
                if word in unsafe:
                    faults.append(Fault(FaultCode.KNOWLEDGE, f"{word!r} is not for {stage!r}"))
                elif word not in (*known, OTHER) and need.need not in self.goods.served.get(
                    word, frozenset()
                ):
                    said = f"nothing leads from {need.need!r} to {word!r}"
                    faults.append(Fault(FaultCode.KNOWLEDGE, said))
        named = [one.product_word for need in answer.needs for one in need.words]
        if len(named) != len(set(named)):
            faults.append(Fault(FaultCode.RANGE, "words: one of them is named twice"))
        return faults

    def rows(self, record: Record, answer: ContextAnswer) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "need": need.need,
                "product_word": one.product_word,
                "weight": one.weight,
                "reason": need.reason,
            }
            for need in answer.needs
            for one in need.words
            if one.product_word != OTHER
        ]
