"""One step of one recipe in a process of its own, so that its memory and seconds are its own.

    python -m galen.compare.contestant

The task comes as the first line of standard input; that stream ends when the process that started
this one does, and then this one ends too. What is being done is told on standard output.
"""

import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from galen.compare.latency import measure_latency
from galen.compare.learning import learn
from galen.compare.left_out import leave_parts_out
from galen.compare.task import ContestantTask, Doing, Finished, Message, StepFailed
from galen.data.mendable import MendableError


def main() -> None:
    """Run the task of standard input; an error that a person can mend is told, without a trace."""
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=ContestantTask)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        run(task, datetime.now(UTC), lambda what: _tell(Doing(what)))
    except MendableError as error:
        _tell(StepFailed(str(error)))
    else:
        _tell(Finished())


def run(task: ContestantTask, now: datetime, say: Callable[[str], None]) -> None:
    """Run a task in this process; its figures are in its folder afterwards.

    Raises:
        MendableError: it cannot be done; the message says why.
    """
    if task.step == "learned":
        learn(task, now, say)
    elif task.step == "latency":
        measure_latency(task, say)
    else:
        leave_parts_out(task, say)


def _tell(what: Message) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    # Not through sys.stdin: its lock, held here, would make a process that ends by itself abort.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
