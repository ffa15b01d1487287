"""A comparison that is killed goes on where it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from galen.compare.running import run_plan
from galen.compare.task import ContestantTask


def test_a_kill_loses_only_the_step_that_runs(planned, tmp_path):
    plan = planned(tmp_path)
    words = ["--protocol", plan.protocol, "--folder", str(plan.folder), "--quiet"]
    for path in plan.recipes:
        words += ["--recipe", path]
    command = [sys.executable, "-m", "galen", "compare", str(plan.shop), *words]
    process = subprocess.Popen([*command, "--rate", "400", "--requests", "20"])
    try:
        learned = _wait_for(lambda: next(plan.folder.glob("plain-*/learned.json"), None))
        child = _wait_for(lambda: _children(process.pid))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    written = learned.stat().st_mtime_ns
    _wait_for(lambda: not _is_alive(child[0]))
    ran = run_plan(plan, lambda *_: None, runner=_nobody)
    assert ran.taken == ("learned of plain",)
    assert learned.stat().st_mtime_ns == written
    assert msgspec.json.decode(learned.read_bytes())["people"] > 0


def test_a_process_that_ends_before_its_parent_ends_well(tmp_path):
    task = ContestantTask(
        step="latency",
        shop=str(tmp_path / "none"),
        recipe={"recall": {"popular": {}}},
        protocol="strict",
        seed=0,
        pack="general",
        folder=str(tmp_path),
        rate=10.0,
        requests=10,
    )
    with subprocess.Popen(
        [sys.executable, "-m", "galen.compare.contestant"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        process.stdin.flush()
        told, errors = process.stdout.read(), process.stderr.read()
        assert process.wait(timeout=60) == 0, errors
    assert b"failed" in told


def _nobody(task, name, say):
    return "nothing is run here"


def _wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError


def _children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
