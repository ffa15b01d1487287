"""What people of a cohort like, as product words: for people of few events, and as a feature.

Rankers read this table by `galen.features.profile_fit`, and the recall channel `needs` may read it
too (`table = "profiles"`); its weights travel in the bundle.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from pydantic import Field as Bounds

from galen.data.dataset import Dataset
from galen.data.enriched import OTHER
from galen.enrich.running import meaning
from galen.enrich.running.faults import Fault, FaultCode
from galen.enrich.running.parsing import Said
from galen.enrich.running.prompt_file import PromptFile, content_of
from galen.enrich.running.task import AskedTask, Record
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tables.cohorts import Cohorts
from galen.enrich.tables.known_goods import KnownGoods
from galen.enrich.tables.needs import Weighed
from galen.features.contexts.contexts import Field
from galen.knowledge.graph import Graph
from galen.llm.language_model import Prompt

NAME: Final = "profiles"
JUDGED: Final = "profiles 1"
FIELDS: Final[tuple[Field, ...]] = ("sex", "region", "age", "life_stage", "season", "interest")

COLUMNS: Final = pa.schema(
    [
        pa.field("need", pa.string()),  # the life stage that leads to the word, or "other"
        pa.field("product_word", pa.string()),
        pa.field("weight", pa.float64()),
    ]
)


class ProfileAnswer(Said):
    """What is said of one cohort."""

    words: tuple[Weighed, ...] = Bounds(min_length=1, max_length=40)


@dataclass(frozen=True)
class ProfilesTask:
    """The task of a shop's cohorts. The key is the cohort's, in words."""

    asked: AskedTask[ProfileAnswer]
    cohorts: Cohorts
    goods: KnownGoods

    @classmethod
    def of(cls, data: Dataset, graph: Graph, fields: Sequence[Field] = FIELDS) -> "ProfilesTask":
        """Of the events of `data`: those before the split, where an evaluation is to follow.

        Raises:
            EnrichError: see `Cohorts.of`.
        """
        cohorts = Cohorts.of(data, graph, fields)
        asked = AskedTask(
            NAME,
            PromptFile.shipped(NAME),
            ProfileAnswer,
            Vocabulary({"product_word": (*cohorts.words.reader.words["landing"], OTHER)}),
            COLUMNS,
            graph.version,
            f"{graph.version} {JUDGED}",
            cohorts.made_from,
        )
        return cls(asked, cohorts, KnownGoods.of(graph))

    def records(self) -> Iterator[Record]:
        return self.cohorts.records()

    def judge(self, record: Record, answer: ProfileAnswer) -> Sequence[Fault]:
        """Goods only, and those that the cohort takes or that are for its stage of life."""
        taken = {str(one["word"]) for one in record.content["take"]}
        stage = _stage(record.content)
        unsafe = self.goods.unsafe.get(stage, frozenset())
        faults: list[Fault] = []
        for one in answer.words:
            word = one.product_word
            faults += meaning.no_illness("words", word, self.goods.illnesses, self.goods.names)
            if word in unsafe:
                faults.append(Fault(FaultCode.KNOWLEDGE, f"{word!r} is not for {stage!r}"))
            elif word not in (*taken, OTHER) and stage not in self.goods.served.get(
                word, frozenset()
            ):
                said = f"these people do not take {word!r}, and nothing leads to it"
                faults.append(Fault(FaultCode.KNOWLEDGE, said))
        named = [one.product_word for one in answer.words]
        if len(named) != len(set(named)):
            faults.append(Fault(FaultCode.RANGE, "words: one of them is named twice"))
        return faults

    def rows(self, record: Record, answer: ProfileAnswer) -> Sequence[Mapping[str, Any]]:
        stage = _stage(record.content)
        return [
            {
                "need": stage if stage in self.goods.served.get(one.product_word, ()) else OTHER,
                "product_word": one.product_word,
                "weight": one.weight,
            }
            for one in answer.words
            if one.product_word != OTHER
        ]


def profile_rules(task: ProfilesTask) -> Callable[[Prompt], str]:
    """A function that answers the prompt of `profiles`: what was told, but for what is unsafe."""

    def answer(prompt: Prompt) -> str:
        content = content_of(prompt.user)
        unsafe = task.goods.unsafe.get(_stage(content), frozenset())
        words = [
            {"product_word": one["word"], "weight": one["share"]}
            for one in content["take"]
            if one["share"] > 0
            and one["word"] not in unsafe
            and next(task.goods.illnesses.all_in(one["word"]), None) is None
        ]
        return json.dumps({"words": words or [{"product_word": OTHER, "weight": 1.0}]})

    return answer


def _stage(content: Mapping[str, Any]) -> str:
    return str(content["people"].get("life stage", "")).lower()
