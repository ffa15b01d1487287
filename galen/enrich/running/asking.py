"""The questions of a task: each record with its prompt, and the key of its answer."""

from collections.abc import Iterator
from dataclasses import dataclass

from galen.enrich.running.parsing import Answer, schema_of
from galen.enrich.running.task import Record, Task
from galen.llm.language_model import LanguageModel, Prompt


@dataclass(frozen=True, slots=True)
class RecordQuestion:
    """A record as a model is asked about it."""

    record: Record
    prompt: Prompt
    key: str  # of all that the answer depends on


def asked_of(task: Task[Answer], model: LanguageModel) -> Iterator[RecordQuestion]:
    """Every record as a question."""
    asked = task.asked
    schema = schema_of(asked.answer, asked.vocabulary)
    system = asked.prompt.system(schema)
    for record in task.records():
        prompt = asked.prompt.ask(record.content, system, schema)
        yield RecordQuestion(record, prompt, prompt.key(model.name, model.endpoint))
