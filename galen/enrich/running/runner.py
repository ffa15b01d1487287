"""Asks a language model about every record that has no good answer yet, and writes the table.

What was answered is kept in the journal first, so a run may be killed at any moment and begun
again; the table takes the place of the one before only when every record was answered or held.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Generic

import pyarrow as pa

from galen.data.enriched import PROVENANCE, write_enriched
from galen.enrich.running.asking import RecordQuestion, asked_of
from galen.enrich.running.faults import EnrichError, FaultCode
from galen.enrich.running.job import Outcome, ask
from galen.enrich.running.journal import Journal, KeptAnswer, Spent
from galen.enrich.running.parsing import Answer, parse
from galen.enrich.running.task import Task
from galen.llm.language_model import LanguageModel, Reply, Trouble

CHUNK: Final = 4096
"""Records that are looked up in the journal at once."""

STOPS: Final = {
    Trouble.KEY: "the endpoint does not accept the key",
    Trouble.BUDGET: "the next question could pass the budget",
}
"""Troubles that every other question would have too."""

Now = Callable[[], int]  # microseconds since the epoch
Progress = Callable[[int, int], None]  # records done, of them by asking


@dataclass(frozen=True, slots=True)
class Running:
    """How a pass is run."""

    workers: int = 4  # jobs at once
    batch: int = 1  # questions of a job; what is lost by a kill is workers × batch answers
    tries: int = 2  # of a question whose answer was judged wrong
    again: bool = False  # ask again what an earlier pass held for its content
    troubles_in_a_row: int = 20  # after so many questions without an answer the run stops


@dataclass(frozen=True, slots=True)
class Report:
    """What a pass did."""

    records: int
    kept_before: int  # answers from the journal
    asked: int
    held: dict[str, int]  # records by reason
    spent: Spent  # in this pass
    table: Path


def run(
    task: Task[Answer],
    model: LanguageModel,
    journal: Journal,
    folder: Path,
    *,
    now: Now,
    running: Running | None = None,
    progress: Progress | None = None,
    unchanged: Callable[[], bool] = lambda: True,
) -> Report:
    """Answer every record of a task and write its table into `folder`.

    `unchanged` is asked at the end: is the shop still the one that was asked about?

    Raises:
        EnrichError: the endpoint cannot be used, the budget is spent, or the shop has changed; what
            was answered is kept, and the table before stays.
    """
    one = _Pass(task, model, journal, running or Running(), now, progress)
    questions = asked_of(task, model)
    with ThreadPoolExecutor(one.running.workers, thread_name_prefix="enrich") as pool:
        try:
            while chunk := list(islice(questions, CHUNK)):
                one.over(chunk, pool)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if not unchanged():
        raise EnrichError(
            "the shop has changed while its records were asked about, so the table of before "
            "stays; run again: only what changed is asked."
        )
    path = write_enriched(folder, task.asked.name, one.table(), task.asked.made_from)
    return Report(one.records, one.kept_before, one.asked, one.held, one.spent, path)


class _Pass(Generic[Answer]):
    """One pass over a task's records: its counts, and the rows that it has so far."""

    def __init__(
        self,
        task: Task[Answer],
        model: LanguageModel,
        journal: Journal,
        running: Running,
        now: Now,
        progress: Progress | None,
    ) -> None:
        self.task, self.model, self.journal = task, model, journal
        self.running, self.now = running, now
        self.progress = progress or (lambda done, asked: None)
        self.records = self.kept_before = self.asked = 0
        self.in_a_row = 0  # questions without an answer, the last ones
        self.stopped: EnrichError | None = None
        self.paid = set[str]()  # questions whose cost stands in a row
        self.spent, self.held = Spent(), dict[str, int]()
        names = ["key", *task.asked.columns.names, *PROVENANCE.names]
        self.rows: dict[str, list[Any]] = {name: [] for name in names}

    def over(self, chunk: Sequence[RecordQuestion], pool: ThreadPoolExecutor) -> None:
        """Take the answers that are kept, ask for the others, and lay down the rows in order."""
        found, missing = self._looked_up(chunk)
        self.kept_before += sum(question.key in found for question in chunk)
        for outcomes in self._jobs(missing, pool):
            self._keep(outcomes, found)
            self.progress(self.records + len(found), self.asked)
        if self.stopped is not None:
            raise self.stopped
        held = self.journal.held(self.task.asked.name)
        for question in chunk:
            if question.key in found:
                self._lay_down(question, *found[question.key])
            elif question.key in held:
                code = held[question.key].code
                self.held[code] = self.held.get(code, 0) + 1
        self.records += len(chunk)
        self.progress(self.records, self.asked)

    def table(self) -> pa.Table:
        key = pa.field("key", pa.string(), nullable=False)
        schema = pa.schema([key, *self.task.asked.columns, *PROVENANCE])
        columns = [pa.array(self.rows[field.name], field.type) for field in schema]
        return pa.table(columns, schema=schema)

    def _looked_up(
        self, chunk: Sequence[RecordQuestion]
    ) -> tuple[dict[str, tuple[KeptAnswer, Answer]], list[RecordQuestion]]:
        """What is kept, by key, and what is to be asked: once where records are told alike."""
        kept = self.journal.answers([question.key for question in chunk])
        held = {} if self.running.again else self.journal.held(self.task.asked.name)
        found: dict[str, tuple[KeptAnswer, Answer]] = {}
        missing: dict[str, RecordQuestion] = {}
        for question in chunk:
            key = question.key
            answer = still_good(self.task, question, kept.get(key))
            if answer is not None:
                found[key] = kept[key], answer
            elif key not in held or held[key].code == FaultCode.UNANSWERED:
                missing.setdefault(key, question)
        return found, list(missing.values())

    def _jobs(
        self, missing: Sequence[RecordQuestion], pool: ThreadPoolExecutor
    ) -> Iterator[list[Outcome[Answer]]]:
        """What each job brought, as they end; few wait, so that a stop leaves little behind.

        Where one is broken or the run is interrupted, what the others bring comes before that.
        """
        running = self.running
        starts = iter(range(0, len(missing), running.batch))
        waiting: set[Future[list[Outcome[Answer]]]] = set()

        def begin(jobs: int) -> None:
            for start in islice(starts, jobs):
                part = missing[start : start + running.batch]
                waiting.add(pool.submit(ask, self.task, self.model, part, running.tries, self.now))

        broken: BaseException | None = None
        begin(2 * running.workers)
        while waiting:
            try:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt as stop:
                if broken is not None:
                    raise
                broken, done = stop, set()
            for future in done:
                waiting.remove(future)
                broken = broken or future.exception()
                if future.exception() is None:
                    yield future.result()
            if self.stopped is None and broken is None:
                begin(len(done))
            else:  # what is being asked is paid for; what waits is not asked
                waiting = {future for future in waiting if not future.cancel()}
        if broken is not None:
            raise broken

    def _keep(
        self, outcomes: Sequence[Outcome[Answer]], found: dict[str, tuple[KeptAnswer, Answer]]
    ) -> None:
        """Write what a job brought into the journal, then see whether to go on."""
        good = [(one.record, one.kept) for one in outcomes if one.kept is not None]
        wrong = [one.held for one in outcomes if one.held is not None]
        spent = sum((one.spent for one in outcomes), Spent())
        self.journal.put(self.task.asked.name, good, wrong, spent)
        self.spent += spent
        self.asked += len(outcomes)
        for one in outcomes:
            if one.kept is not None and one.answer is not None:
                found[one.key] = one.kept, one.answer
            self.in_a_row = self.in_a_row + 1 if one.trouble else 0
            if self.stopped is None and one.trouble in STOPS:
                self.stopped = _stop(STOPS[one.trouble], one)
            elif self.stopped is None and self.in_a_row >= self.running.troubles_in_a_row:
                self.stopped = _stop(f"the last {self.in_a_row} questions got no answer", one)

    def _lay_down(self, question: RecordQuestion, kept: KeptAnswer, answer: Answer) -> None:
        asked, rows = self.task.asked, self.rows
        given = self.task.rows(question.record, answer)
        cost = 0.0 if question.key in self.paid else kept.cost  # of records told alike, the first's
        self.paid.add(question.key)
        for one in given:
            rows["key"].append(question.record.key)
            for name in asked.columns.names:
                rows[name].append(one.get(name))
            rows["model"].append(self.model.name)
            rows["prompt"].append(asked.prompt.label)
            rows["knowledge"].append(asked.knowledge)
            rows["at"].append(kept.at)
            rows["cost"].append(cost / len(given))


def still_good(
    task: Task[Answer], question: RecordQuestion, kept: KeptAnswer | None
) -> Answer | None:
    """The answer that is kept, judged anew where what it is judged by is another."""
    if kept is None:
        return None
    asked = task.asked
    if kept.judged_by == asked.judged_by:
        return asked.answer.model_validate_json(kept.text)
    answer, _ = parse(Reply(kept.text), asked.answer, asked.vocabulary)
    return None if answer is None or task.judge(question.record, answer) else answer


def _stop(reason: str, one: Outcome[Answer]) -> EnrichError:
    told = "" if one.held is None else f" ({one.held.detail})"
    return EnrichError(
        f"stopped: {reason}{told}. What was answered is kept and the table of before stays; "
        "run the same command again to go on from here."
    )


def microseconds() -> int:
    """The clock of a run on this machine."""
    return time.time_ns() // 1000
