"""Recipes asked under a protocol, as rows and tables that say how they were measured.

Every row tells its split, who was asked, how many events of a history are read, whether items of
the history may be shown, its seed, what it cost, how many numbers it keeps and what it covers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rich.table import Table

from benchmarks.rows import Row, parameters_of
from benchmarks.seeds import mean_of_seeds
from galen.assembly.parts import Parts, retriever_spec
from galen.assembly.split import Protocol
from galen.assembly.train import Trained
from galen.compare.cost import Cost
from galen.evaluate.offline import HEADLINE, Question, Result, answer
from galen.evaluate.slices import Slice

SPLITS: Final[Mapping[str, str]] = {
    "strict": "weights from items[:-2], choices on item[-2], test on item[-1] after items[:-1]",
    "refit": "weights from items[:-1], choices on item[-2], test on item[-1] after items[:-1]",
    "global-time": "weights from before the last tenth of the time, choices on the tenth before "
    "it, test on what is taken in it",
}
"""What each protocol holds out."""

GAINS: Final = ("hr@10", "ndcg@10")
"""Metrics whose gain over the model of the row above is told."""

COVERAGE: Final = "coverage@10"


@dataclass(frozen=True)
class Terms:
    """On which terms models are asked, as every row tells them in numbers and in words."""

    split: str  # what is held out, and what is asked for
    users: str
    requests: int
    specs: Mapping[str, object]  # settings of channels by their names
    parameters: int

    @classmethod
    def of(cls, parts: Parts, protocol: Protocol, question: Question) -> "Terms":
        """Of a recommender that a question is asked."""
        asked = len(question.requests)
        return cls(
            SPLITS[protocol],
            f"all {asked:,} who took something in the test part",
            asked,
            {name: retriever_spec(parts.recipe, name) for name in parts.retrievers},
            parameters_of(parts),
        )

    def numbers(self) -> dict[str, float]:
        told = {"requests": float(self.requests), "parameters": float(self.parameters)}
        if self._lengths:
            told["history_length"] = float(max(self._lengths.values()))
        return told

    def facts(self) -> dict[str, str]:
        again = [name for name, spec in self.specs.items() if getattr(spec, "repeat", True)]
        lengths = [f"{name} {length}" for name, length in self._lengths.items()]
        return {
            "split": self.split,
            "users": self.users,
            "hits": "item-level",
            "ties": "pessimistic",
            "seen": f"may be shown by {', '.join(again)}" if again else "excluded",
            "history_length": ", ".join(lengths) or "no limit",
        }

    @property
    def _lengths(self) -> dict[str, int]:
        """How many events each channel reads, where it has such a limit."""
        lengths = {name: getattr(spec, "length", None) for name, spec in self.specs.items()}
        return {name: length for name, length in lengths.items() if length is not None}


@dataclass(frozen=True)
class Asked:
    """A recipe, or a part of one, that has learned and answered a question."""

    name: str
    parts: Parts
    protocol: Protocol
    seed: int
    question: Question
    result: Result

    @classmethod
    def of(
        cls, trained: Trained, name: str, parts: Parts, question: Question, seed: int
    ) -> "Asked":
        """Ask `parts` of what was trained, under the name that rows give them."""
        pipeline = parts.pipeline(trained.split.final.catalogue, question.store)
        result = answer(question, name, pipeline)
        return cls(name, parts, trained.split.protocol, seed, question, result)

    def measured(
        self, benchmark: str, data: str, cost: Cost, more: Mapping[str, float]
    ) -> "Measured":
        """What is kept of it; `more` are figures of this benchmark only."""
        terms = Terms.of(self.parts, self.protocol, self.question)
        row = Row(
            benchmark=benchmark,
            data=data,
            model=self.name,
            protocol=self.protocol,
            seed=self.seed,
            metrics=self._metrics(terms) | dict(more),
            cpu_seconds=cost.cpu_seconds,
            wall_seconds=cost.wall_seconds,
            peak_memory_bytes=cost.peak_memory_bytes,
            facts=terms.facts(),
        )
        return Measured(row, self.result, self.question.slices)

    def _metrics(self, terms: Terms) -> dict[str, float]:
        metrics = self.result.mean() | terms.numbers()
        everybody, *slices = self.question.slices
        for metric in HEADLINE:
            interval = self.result.interval(metric, everybody, seed=self.seed)
            metrics |= {f"{metric}_low": interval.low, f"{metric}_high": interval.high}
        for part in slices:
            key = part.name.replace(" ", "_").lower()
            metrics |= {
                f"{metric}/{key}": float(self.result.by_request[metric][part.requests].mean())
                for metric in HEADLINE
            }
        return metrics


@dataclass(frozen=True)
class Measured:
    """A row with what tables need besides: the answers by request, and their slices."""

    row: Row
    result: Result
    slices: Sequence[Slice]


def told(row: Row, shown: Sequence[str]) -> str:
    """A row as a line of the console, with those of its figures that it has."""
    known = [f"{name} {row.metrics[name]:.4f}" for name in shown if name in row.metrics]
    numbers = f"{row.metrics['parameters']:,.0f} parameters"
    cost = f"{numbers}  {row.cpu_seconds:.0f} CPU s"
    return f"{row.protocol} {row.model} seed {row.seed}: {'  '.join(known)}  {cost}"


@dataclass(frozen=True)
class Compared:
    """Models that were asked the same question, each by one seed or more."""

    rows: Mapping[str, Sequence[Row]]
    means: Mapping[str, Result]  # every person's mean over seeds
    slices: Sequence[Slice]

    @classmethod
    def of(cls, found: Sequence[Measured]) -> "Compared":
        """What was measured by one protocol, in the order of models."""
        runs: dict[str, list[Measured]] = {}
        for one in found:
            runs.setdefault(one.row.model, []).append(one)
        return cls(
            {name: [one.row for one in mine] for name, mine in runs.items()},
            {
                name: mean_of_seeds(name, [one.result for one in mine])
                for name, mine in runs.items()
            },
            found[0].slices,
        )

    def caption(self) -> str:
        """How all models were measured alike."""
        row = next(iter(self.rows.values()))[0]
        seeds = sorted({row.seed for runs in self.rows.values() for row in runs})
        facts = row.facts
        return (
            f"{row.data}, {row.protocol}: {facts['split']}. Users: {facts['users']}. Full ranking "
            f"over all items, {facts['hits']} hits, ties {facts['ties']}, "
            f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}; means over seeds, "
            "intervals are bootstraps over users."
        )

    def table(self, quality: Sequence[str]) -> Table:
        """Means over seeds; gains are over the model of the row above, paired by user."""
        table = Table(title="models", caption=self.caption())
        for heading in (
            "model",
            *quality,
            *(f"gain in {metric}\nover row above" for metric in GAINS),
        ):
            table.add_column(heading, no_wrap=True)
        for heading in (COVERAGE, "parameters", "CPU s"):
            table.add_column(heading, justify="right")
        for heading in ("events read", "seen items"):
            table.add_column(heading)
        above: Result | None = None
        for name, mean in self.means.items():
            everybody, runs = self.slices[0], self.rows[name]
            cells = [name, *(str(mean.interval(m, everybody, seed=0)) for m in quality)]
            cells += (
                [""] * 2 if above is None else [str(mean.over(above, m, seed=0)) for m in GAINS]
            )
            cells += [_mean_of(runs, COVERAGE, ".4f"), _mean_of(runs, "parameters", ",.0f")]
            cells += [f"{np.mean([row.cpu_seconds for row in runs]):.0f}"]
            table.add_row(*cells, runs[0].facts["history_length"], runs[0].facts["seen"])
            above = mean
        return table

    def figures(self, names: Sequence[str]) -> Table:
        """Means over seeds of figures that only some models have."""
        table = Table(title="of these models", caption=self.caption())
        table.add_column("model")
        for name in names:
            table.add_column(name, justify="right")
        for model, runs in self.rows.items():
            if any(name in runs[0].metrics for name in names):
                table.add_row(model, *(_mean_of(runs, name, ".4f") for name in names))
        return table

    def by_slice(self, metric: str = "ndcg@10") -> Table:
        """A metric by history length, cold and warm items, head and tail, departments."""
        slices = self.slices[1:]
        table = Table(title=f"{metric} by slice", caption=self.caption())
        table.add_column("model")
        for part in slices:
            table.add_column(f"{part.name}\n{int(part.requests.sum())}", justify="right")
        for name, mean in self.means.items():
            values = mean.by_request[metric]
            table.add_row(name, *(f"{values[part.requests].mean():.4f}" for part in slices))
        return table


def _mean_of(rows: Sequence[Row], figure: str, form: str) -> str:
    """The mean of a figure over seeds; nothing where the model has none."""
    if figure not in rows[0].metrics:
        return ""
    return format(float(np.mean([row.metrics[figure] for row in rows])), form)
