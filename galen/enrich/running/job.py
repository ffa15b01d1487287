"""One job: some questions asked together, their answers judged, the wrong ones asked once more."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic

from galen.enrich.running.asking import RecordQuestion
from galen.enrich.running.faults import Fault, FaultCode
from galen.enrich.running.journal import Held, KeptAnswer, Spent
from galen.enrich.running.parsing import Answer, parse
from galen.enrich.running.task import Task
from galen.llm.language_model import Failed, LanguageModel, Prompt, Reply, Trouble

ITS_OWN: Final = (Trouble.REFUSED, Trouble.REQUEST, Trouble.UNKNOWN)
"""Troubles that the same question would have again."""

ANSWERED: Final = (Trouble.REFUSED, Trouble.UNKNOWN)
"""Troubles that say nothing against the endpoint."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Answer]):
    """What came of one question: an answer that was judged good, or a record that is held."""

    record: str
    key: str
    answer: Answer | None
    kept: KeptAnswer | None
    held: Held | None
    trouble: Trouble | None  # where it got no answer at all
    spent: Spent


def ask(
    task: Task[Answer],
    model: LanguageModel,
    questions: Sequence[RecordQuestion],
    tries: int,
    now: Callable[[], int],
) -> list[Outcome[Answer]]:
    """Ask, judge, and tell the model what was wrong with what it said, `tries` times in all."""
    outcomes: dict[str, Outcome[Answer]] = {}
    prompts = {question.key: question.prompt for question in questions}
    left = list(questions)
    for turn in range(1, tries + 1):
        started = time.perf_counter()
        answers = model.complete([prompts[question.key] for question in left])
        seconds = (time.perf_counter() - started) / max(len(left), 1)
        wrong = []
        for question, answer in zip(left, answers, strict=True):
            before = outcomes.get(question.key)
            outcome, faults = _judged(task, question, answer, turn, seconds, now())
            outcomes[question.key] = outcome if before is None else _after(before, outcome)
            if faults:
                wrong.append(question)
                prompts[question.key] = _corrected(question.prompt, faults, turn)
        left = wrong
        if not left:
            break
    return list(outcomes.values())


def _judged(
    task: Task[Answer],
    question: RecordQuestion,
    answer: Reply | Failed,
    turn: int,
    seconds: float,
    at: int,
) -> tuple[Outcome[Answer], list[Fault]]:
    """What came of it, and what to tell the model if it is to be asked again."""
    key, record = question.key, question.record.key
    if isinstance(answer, Failed):
        final = answer.trouble in ITS_OWN
        code = answer.trouble.value if final else FaultCode.UNANSWERED.value
        held = Held(record, key, code, answer.message, "", turn, answer.cost, at)
        spent = Spent(cost=answer.cost, seconds=seconds)
        trouble = None if answer.trouble in ANSWERED else answer.trouble
        return Outcome(record, key, None, None, held, trouble, spent), []
    read, written = answer.tokens_read, answer.tokens_written
    spent = Spent(answer.cost, read, written, 1, seconds)
    found, faults = parse(answer, task.asked.answer, task.asked.vocabulary)
    if found is not None:
        faults = list(task.judge(question.record, found))
    if found is None or faults:
        code, detail = faults[0].code.value, "; ".join(fault.detail for fault in faults[:3])
        held = Held(record, key, code, detail, answer.text, turn, answer.cost, at)
        return Outcome(record, key, None, None, held, None, spent), faults
    kept = KeptAnswer(key, answer.text, at, read, written, answer.cost, task.asked.judged_by)
    return Outcome(record, key, found, kept, None, None, spent), []


def _after(before: Outcome[Answer], outcome: Outcome[Answer]) -> Outcome[Answer]:
    """The later outcome, or the one before where the later knows no answer; with both costs."""
    if outcome.held is not None and outcome.held.code == Trouble.UNKNOWN:
        outcome = replace(before, spent=outcome.spent)
    spent = before.spent + outcome.spent
    kept, held = outcome.kept, outcome.held
    return replace(
        outcome,
        spent=spent,
        kept=None if kept is None else replace(kept, cost=spent.cost),
        held=None if held is None else replace(held, cost=spent.cost),
    )


def _corrected(prompt: Prompt, faults: Sequence[Fault], turn: int) -> Prompt:
    """The question once more, with what was wrong."""
    listed = "\n".join(f"- {fault.detail[:200]}" for fault in faults[:5])
    said = f"{prompt.user}\nYour last answer was refused:\n{listed}\nAnswer anew."
    return replace(prompt, user=said, seed=prompt.seed + turn)
