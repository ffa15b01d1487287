"""What a pass would ask, and about what it would cost, without asking anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from galen.enrich.running.asking import RecordQuestion, asked_of
from galen.enrich.running.faults import FaultCode
from galen.enrich.running.journal import Journal, Spent
from galen.enrich.running.parsing import Answer
from galen.enrich.running.runner import CHUNK, Running, still_good
from galen.enrich.running.task import Task
from galen.llm.budget import TokenPrices
from galen.llm.language_model import LanguageModel

CHARACTERS_A_TOKEN: Final = 4.0
"""Of English in the tokenizers in use; of a task that was run before, its own figure is taken."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Tokens, cost and time are estimates: tokens of the questions, and of an average answer."""

    records: int
    kept: int
    held: int
    to_ask: int
    tokens_read: int
    tokens_written: int
    most_cost: float  # if every answer were as long as it may be
    cost: float
    seconds: float | None  # None where the task was never run
    measured: bool  # whether tokens and time are taken from runs of before


def plan(
    task: Task[Answer],
    model: LanguageModel,
    journal: Journal,
    prices: TokenPrices,
    running: Running | None = None,
) -> RunPlan:
    """Count what is kept, held and to be asked."""
    running = running or Running()
    before = journal.spent(task.asked.name)
    records = kept = held = 0
    characters, seen = 0, set[str]()
    for chunk in _chunks(asked_of(task, model)):
        answers = journal.answers([question.key for question in chunk])
        wrong = {} if running.again else journal.held(task.asked.name)
        for question in chunk:
            records += 1
            stays = question.key in wrong and wrong[question.key].code != FaultCode.UNANSWERED
            good = still_good(task, question, answers.get(question.key)) is not None
            kept += good
            held += stays and not good
            if good or stays or question.key in seen:
                continue
            seen.add(question.key)
            characters += len(question.prompt.system) + len(question.prompt.user)
    read = round(characters / CHARACTERS_A_TOKEN)
    most = task.asked.prompt.most_tokens * len(seen)
    written, seconds = most // 2, None
    if before.answers and before.tokens_written:
        written = round(before.tokens_written / before.answers * len(seen))
        read = round(before.tokens_read / before.answers * len(seen))
    if before.answers:
        seconds = before.seconds / before.answers * len(seen) / running.workers
    cost = prices.of(read, written)
    most_cost = prices.of(read, most) * running.tries
    return RunPlan(
        *(records, kept, held, len(seen), read, written, most_cost, cost, seconds),
        _measured(before),
    )


def _measured(before: Spent) -> bool:
    return before.answers > 0 and before.tokens_written > 0


def _chunks(questions: Iterator[RecordQuestion]) -> Iterator[list[RecordQuestion]]:
    while chunk := list(islice(questions, CHUNK)):
        yield chunk
