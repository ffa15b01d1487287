"""Trials of a recipe's settings on a folder of samples, as Optuna proposes them.

The sampler is TPE: Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011.
"""

import fcntl
import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

import msgspec
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, Trial, TrialState
from torch import nn

from galen.assembly.parts import model_spec, seeded
from galen.assembly.ranges import Choice, Range, own_values, with_settings
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.recipes.recipe_text import value_text
from galen.assembly.table import learn_encoder, read_parts, row_bytes
from galen.features.encoding.encoder import Encoder
from galen.features.encoding.samples import Samples
from galen.features.encoding.tables import digest_of, part
from galen.nn.learning.course import Epoch
from galen.nn.learning.training import TrainingError
from galen.rank.blended import logits_of
from galen.rank.extended import ExtendedModel
from galen.rank.model import Model
from galen.rank.network import Network, NetworkModel, judged
from galen.rank.streaming import Streamed

Objective = Literal["auc", "loss"]

FINISHED: Final = (TrialState.COMPLETE, TrialState.PRUNED)
BEFORE_PRUNING: Final = 5
"""Trials that come to their end before any is broken off."""

EPOCHS_AT_LEAST: Final = 2
"""Epochs that every trial has: the first ones tell little."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One trial."""

    number: int  # from 1
    value: float | None  # of the objective on validation; none where it was broken off
    settings: dict[str, Any]  # by path
    epochs: int  # of a network; 0 of other models
    cpu_seconds: float
    error: str = ""  # why training could not go on


@dataclass(frozen=True)
class Rows:
    """A folder's train and valid rows, read once for all trials."""

    folder: Path
    encoder: Encoder
    valid: Samples
    train: Samples | None  # none where they do not fit in memory

    @classmethod
    def read(cls, folder: Path, *, stream: bool, memory: int) -> "Rows":
        """Learn the encoding of a folder's train rows, and encode its rows.

        With `stream`, train rows that would take more than `memory` bytes stay in their file.

        Raises:
            SchemaError: the folder's rows do not fit what it says of them.
        """
        encoder = learn_encoder(folder)
        valid = read_parts(folder, encoder, ("valid",))["valid"]
        rows = part(folder, "train").metadata.num_rows
        if stream and rows * row_bytes(encoder.schema) > memory:
            return cls(folder, encoder, valid, None)
        return cls(folder, encoder, valid, read_parts(folder, encoder, ("train",))["train"])

    def learned(self, recipe: Recipe, seed: int, watch: Callable[[Epoch], None]) -> Model:
        """What the recipe's model learns from the rows; `watch` is told of a network's epochs."""
        assert recipe.rank is not None

        def tell(epoch: Epoch, _: nn.Module) -> None:
            watch(epoch)

        spec = model_spec(seeded(recipe.rank, seed), watch=tell)
        schema = self.encoder.schema
        if self.train is not None:
            return spec.fit(schema, self.train, self.valid)
        assert isinstance(spec, Network)
        objectives, taught = tuple(self.encoder.columns.labels), spec.training
        path = self.folder / "train.parquet"
        source = Streamed(path, self.encoder, objectives, taught.batch, taught.seed)
        return spec.learn(schema, objectives, source, self.valid)


@dataclass(frozen=True)
class TrialSearch:
    """The trials of one recipe on one table, kept in a file as they finish."""

    recipe: Recipe
    ranges: dict[str, Range]
    rows: Rows
    study: optuna.Study
    objective: Objective
    seed: int

    @property
    def own(self) -> dict[str, Any]:
        """The recipe's own settings, those within the ranges: what the first trial has."""
        return own_values(self.recipe, self.ranges)

    def finished(self) -> list[FrozenTrial]:
        """Trials that count: those that came to their end, and those broken off as hopeless."""
        return self.study.get_trials(states=FINISHED)

    def next(self) -> Tried:
        """Run one trial.

        Its draws hang on the seed and its place alone, so that a search that was broken off goes
        on as if it had not been.
        """
        place = len(self.finished())
        self.study.sampler = optuna.samplers.TPESampler(
            seed=self.seed + 1_000_003 * place, constant_liar=False
        )
        if not place:
            self.study.enqueue_trial(
                {
                    name: value_text(value) if isinstance(self.ranges[name], Choice) else value
                    for name, value in self.own.items()
                }
            )
        trial = self.study.ask()
        try:
            self._run(trial)
        except BaseException:
            self.study.tell(trial, state=TrialState.FAIL)
            raise
        return self.tried()[-1]

    def tried(self) -> list[Tried]:
        """Every trial of every run, in order."""
        return [
            Tried(
                number=place + 1,
                value=trial.value if trial.state == TrialState.COMPLETE else None,
                settings=self._settings(trial.params),
                epochs=len(trial.intermediate_values),
                cpu_seconds=trial.user_attrs["cpu_seconds"],
                error=trial.user_attrs.get("error", ""),
            )
            for place, trial in enumerate(self.finished())
        ]

    def importance(self) -> dict[str, float]:
        """How much each setting matters to the objective; empty where there is no telling yet."""
        ended = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len({trial.value for trial in ended}) < 4:
            return {}
        found = optuna.importance.get_param_importances(self.study)
        return {name: round(share, 4) for name, share in found.items() if math.isfinite(share)}

    def _run(self, trial: Trial) -> None:
        for name, span in self.ranges.items():
            if isinstance(span, Choice):
                trial.suggest_categorical(name, [value_text(value) for value in span.values])
            elif span.whole:
                trial.suggest_int(name, int(span.low), int(span.high), log=span.log)
            else:
                trial.suggest_float(name, span.low, span.high, log=span.log)
        started = time.process_time()
        value = math.nan
        try:
            value = self._value(trial)
        except TrainingError as error:  # the sampler is to learn that this place is a bad one
            trial.set_user_attr("error", str(error))
        except optuna.TrialPruned:
            pass
        finally:
            trial.set_user_attr("cpu_seconds", round(time.process_time() - started, 3))
        if math.isfinite(value):
            self.study.tell(trial, value)
        else:
            self.study.tell(trial, state=TrialState.PRUNED)

    def _value(self, trial: Trial) -> float:
        """The objective on validation: of the epoch that is kept, or of the whole model."""
        recipe = with_settings(self.recipe, self._settings(trial.params))
        assert recipe.rank is not None
        alone = not recipe.rank.members  # epochs of a blend's members are no steps of one course

        def watch(epoch: Epoch) -> None:
            if alone:
                trial.report(epoch.valid[self.objective], epoch.epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned

        model = self.rows.learned(recipe, self.seed, watch)
        inner = model
        while isinstance(inner, ExtendedModel):
            inner = inner.model
        if isinstance(inner, NetworkModel) and inner.course.best >= 0:
            return inner.course.epochs[inner.course.best].valid[self.objective]
        valid = self.rows.valid
        return judged(logits_of(model, valid), valid, model.objectives)[self.objective]

    def _settings(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What the recipe gets, of what Optuna keeps: choices are kept as text."""
        settings = {}
        for name, span in self.ranges.items():
            choice = parameters[name]
            if isinstance(span, Choice):
                settings[name] = next(one for one in span.values if value_text(one) == choice)
            else:
                settings[name] = span.rounded(choice)
        return settings


class _EndsWithItsProcess(JournalFileOpenLock):
    """A lock that the kernel opens where its holder is killed; Optuna's own is waited for 30 s."""

    def __init__(self, journal: Path) -> None:
        super().__init__(str(journal))
        self._path = journal.with_name(f"{journal.name}.held")
        self._held: IO[bytes] | None = None

    def acquire(self) -> bool:
        self._held = self._path.open("ab")
        fcntl.flock(self._held, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        assert self._held is not None
        self._held.close()


def open_search(
    recipe: Recipe,
    ranges: dict[str, Range],
    rows: Rows,
    folder: Path,
    *,
    objective: Objective,
    seed: int,
) -> TrialSearch:
    """The search kept in a folder; another recipe, table, objective or seed has another one."""
    facts = [recipe.to_tree(), digest_of(rows.folder), objective, seed]
    name = hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # trials are told of in galen's words
    path = folder / f"{name}.journal"
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path), _EndsWithItsProcess(path))),
        study_name=name,
        load_if_exists=True,
        direction="maximize" if objective == "auc" else "minimize",
        pruner=optuna.pruners.MedianPruner(BEFORE_PRUNING, EPOCHS_AT_LEAST),
    )
    return TrialSearch(recipe, ranges, rows, study, objective, seed)
