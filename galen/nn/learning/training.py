"""The one training loop: steps, early stopping on validation, checkpoints that resume."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from galen.data.mendable import MendableError
from galen.nn.learning.averaging import Averaged
from galen.nn.learning.checkpoint import Checkpoint
from galen.nn.learning.course import Course, Epoch
from galen.nn.learning.distributed import (
    load_whole,
    spread,
    total,
    unsharded,
    whole_state,
    workers,
)
from galen.nn.learning.losses import auxiliary_loss
from galen.nn.learning.optimise import Optimiser
from galen.nn.learning.precision import Precision, resolved


class TrainingError(MendableError):
    """Training cannot go on; the message says at which step and what to do."""


@dataclass(frozen=True, slots=True)
class Training:
    """How a network learns. Rates are of Adam; `table` settings are of embedding tables."""

    epochs: int = 20  # at most; `patience` may end them sooner
    batch: int = 4096  # rows a step
    learning_rate: float = 1e-3  # until `plateau` lowers it
    table_rate: float | None = None  # as the network's where not given
    table_l2: float = 0.0  # L2 penalty on the rows of tables
    tables: Literal["dense", "touched"] = "dense"  # rows that a step updates and decays
    weight_decay: float = 0.0  # L2 penalty on all other weights
    clip: float = 10.0  # the norm of gradients is held to this, but for those of `touched` tables
    warm_up: int = 0  # steps in which the rate rises from 0
    average: float = 0.0  # decay of averaged weights for each step; 0 keeps the last weights
    patience: int = 2  # epochs with nothing better on validation before training stops
    plateau: float = 0.1  # factor on the rate after an epoch that is no better
    monitor: Literal["auc", "loss", "ndcg"] = "auc"  # what validation is judged by
    precision: Precision = "auto"  # of products; auto measures which is faster here
    device: str = "cpu"  # to learn on, as torch names it
    checkpoint_steps: int = 0  # between checkpoints within an epoch; 0 has one after each epoch
    seed: int = 0  # of all random draws; the same one learns the same again


class Lesson(Protocol):
    """One mini-batch to learn from; the network takes its inputs, the loss the rest."""

    @property
    def inputs(self) -> Any:
        """What the network is called with, as its only argument."""
        ...

    @property
    def labels(self) -> Tensor:
        """What the loss compares answers with; not read where the network itself gives losses."""
        ...

    @property
    def weight(self) -> Tensor:
        """(B,): how much each row counts; B are the rows that a step learns from."""
        ...

    def share(self, rank: int, count: int) -> "Lesson":
        """What one of `count` processes that learn together takes: at least a row of no weight."""
        ...

    def to(self, device: torch.device) -> "Lesson":
        """The same lesson with all its tensors on the device that the network is on."""
        ...


class Source(Protocol):
    """Mini-batches in an order that the seed decides."""

    @property
    def rows(self) -> int:
        """Rows of an epoch."""
        ...

    def lessons(self, epoch: int, skip: int) -> Iterator[Lesson]:
        """The mini-batches of an epoch, without its first `skip`."""
        ...


Validate = Callable[[nn.Module], dict[str, float]]  # "loss" and what is monitored
Watch = Callable[[Epoch, nn.Module], None]  # the module is what validation saw


def fit(
    network: nn.Module,
    loss: nn.Module,
    source: Source,
    validate: Validate,
    settings: Training,
    *,
    folder: Path | None = None,
    watch: Watch | None = None,
) -> Course:
    """Teach a network; it ends with the weights of its best epoch on validation.

    With `folder`, a checkpoint is written after each epoch, and training goes on from one there: to
    the same weights as without the break where one process learns; several draw anew.

    Raises:
        TrainingError: the loss, or what validation says, is not finite, or memory is not enough.
        CheckpointError: the checkpoint in the folder was cut short or is another network's.
    """
    return _Run(network, loss, source, validate, settings, folder, watch).run()


def follow(
    network: nn.Module,
    loss: nn.Module,
    source: Source,
    course: Course,
    settings: Training,
    *,
    watch: Watch | None = None,
) -> Course:
    """Teach a network as one was taught from fewer rows; it ends with its last epoch's weights.

    It takes as many epochs as were best for the other, at the same rates. Nobody judges it, so no
    row need be held out.

    Raises:
        TrainingError: the loss is not finite, or the device has not enough memory.
    """
    rates = tuple(epoch.rate for epoch in course.epochs[: course.best + 1])
    settings = replace(settings, epochs=len(rates))
    return _Run(network, loss, source, None, settings, None, watch, rates).run()


def usable(device: str) -> torch.device:
    """A device by its name, seen to hold a number.

    Raises:
        TrainingError: this machine, or this torch, has no such device.
    """
    try:
        found = torch.device(device)
        torch.zeros((), device=found)
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0]
        raise TrainingError(
            f'nothing can be learned on device {device!r} here ({why}); set device = "cpu".'
        ) from error
    return found


@dataclass
class _UnderWay:
    """What was done of an epoch that is not at its end."""

    steps: int = 0
    rows: int = 0
    loss: float = 0.0  # sum over steps
    seconds: float = 0.0  # of the processor, in steps


class _Run:
    """One training under way."""

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        source: Source,
        validate: Validate | None,
        settings: Training,
        folder: Path | None,
        watch: Watch | None,
        rates: tuple[float, ...] = (),
    ) -> None:
        """With `rates`, one of each epoch, nothing is judged."""
        self.device = usable(settings.device)
        self.network, self.loss = network.to(self.device), loss.to(self.device)
        self.source, self.validate, self.settings = source, validate, settings
        self.checkpoint = Checkpoint(folder) if folder is not None else None
        self.watch, self.rates = watch, rates
        self.kind = resolved(settings.precision, self.device)
        self.group = workers()
        self.shapes = {name: tuple(t.shape) for name, t in self.network.state_dict().items()}
        self.called = spread(self.network, self.group)
        self.optimiser = Optimiser(
            self.network,
            rate=settings.learning_rate,
            table_rate=settings.table_rate,
            table_l2=settings.table_l2,
            weight_decay=settings.weight_decay,
            touched=settings.tables == "touched",
        )
        self.averaged = Averaged(self.network, settings.average) if settings.average else None
        self.course = Course(precision=str(self.kind).removeprefix("torch."))
        self.scale, self.worse, self.step = 1.0, 0, 0
        self.best: dict[str, Tensor] = {}
        self.spent = 0.0
        self.under_way = _UnderWay()

    def run(self) -> Course:
        started = time.process_time()
        torch.manual_seed(self.settings.seed + 1_000_003 * self.group.rank)
        self._resume()
        self.began = self.spent - started
        for epoch in range(len(self.course.epochs), self.settings.epochs):
            if self.worse >= self.settings.patience:
                break
            if self.rates:
                self.scale = self.rates[epoch] / self.settings.learning_rate
            loss, rows, seconds = self._epoch(epoch)
            scored = self.averaged.network if self.averaged else self.network
            valid = self._valid(scored, epoch)
            self.spent = self.began + time.process_time()
            rate = self.settings.learning_rate * self.scale
            self.course.epochs.append(
                Epoch(epoch, loss, valid, rate, rows, seconds, round(self.spent, 3))
            )
            self._judge(scored)
            if self.watch and self.group.leads:
                self.watch(self.course.epochs[-1], scored)
            self._save()
        if self.best:  # nothing was learned where no epoch was asked for
            load_whole(self.network, self.best)
        unsharded(self.network)
        self.network.eval()
        return self.course

    def _valid(self, scored: nn.Module, epoch: int) -> dict[str, float]:
        """What validation says; an epoch that it cannot judge could pass for the best one."""
        valid = self.validate(scored) if self.validate else {}
        for name, value in valid.items():
            if name in ("loss", self.settings.monitor) and not math.isfinite(value):
                raise TrainingError(
                    f"{name} of what is held out is {value} after epoch {epoch}; lower "
                    "learning_rate, or look for huge numbers in the samples."
                )
        return valid

    def _epoch(self, epoch: int) -> tuple[float, int, float]:
        self.network.train()
        now, pending = self.under_way, list[Tensor]()
        every = self.settings.checkpoint_steps
        for lesson in self.source.lessons(epoch, now.steps):
            started = time.process_time()
            pending.append(self._step(self._share(lesson)))
            now.seconds += time.process_time() - started
            now.rows += len(lesson.weight)
            now.steps += 1
            if len(pending) == 64:  # reading a loss waits for the device
                now.loss += self._finite(pending, epoch)
                pending.clear()
            if every and now.steps % every == 0:
                now.loss += self._finite(pending, epoch)
                pending.clear()
                self.spent = self.began + time.process_time()
                self._save()
        now.loss += self._finite(pending, epoch)
        self.under_way = _UnderWay()
        if not now.steps:
            raise TrainingError("there are no rows to learn from.")
        return now.loss / now.steps, now.rows, now.seconds

    def _share(self, lesson: Lesson) -> Lesson:
        return lesson.share(self.group.rank, self.group.count).to(self.device)

    def _step(self, lesson: Lesson) -> Tensor:
        self.step += 1
        warm = min(1.0, self.step / self.settings.warm_up) if self.settings.warm_up else 1.0
        self.optimiser.scale(self.scale * warm)
        try:
            with torch.autocast(self.device.type, self.kind, enabled=self.kind != torch.float32):
                logits = self.called(lesson.inputs)
            loss: Tensor = self.loss(logits, lesson.labels, lesson.weight)
            extra = auxiliary_loss(self.network)
            whole = loss if extra is None else loss + extra
            whole.backward()  # type: ignore[no-untyped-call]
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                f"the device has not enough memory for {len(lesson.weight)} rows a step at step "
                f"{self.step}; make batch smaller, or the model."
            ) from error
        self.optimiser.step(self.settings.clip)
        if self.averaged:
            self.averaged.update(self.network)
        return loss.detach()

    def _finite(self, losses: list[Tensor], epoch: int) -> float:
        summed = torch.stack(losses).sum() if losses else torch.zeros((), device=self.device)
        mean = float(total(summed)) / self.group.count
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss is {mean} in epoch {epoch} near step {self.step}; lower learning_rate, "
                "or look for huge numbers in the samples."
            )
        return mean

    def _judge(self, scored: nn.Module) -> None:
        if self.validate is None or self.course.better(self.settings.monitor):
            self.course.best = len(self.course.epochs) - 1
            self.worse = 0
            self.best = whole_state(scored)
        elif not self.course.goes_on:
            self.worse += 1
            self.scale *= self.settings.plateau

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        tensors = {f"network.{name}": t for name, t in whole_state(self.network).items()}
        tensors |= {f"best.{name}": t for name, t in self.best.items()}
        tensors |= {f"optimiser.{name}": t for name, t in self.optimiser.tensors().items()}
        if self.averaged:
            whole = whole_state(self.averaged.network)
            tensors |= {f"averaged.{name}": t for name, t in whole.items()}
        tensors["random"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random_cuda"] = torch.cuda.get_rng_state(self.device)
        facts = {"scale": self.scale, "worse": self.worse, "step": self.step, "spent": self.spent}
        facts["bfloat16"] = float(self.kind == torch.bfloat16)
        facts |= {f"epoch_{name}": value for name, value in asdict(self.under_way).items()}
        epochs = [asdict(epoch) for epoch in self.course.epochs]
        if self.group.leads:
            self.checkpoint.write(tensors, epochs, self.course.best, facts)

    def _resume(self) -> None:
        found = self.checkpoint.read(self.shapes) if self.checkpoint else None
        if found is None:
            return
        load_whole(self.network, found.part("network"))
        self.best = found.part("best")
        if self.settings.precision == "auto":  # a curve goes on in the format that it began in
            self.kind = torch.bfloat16 if found.facts.get("bfloat16", 0.0) else torch.float32
            self.course.precision = str(self.kind).removeprefix("torch.")
        self.optimiser.load(found.part("optimiser"))
        if self.averaged:
            load_whole(self.averaged.network, found.part("averaged"))
            self.averaged.steps = int(found.facts["step"])
        if self.group.alone:
            torch.set_rng_state(found.tensors["random"])
            if self.device.type == "cuda" and "random_cuda" in found.tensors:
                torch.cuda.set_rng_state(found.tensors["random_cuda"], self.device)
        self.course.epochs = [Epoch(**epoch) for epoch in found.epochs]
        self.course.best = found.best
        self.scale, self.spent = found.facts["scale"], found.facts["spent"]
        self.worse, self.step = int(found.facts["worse"]), int(found.facts["step"])
        steps, rows = int(found.facts["epoch_steps"]), int(found.facts["epoch_rows"])
        loss, seconds = found.facts["epoch_loss"], found.facts["epoch_seconds"]
        self.under_way = _UnderWay(steps, rows, loss, seconds)
