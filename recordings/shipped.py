"""Writes recordings: every answer is judged as a run would judge it before it is written down."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from galen.assembly.split import PROTOCOLS, known_before
from galen.console.demo import DemoSettings
from galen.data.dataset import Dataset
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.asking import RecordQuestion, asked_of
from galen.enrich.running.parsing import parse
from galen.enrich.running.task import Task
from galen.enrich.tables.items import ItemsTask
from galen.enrich.tables.needs import NeedsTask
from galen.knowledge.graph import Graph
from galen.llm.language_model import Prompt, Reply
from galen.llm.rules import RulesModel
from recordings.goods import Goods
from recordings.item_answer import item_answer
from recordings.needs_answer import needs_answer

MODEL: Final = "language-model:written-table@1"
MADE: Final = (
    "Expanded by `python -m recordings` from a table of goods, seasons and stages of life that a "
    "language model wrote from its own knowledge in November 2026. No model was asked these "
    "questions one by one, and nobody has reviewed the answers."
)
Answering = Callable[[Prompt], str | None]


@dataclass(frozen=True, slots=True)
class Written:
    """How many questions there were, and what became of them."""

    asked: int
    answered: int
    refused: tuple[str, ...]  # what a judge found wrong with each answer that is left out


def demo_shop(folder: Path) -> Dataset:
    """The events of the demo's shop as it is made where nothing else is asked for."""
    told = DemoSettings()
    made = SyntheticSettings(users=told.users, items=told.items, seed=told.seed)
    return Dataset.read(synthesize(folder, made, lambda *_: None))


def demo_questions(
    data: Dataset, graph: Graph, goods: Goods
) -> Iterator[tuple[Task[Any], Answering]]:
    """Items, and needs of all events and of those before each split."""
    items = ItemsTask.of(data.catalogue, graph)
    yield items, item_answer(items, goods)
    for known in (data, *before_splits(data)):
        needs = NeedsTask.of(known, graph)
        yield needs, needs_answer(needs, goods)


def before_splits(data: Dataset) -> list[Dataset]:
    """What the oldest moment of a training knows, under each protocol."""
    return [known_before(protocol, data) for protocol in PROTOCOLS]


def write_recording(path: Path, asked: Iterable[tuple[Task[Any], Answering]]) -> Written:
    """Answer, judge and write; the same questions give the same bytes."""
    lines = {"": {"model": MODEL, "endpoint": "", "made": MADE}}
    questions, refused = 0, list[str]()
    for task, answer in asked:
        for question in asked_of(task, RulesModel("recording", 1, lambda prompt: None)):
            questions += 1
            text = answer(question.prompt)
            if text is None:
                continue
            if faults := _faults(task, question, text):
                refused.append(f"{question.record.key}: {faults[0]}")
                continue
            key = question.prompt.key(MODEL, "")
            lines[key] = {"key": key, "text": text}
    told = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines.values())
    raw = told.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)
    return Written(questions, len(lines) - 1, tuple(refused))


def _faults(task: Task[Any], question: RecordQuestion, text: str) -> list[str]:
    found, faults = parse(Reply(text), task.asked.answer, task.asked.vocabulary)
    if found is not None:
        faults = list(task.judge(question.record, found))
    return [fault.detail for fault in faults]
