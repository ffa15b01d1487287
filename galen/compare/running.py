"""Run a comparison step by step, each in its own process, within a budget; take up what is kept."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

import galen
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.split import Protocol
from galen.assembly.written_tables import check_tables, tables_read
from galen.compare.cost import HourlyPrices
from galen.compare.keeping import digest_of, is_kept
from galen.compare.task import STEPS, ContestantTask, Doing, Finished, Message, StepFailed, StepName
from galen.data.mendable import MendableError
from galen.data.shop import Shop

WAYS: Final = ("classic", "scaled", "enriched", "generative", "hybrid")
"""The shipped whole pipelines, compared where no recipe is named."""

MODULE: Final = "galen.compare.contestant"
LOG: Final = "log.txt"

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the steps that are over, and all that were planned."""

Say = Callable[[str], None]
Runner = Callable[[ContestantTask, str, Say], str | None]
"""Runs a task of a recipe of this name; None where it is done, else why it is not."""


class CompareError(MendableError):
    """A comparison cannot be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ComparisonPlan:
    """What is compared, and how."""

    shop: Path
    recipes: tuple[str, ...]  # shipped names, or paths
    folder: Path
    protocol: Protocol
    pack: str = "general"
    seed: int = 0
    rate: float = 50.0  # requests a second, for latency
    requests: int = 1000
    budget: float | None = None  # seconds; no step begins after them
    steps: tuple[StepName, ...] = STEPS


@dataclass(frozen=True, slots=True)
class Contestant:
    """A recipe that was read, and where its figures go."""

    name: str
    folder: Path
    task: ContestantTask


@dataclass(frozen=True)
class Ran:
    """What became of the steps of a plan."""

    plan: ComparisonPlan
    contestants: tuple[Contestant, ...]
    failed: dict[str, str] = field(default_factory=dict)  # recipe, or step of it -> why
    not_run: tuple[str, ...] = ()  # "latency of classic"
    taken: tuple[str, ...] = ()  # steps that the folder had already

    def go_on(self, prices: HourlyPrices) -> str:
        """The command that runs what was not run, and tells its cost at the same prices."""
        plan = self.plan
        words = ["galen", "compare", str(plan.shop)]
        for recipe in plan.recipes:
            words += ["--recipe", recipe]
        words += ["--protocol", plan.protocol, "--pack", plan.pack, "--folder", str(plan.folder)]
        words += ["--seed", str(plan.seed), "--rate", f"{plan.rate:g}"]
        words += ["--requests", str(plan.requests)]
        words += ["--cpu-hour-price", repr(prices.cpu_hour)]
        return shlex.join([*words, "--gpu-hour-price", repr(prices.gpu_hour)])


def run_plan(
    plan: ComparisonPlan,
    progress: Progress,
    *,
    runner: Runner | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Ran:
    """Run every step that the folder does not have; a recipe that fails leaves the others be.

    Raises:
        ShopError: the shop cannot be read.
        PackError: the pack cannot be used.
        CompareError: two recipes have one name, there is none, or nothing is held out.
    """
    start, runner = clock(), runner or in_own_process
    contestants, failed = _read(plan)
    not_run, taken = [], []
    planned = [(step, contestant) for step in plan.steps for contestant in contestants]
    over = 0

    def say(what: str) -> None:
        progress(what, over, len(planned))

    for step, contestant in planned:
        name = f"{step} of {contestant.name}"
        task = msgspec.structs.replace(contestant.task, step=step)
        if is_kept(task):
            taken.append(name)
            say(f"{name}: taken from {contestant.folder}")
        elif contestant.name in failed:
            say(f"{name}: cannot be run")
        elif (plan.budget is not None and clock() - start >= plan.budget) or (
            f"learned of {contestant.name}" in not_run
        ):
            not_run.append(name)
            continue
        else:
            say(name)
            task.place.mkdir(parents=True, exist_ok=True)
            why = runner(task, contestant.name, say)
            if why is not None:
                failed[contestant.name if step == "learned" else name] = why
        over += 1
    say("reading what was found")
    return Ran(plan, tuple(contestants), failed, tuple(not_run), tuple(taken))


def cannot_run(plan: ComparisonPlan) -> dict[str, str]:
    """Why recipes of a plan cannot be run, by name, as far as it is known before any learns.

    Raises:
        ShopError: the shop cannot be read.
        CompareError: two recipes have one name, there is none, or nothing is held out.
    """
    return _read(plan)[1]


def _read(plan: ComparisonPlan) -> tuple[list[Contestant], dict[str, str]]:
    if plan.protocol == "full":
        raise CompareError(
            "protocol 'full' holds nothing out to compare on; use strict, refit or global-time."
        )
    Shop.open(plan.shop)
    if not plan.recipes:
        raise CompareError("there is nothing to compare; name a recipe with --recipe.")
    contestants: list[Contestant] = []
    failed: dict[str, str] = {}
    for source in plan.recipes:
        try:
            recipe = find_recipe(source)
        except MendableError as error:
            failed[source] = str(error)
            continue
        if any(recipe.name == other.name for other in contestants):
            raise CompareError(
                f"two recipes are named {recipe.name!r}; give one of their files another name."
            )
        contestants.append(_contestant(plan, recipe))
        if is_kept(contestants[-1].task):
            continue
        try:
            check_tables(recipe, plan.shop)
        except MendableError as error:
            failed[recipe.name] = str(error)
    return contestants, failed


def _contestant(plan: ComparisonPlan, recipe: Recipe) -> Contestant:
    task = ContestantTask(
        step="learned",
        shop=str(plan.shop),
        recipe=recipe.to_tree(),
        protocol=plan.protocol,
        seed=plan.seed,
        pack=plan.pack,
        folder="",
        rate=plan.rate,
        requests=plan.requests,
    )
    digest = digest_of(task, version("galen"), tables_read(recipe))
    folder = plan.folder / f"{recipe.name}-{digest}"
    return Contestant(recipe.name, folder, msgspec.structs.replace(task, folder=str(folder)))


def in_own_process(task: ContestantTask, name: str, say: Say) -> str | None:
    """Run a task in a process of its own; None where it is done, else why it is not."""
    source = str(Path(galen.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
    log = task.place / LOG
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": path},
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(task) + b"\n")
            process.stdin.flush()
            last = _listen(process.stdout, name, say)
        except BrokenPipeError:  # it ended before it read its task
            last = None
        except BaseException:
            process.kill()
            raise
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
    if isinstance(last, StepFailed):
        return last.why
    if isinstance(last, Finished) and is_kept(task):
        return None
    return f"its process ended with {process.returncode}; {log} tells more."


def _listen(lines: Iterable[bytes], name: str, say: Say) -> Message | None:
    last: Message | None = None
    for line in lines:
        try:
            message: Message = msgspec.json.decode(line, type=Message)
        except msgspec.DecodeError:
            continue  # what a library printed
        if isinstance(message, Doing):
            say(f"{name}: {message.what}")
        else:
            last = message
    return last
