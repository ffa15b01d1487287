"""What the enrichment runner costs, and what kill -9 costs it.

    python -m benchmarks.enrich_runner --items 100000 --kills 20 --json FILE

A synthetic catalogue is described by rules once and recorded; the recording answers from then on.
`cold` asks it for every record, `warm` finds all answers in the journal; each is a process of its
own, whose whole peak memory counts, the catalogue, the recording's places and all code included.
`killed` runs a smaller catalogue with workers, is killed at moments drawn by the seed after it
began to ask, and is then let to its end: every question stands in a file that only grows.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.data.catalogue import Catalogue
from galen.data.synthetic.shop import SyntheticSettings, item_table
from galen.enrich.running.asking import asked_of
from galen.enrich.running.journal import Journal
from galen.enrich.running.runner import Running, microseconds, run
from galen.enrich.running.task import Task
from galen.enrich.tables.item_rules import item_rules
from galen.enrich.tables.items import ItemsTask
from galen.knowledge.build import built_in
from galen.llm.language_model import Answer, LanguageModel, Prompt
from galen.llm.recorded import Recorded, Recording
from galen.llm.rules import RulesModel

ITEMS, SAID = "items.parquet", "said.jsonl"
WORKERS, BATCH = 4, 8  # of the run that is killed
PAUSE = 0.02  # seconds that a job of it takes, so that there is something to kill


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line; measure, or be what is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--killed-items", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--counted", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.folder:
        _run(options.folder, options.counted)
        return
    rows = [*_speed(options.items, options.seed)]
    if options.kills:
        rows.append(_killed(options.killed_items, options.kills, options.seed))
    write_rows(options.json, rows)
    for row in rows:
        table = Table(title=f"{row.model}, {row.data}", show_header=False)
        for name, value in row.metrics.items():
            table.add_row(name, f"{value:,.2f}".removesuffix(".00"))
        Console(width=100).print(table)


def record(folder: Path, items: int, seed: int) -> None:
    """A catalogue, and what rules say of each of its items as a recording."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(item_table(SyntheticSettings(items=items, seed=seed)), folder / ITEMS)
    task = _task(folder)
    rules = RulesModel("items", 1, item_rules(built_in(), task.asked.vocabulary))
    said = Recording(rules, folder / SAID)
    for question in asked_of(task, rules):
        said.complete([question.prompt])


def _task(folder: Path) -> ItemsTask:
    return ItemsTask.of(Catalogue(pq.read_table(folder / ITEMS)), built_in())


class _Counted:
    """Writes down every question before it is answered, in a file that only grows."""

    def __init__(self, inner: LanguageModel, file: Path) -> None:
        self.inner = inner
        self.name, self.endpoint = inner.name, inner.endpoint
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        keys = "".join(f"{prompt.key(self.name, self.endpoint)}\n" for prompt in prompts)
        os.write(self._file, keys.encode())
        time.sleep(PAUSE)
        return self.inner.complete(prompts)


def _run(folder: Path, counted: bool) -> None:
    """One run in this process; its figures are its last line."""
    task = _task(folder)
    model: LanguageModel = Recorded(folder / SAID)
    running = Running(workers=1, batch=256)
    if counted:
        model, running = _Counted(model, folder / "asked"), Running(WORKERS, BATCH)
    print("begun", flush=True)
    started = time.perf_counter()
    with Journal(folder / "tables") as journal:
        report = run(task, model, journal, folder / "tables", now=microseconds, running=running)
    seconds = time.perf_counter() - started
    told = {
        "records": report.records,
        "asked": report.asked,
        "held": sum(report.held.values()),
        "seconds": seconds,
        "cpu": time.process_time(),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(told))


def _child(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.enrich_runner", "--folder", str(folder), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _figures(folder: Path, *more: str) -> dict[str, Any]:
    out, _ = _child(folder, *more).communicate()
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def _speed(items: int, seed: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        record(Path(name), items, seed)
        return [_row(what, items, seed, _figures(Path(name))) for what in ("cold", "warm")]


def _row(what: str, items: int, seed: int, found: dict[str, Any]) -> Row:
    figures = {
        "records_per_second": found["records"] / found["seconds"],
        "asked": found["asked"],
        "held": found["held"],
        "memory_mib": found["memory"] / 2**20,
    }
    cost = found["cpu"], found["seconds"], found["memory"]
    return Row("enrich_runner", f"{items} items", what, "recorded", seed, figures, *cost)


def _killed(items: int, kills: int, seed: int) -> Row:
    """Kill a run again and again, let the last one end, and count what was lost or doubled."""
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name:
        folder, struck = Path(name), 0
        record(folder, items, seed)
        task = _task(folder)
        for _ in range(kills):
            child = _child(folder, "--counted")
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(float(random.uniform(0.05, 0.4)))
            struck += child.poll() is None
            child.send_signal(signal.SIGKILL)
            child.communicate()
        found = _figures(folder, "--counted")
        return _row_of_killed(folder, task, kills, struck, seed, found)


def _row_of_killed(
    folder: Path, task: Task[Any], kills: int, struck: int, seed: int, found: dict[str, Any]
) -> Row:
    said = Recorded(folder / SAID)
    questions = list(asked_of(task, said))
    said.close()
    written = pq.read_table(folder / "tables" / "items.parquet")["key"].to_pylist()
    with Journal(folder / "tables") as journal:
        held = journal.held("items")
        answered = journal.answers([question.key for question in questions])
    done = [q.record.key for q in questions if q.key in answered]
    neither = sum(q.key not in answered and q.key not in held for q in questions)
    asked = (folder / "asked").read_text().splitlines()
    twice_wrong = sum(one.tries - 1 for one in held.values())  # asked once more for their fault
    figures = {
        "kills": float(kills),
        "of_them_while_running": float(struck),
        "lost": float(neither + len(set(done) - set(written))),
        "doubled": float(len(written) - len(set(written))),
        "asked_twice": float(len(asked) - len(set(asked)) - twice_wrong),
        "in_flight_at_most": float(kills * WORKERS * BATCH),
    }
    cost = found["cpu"], found["seconds"], found["memory"]
    data = f"{len(questions)} items"
    return Row("enrich_runner", data, "killed", "recorded", seed, figures, *cost)


if __name__ == "__main__":
    run_in_words(main)
