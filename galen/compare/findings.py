"""A comparison with its verdicts and its advice: what is printed, written and drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

from galen.compare.advice import Advice, advise, advise_on_safety
from galen.compare.comparison import Comparison, Entry
from galen.compare.families import JudgedFamily, judged_by
from galen.compare.figures import NAMES
from galen.compare.source import state_of_code
from galen.compare.verdicts import LEVEL, Paired, SliceVerdict
from galen.evaluate.intervals import Interval

METRIC: Final = "ndcg@10"
"""What recipes are advised by."""

EVERYBODY: Final = "all"
"""The name of the first slice."""


@dataclass(frozen=True)
class Findings:
    """Everything that was found, in one place."""

    comparison: Comparison
    judged: Mapping[str, Sequence[JudgedFamily]]  # metric -> families, the first recipe's first
    advice: Sequence[Advice]  # one a slice
    safety: str

    @classmethod
    def of(cls, comparison: Comparison) -> "Findings":
        """Judge each metric; then advise on recipes by `METRIC`, on the gate by what was shown."""
        seed = comparison.ran.plan.seed
        judged = {metric: judged_by(comparison, metric, seed=seed) for metric in NAMES}
        costs = {e.name: comparison.prices.of(e.learned.training) for e in comparison.entries}
        safety = {e.name: (e.learned.with_gate, e.learned.without_gate) for e in comparison.entries}
        advice = [advise(verdict, costs) for verdict in judged[METRIC][0].verdicts]
        return cls(comparison, judged, advice, advise_on_safety(safety))

    @property
    def verdicts(self) -> Sequence[SliceVerdict]:
        """By what recipes are advised by; the first is of everybody."""
        return self.judged[METRIC][0].verdicts

    @property
    def compared(self) -> int:
        """Paired comparisons that the correction of those verdicts is over."""
        return self.judged[METRIC][0].compared

    @property
    def metrics(self) -> list[str]:
        """What at least one recipe has intervals of."""
        return [metric for metric, families in self.judged.items() if families]

    def verdict(self, metric: str, name: str, slice_name: str) -> SliceVerdict | None:
        """That of a recipe's family in a slice; None where it was not measured there."""
        for family in self.judged[metric]:
            found = family.of(slice_name)
            if found is not None and name in found.intervals:
                return found
        return None

    def interval(self, metric: str, name: str, slice_name: str = EVERYBODY) -> Interval | None:
        """A recipe's figure in a slice; None where it was not measured by person there."""
        found = self.verdict(metric, name, slice_name)
        return None if found is None else found.intervals[name]

    def over(self, metric: str, name: str, other: str) -> Paired | None:
        """What a recipe has more than the first one, for everybody; None where not compared."""
        found = self.verdict(metric, name, EVERYBODY)
        pair = None if found is None else found.over_first.get(name)
        return pair if pair is not None and pair.over == other else None

    def notes(self) -> list[str]:
        """What a reader must know: failures, what was not run, and how "surely" is meant."""
        ran = self.comparison.ran
        notes = [
            f'"Surely" is p < {LEVEL:g} of paired t tests after Holm\'s correction over '
            f"{self.compared} comparisons of NDCG@10, and over those of each other metric apart; "
            "the best of each slice was chosen on the people that it is tested on. Intervals are "
            "95 % bootstraps over people, not corrected. Advice is by NDCG@10 alone."
        ]
        notes += [f"{name} failed: {why}" for name, why in ran.failed.items()]
        if ran.not_run:
            notes.append(
                f"Not run, since the budget was spent: {', '.join(ran.not_run)}. "
                f"Go on with: {ran.go_on(self.comparison.prices)}"
            )
        if stale := self.comparison.stale():
            steps: dict[str, list[str]] = {}
            for step, code in stale.items():
                steps.setdefault(code or "a state that was not kept", []).append(step)
            listed = "; ".join(f"by {code}: {', '.join(made)}" for code, made in steps.items())
            notes.append(
                f"Made by other states of galen's code than the current one ({state_of_code()}), "
                f"{listed}. Where that matters, remove their folders in {ran.plan.folder} and run "
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
        "slices": {
            verdict.slice: {
                "people": verdict.people,
                "metrics": {m: _metric(findings, m, verdict.slice) for m in findings.metrics},
            }
            for verdict in findings.verdicts
        },
        "comparisons": {
            metric: [family.compared for family in findings.judged[metric]]
            for metric in findings.metrics
        },
        "advice": {one.slice: {"use": one.use, "why": one.sentence} for one in findings.advice},
        "safety": findings.safety,
        "failed": dict(comparison.ran.failed),
        "not_run": list(comparison.ran.not_run),
        "taken": list(comparison.ran.taken),
        "code": state_of_code(),
        "stale": comparison.stale(),
        "go_on": comparison.ran.go_on(comparison.prices) if comparison.ran.not_run else None,
    }


def _entry(findings: Findings, entry: Entry) -> dict[str, Any]:
    learned: dict[str, Any] = msgspec.to_builtins(entry.learned)
    intervals = {metric: findings.interval(metric, entry.name) for metric in findings.metrics}
    return learned | {
        "intervals": {m: asdict(found) for m, found in intervals.items() if found is not None},
        "dollars": findings.comparison.prices.of(entry.learned.training),
        "latency": msgspec.to_builtins(entry.latency),
        "left_out": msgspec.to_builtins(entry.left_out),
    }


def _metric(findings: Findings, metric: str, slice_name: str) -> list[dict[str, Any]]:
    """One metric in one slice, family by family."""
    found = [family.of(slice_name) for family in findings.judged[metric]]
    return [_verdict(verdict) for verdict in found if verdict is not None]


def _verdict(verdict: SliceVerdict) -> dict[str, Any]:
    def changes(pairs: Mapping[str, Paired]) -> dict[str, Any]:
        return {
            name: {"over": pair.over, **asdict(pair.change), "p_corrected": pair.p}
            | {"surely": pair.surely}
            for name, pair in pairs.items()
        }

    return {
        "people": verdict.people,
        "intervals": {name: asdict(found) for name, found in verdict.intervals.items()},
        "best": verdict.best,
        "over_best": changes(verdict.over_best),
        "over_first": changes(verdict.over_first),
    }
