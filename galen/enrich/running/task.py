"""What an enrichment is: records to ask about, a prompt, and how an answer is judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol

import pyarrow as pa

from galen.data.enriched import Extent
from galen.enrich.running.faults import Fault
from galen.enrich.running.parsing import Answer
from galen.enrich.running.prompt_file import PromptFile
from galen.enrich.running.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Record:
    """One row to be: its key in the table, and all that a model is told of it."""

    key: str  # an item, a context, a pair: unique in its task
    content: Mapping[str, Any]


@dataclass(frozen=True)
class AskedTask(Generic[Answer]):
    """What every task has in common."""

    name: str  # of the table
    prompt: PromptFile
    answer: type[Answer]
    vocabulary: Vocabulary
    columns: pa.Schema  # of the table, without its key and what tells of its origin
    knowledge: str  # version of the graph that answers are judged by
    judged_by: str  # version of all that they are judged by: an answer is judged anew by another
    made_from: Extent = field(default_factory=Extent)


class Task(Protocol[Answer]):
    """A language model is asked about each record; nothing is kept that was not judged."""

    @property
    def asked(self) -> AskedTask[Answer]:
        """What is asked for, in which form, and what answers are judged by."""
        ...

    def records(self) -> Iterator[Record]:
        """Everything to ask about, each key once, in the order of the table."""
        ...

    def judge(self, record: Record, answer: Answer) -> Sequence[Fault]:
        """What is wrong with the meaning of an answer that has the right form."""
        ...

    def rows(self, record: Record, answer: Answer) -> Sequence[Mapping[str, Any]]:
        """The rows that an answer gives, by column; most tasks give one."""
        ...
