"""All that a comparison found, read from its folder: the one thing that tables and pages are of."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from galen.compare.cost import HourlyPrices
from galen.compare.exam import USER, first_in, slices_in
from galen.compare.figures import GAUC, METRICS, NOVELTY, Latency, Learned, LeftOut
from galen.compare.keeping import KeptLearned, kept, kept_learned
from galen.compare.ranked import RankedByPerson
from galen.compare.running import CompareError, Contestant, Ran
from galen.compare.source import state_of_code
from galen.compare.task import StepName
from galen.data.arrays import Floats, Ints
from galen.evaluate.slices import Slice


@dataclass(frozen=True)
class Entry:
    """One recipe's figures; what was not run is None."""

    name: str
    learned: Learned
    by_person: Mapping[str, Floats]  # metric -> (R,)
    first: Ints | None = None  # (R, places) items shown, -1 where a slate is shorter
    ranked: RankedByPerson | None = None  # the ranker on impressions
    latency: Latency | None = None
    left_out: LeftOut | None = None

    def made_by(self) -> dict[StepName, str]:
        """The state of galen's code that each step was run by; "" where it was not kept."""
        made: dict[StepName, str] = {"learned": self.learned.code}
        if self.latency is not None:
            made["latency"] = self.latency.code
        if self.left_out is not None:
            made["left-out"] = self.left_out.code
        return made

    @property
    def gauc(self) -> float:
        """Mean over objectives; NaN where there are no impressions or no ranker of them."""
        known = [metrics[GAUC] for metrics in self.learned.ranking.values() if GAUC in metrics]
        return sum(known) / len(known) if known else math.nan


@dataclass(frozen=True)
class Comparison:
    """Recipes that were asked the same question, in the order in which they were named."""

    ran: Ran
    entries: Sequence[Entry]
    slices: Sequence[Slice]  # the first is everybody
    users: Ints  # (R,) who was asked
    prices: HourlyPrices

    @classmethod
    def read(cls, ran: Ran, prices: HourlyPrices) -> "Comparison":
        """What the finished steps of a run left in its folder.

        Raises:
            CompareError: no recipe has finished, or two of them were asked different people.
        """
        entries: list[Entry] = []
        slices: Sequence[Slice] = ()
        users = np.empty(0, np.int64)
        for contestant in ran.contestants:
            found = kept_learned(contestant.task)
            if found is None:
                continue
            asked = np.asarray(found.by_person[USER])
            if not entries:
                users, slices = asked, slices_in(found.by_person)
            elif not np.array_equal(users, asked):
                raise CompareError(
                    f"{contestant.folder} was made from other people than {entries[0].name}; "
                    "remove it and run again."
                )
            entries.append(_entry(contestant, found))
        if not entries:
            raise CompareError(_nothing(ran, prices))
        return cls(ran, entries, slices, users, prices)

    def stale(self) -> dict[str, str]:
        """Steps whose figures another state of galen's code made than the current one, with it."""
        now = state_of_code()
        made = {
            f"{step} of {entry.name}": code
            for entry in self.entries
            for step, code in entry.made_by().items()
        }
        return {step: code for step, code in made.items() if code != now}

    @property
    def people(self) -> int:
        """How many people every recipe was asked for."""
        return self.entries[0].learned.people


def _entry(contestant: Contestant, found: KeptLearned) -> Entry:
    task, table = contestant.task, found.by_person
    measured = [name for name in (*METRICS, NOVELTY) if name in table.column_names]
    metrics = {name: np.asarray(table[name], dtype=np.float64) for name in measured}
    ranked = None if found.ranked is None else RankedByPerson.read(found.ranked)
    latency = kept(msgspec.structs.replace(task, step="latency"), Latency)
    left_out = kept(msgspec.structs.replace(task, step="left-out"), LeftOut)
    return Entry(
        contestant.name, found.learned, metrics, first_in(table), ranked, latency, left_out
    )


def _nothing(ran: Ran, prices: HourlyPrices) -> str:
    why = "; ".join(f"{name}: {error}" for name, error in ran.failed.items())
    if ran.not_run:
        why += f"{'; ' if why else ''}the budget was spent first; go on with {ran.go_on(prices)}"
    return f"no recipe has finished. {why}"
