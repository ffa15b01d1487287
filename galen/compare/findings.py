"""A comparison with its verdicts and its advice: what is printed, written and drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

from galen.compare.advice import Advice, advise, advise_on_safety
from galen.compare.comparison import Comparison, Entry
from galen.compare.source import state_of_code
from galen.compare.verdicts import LEVEL, Paired, Verdict, verdicts
from galen.evaluate.intervals import Interval

METRIC: Final = "ndcg@10"
"""What recipes are compared by."""


@dataclass(frozen=True)
class Findings:
    """Everything that was found, in one place."""

    comparison: Comparison
    intervals: Mapping[str, Mapping[str, Interval]]  # recipe -> metric -> of everybody
    verdicts: Sequence[Verdict]  # the first is of everybody
    compared: int  # paired comparisons that the correction is over
    advice: Sequence[Advice]  # one a slice
    safety: str

    @classmethod
    def of(cls, comparison: Comparison) -> "Findings":
        metric = {entry.name: entry.by_person[METRIC] for entry in comparison.entries}
        seed = comparison.ran.plan.seed
        found, compared = verdicts(metric, comparison.slices, seed=seed)
        seconds = {e.name: e.learned.training.cpu_seconds for e in comparison.entries}
        intervals = {e.name: e.intervals(comparison.everybody, seed) for e in comparison.entries}
        safety = {e.name: (e.learned.with_gate, e.learned.without_gate) for e in comparison.entries}
        advice = [advise(verdict, seconds) for verdict in found]
        return cls(comparison, intervals, found, compared, advice, advise_on_safety(safety))

    def notes(self) -> list[str]:
        """What a reader must know: failures, what was not run, and how "surely" is meant."""
        ran = self.comparison.ran
        notes = [
            f'"Surely" is p < {LEVEL:g} of paired t tests after Holm\'s correction over '
            f"{self.compared} comparisons; the best of each slice was chosen on the people that "
            "it is tested on. Intervals are 95 % bootstraps over people, not corrected."
        ]
        notes += [f"{name} failed: {why}" for name, why in ran.failed.items()]
        if ran.not_run:
            notes.append(
                f"Not run, since the budget was spent: {', '.join(ran.not_run)}. "
                f"Go on with: {ran.go_on()}"
            )
        if stale := self.comparison.stale():
            told = ", ".join(f"{step} by {code or 'one not kept'}" for step, code in stale.items())
            notes.append(
                f"Made by another state of galen's code than the current one ({state_of_code()}): "
                f"{told}. Where that matters, remove their folders in {ran.plan.folder} and run "
                "again."
            )
        if ran.taken:
            notes.append(f"Taken from {ran.plan.folder}: {', '.join(ran.taken)}.")
        return notes


def tree_of(findings: Findings) -> dict[str, Any]:
    """Every figure as a tree for JSON."""
    comparison = findings.comparison
    plan = comparison.ran.plan
    return {
        "shop": str(plan.shop),
        "protocol": plan.protocol,
        "seed": plan.seed,
        "pack": plan.pack,
        "people": comparison.people,
        "prices": asdict(comparison.prices),
        "recipes": {entry.name: _entry(findings, entry) for entry in comparison.entries},
        "slices": {verdict.slice: _verdict(verdict) for verdict in findings.verdicts},
        "comparisons": findings.compared,
        "advice": {one.slice: {"use": one.use, "why": one.sentence} for one in findings.advice},
        "safety": findings.safety,
        "failed": dict(comparison.ran.failed),
        "not_run": list(comparison.ran.not_run),
        "taken": list(comparison.ran.taken),
        "code": state_of_code(),
        "stale": comparison.stale(),
        "go_on": comparison.ran.go_on() if comparison.ran.not_run else None,
    }


def _entry(findings: Findings, entry: Entry) -> dict[str, Any]:
    learned: dict[str, Any] = msgspec.to_builtins(entry.learned)
    return learned | {
        "intervals": {m: asdict(found) for m, found in findings.intervals[entry.name].items()},
        "dollars": findings.comparison.prices.of(entry.learned.training),
        "latency": msgspec.to_builtins(entry.latency),
        "left_out": msgspec.to_builtins(entry.left_out),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    def told(pairs: Mapping[str, Paired]) -> dict[str, Any]:
        return {
            name: {**asdict(pair.change), "p_corrected": pair.p, "surely": pair.surely}
            for name, pair in pairs.items()
        }

    return {
        "people": verdict.people,
        METRIC: dict(verdict.means),
        "best": verdict.best,
        "over_best": told(verdict.over_best),
        "over_first": told(verdict.over_first),
    }
