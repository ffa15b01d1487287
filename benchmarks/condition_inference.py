"""Can somebody who sees a person's slates tell what ails them, and in which mode not?

    python -m benchmarks.condition_inference --users 6000 --json FILE

A synthetic shop, whose people have known conditions that show in what they buy, is served by the
real service. In every mode each person gets some slates; classifiers learn from the slates and
conditions of half of the households and guess those of the other half. An AUC of .5 is a guess
without knowledge. `raw` is personalised without the gate. Conditions are `had` by somebody of the
household, told or not, or `declared` by the person. `active` are people with more than 10 events.
"""

import argparse
import logging
import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import structlog
from rich.console import Console
from rich.table import Table

from benchmarks.inference_attack import Slates, attack, seen, split_households
from benchmarks.many_requests import together
from benchmarks.rows import Row, measured, write_rows
from galen.assembly.bundle import save_bundle
from galen.assembly.shipped import find_recipe
from galen.assembly.train import train
from galen.data.schema import DAY
from galen.data.synthetic.health import AILMENTS
from galen.data.synthetic.shop import SyntheticSettings, synthesize, true_conditions
from galen.evaluate.intervals import Interval
from galen.pipeline.candidates import Bools
from galen.pipeline.channels import ChannelRunner
from galen.serve.messages import RecommendRequest
from galen.serve.service import Service
from galen.serve.settings import Settings

BLOCK: Final = 256  # requests that are answered together
ACTIVE: Final = 10  # events
LONG_TERM: Final = frozenset(ailment.name for ailment in AILMENTS if ailment.need)
SINGLE: Final = ("hypertension", "type 2 diabetes mellitus")


@dataclass(frozen=True, slots=True)
class Mode:
    """How slates are asked for."""

    name: str
    asked: dict[str, Any] = field(default_factory=dict)
    gate: bool = True
    private: bool = False  # must tell nothing
    age: bool = False  # is the person's age sent along?


MODES: Final = (
    Mode("raw", gate=False),
    Mode("personalised"),
    Mode("personalised, discreet", {"discreet": True}),
    Mode("non-personalised", {"mode": "non_personalised"}),
    Mode("age sent, discreet", {"mode": "contextual", "discreet": True}, age=True),
    Mode(
        "non-personalised, discreet", {"mode": "non_personalised", "discreet": True}, private=True
    ),
    Mode(
        "non-personalised, discreet, push",
        {"mode": "non_personalised", "discreet": True, "surface": "push"},
        private=True,
    ),
)
"""Where nothing is sent of a session, contextual is non-personalised."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, serve, attack, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=6000)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--slates", type=int, default=3, help="of each person, in each mode")
    parser.add_argument("--length", type=int, default=20, help="of a slate")
    parser.add_argument("--recipe", default="shop")
    parser.add_argument("--pack", default="general")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    settings = SyntheticSettings(options.users, options.items, days=180, seed=options.seed)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        shop = Shopfront.open(Path(folder), settings, options.recipe, options.pack)
        table = Table("mode", "what", "attacker", "AUC", title="Guessing conditions")
        for mode in MODES:
            with measured() as cost:
                slates = shop.slates(mode, options.slates, options.length)
                found = shop.attacked(slates, options.seed)
            metrics: dict[str, float] = {"private": float(mode.private)}
            metrics["items_a_slate"] = len(slates.item) / (options.users * options.slates)
            for what, aucs in found.items():
                for attacker, auc in aucs.items():
                    table.add_row(mode.name, what, attacker, str(auc))
                metrics |= _figures(what, aucs)
            rows.append(
                Row(
                    benchmark="condition_inference",
                    data=f"synthetic, {options.users} people, {options.items} items",
                    model=f"{options.recipe}, {mode.name}",
                    protocol=f"{options.slates} slates of {options.length}, half of the households",
                    seed=options.seed,
                    metrics=metrics,
                    cpu_seconds=cost.cpu_seconds,
                    wall_seconds=cost.wall_seconds,
                    peak_memory_bytes=cost.peak_memory_bytes,
                )
            )
            write_rows(options.json, rows)
        shop.service.close()
    Console(width=130).print(table)
    told = [row for row in rows if row.metrics["private"]]
    worst = max(v for row in told for k, v in row.metrics.items() if k.startswith("auc/"))
    print(f"highest AUC in a private mode: {worst:.4f} (must be at most .55)")


def _figures(what: str, aucs: dict[str, Interval]) -> dict[str, float]:
    figures = {}
    for name, auc in aucs.items():
        figures[f"auc/{what}/{name}"] = auc.value
        figures[f"low/{what}/{name}"], figures[f"high/{what}/{name}"] = auc.low, auc.high
    return figures


@dataclass(frozen=True)
class Shopfront:
    """A served synthetic shop, and what its people have and declare."""

    service: Service
    now: int
    ids: list[str]
    households: list[str]
    had: list[frozenset[str]]
    declared: list[frozenset[str]]

    @classmethod
    def open(cls, folder: Path, settings: SyntheticSettings, recipe: str, pack: str) -> "Shopfront":
        shop = synthesize(folder / "shop", settings, lambda *_: None)
        trained = train(
            find_recipe(recipe), shop, "full", seed=settings.seed, progress=lambda _: None
        )
        now = datetime.now(UTC)
        bundle = save_bundle(folder / "bundle", trained, shop="synthetic", seed=0, now=now)
        end = settings.start_at + settings.days * DAY
        service = Service.open(
            shop,
            bundle,
            folder / "log",
            Settings(log_impressions=False, pack=pack),
            now=lambda: end,
        )
        true = pa.concat_tables(true_conditions(settings))
        return cls(
            service,
            end,
            true["user_id"].to_pylist(),
            true["household_id"].to_pylist(),
            _sets(true["conditions"].to_pylist()),
            _sets(shop.read("users")["conditions"].to_pylist()),
        )

    def slates(self, mode: Mode, count: int, length: int) -> Slates:
        """Some slates of everybody, each with a draw of its own.

        Requests are made by the service one by one and answered by its pipeline many at a time;
        whose slate is short is answered by the service itself, from what is popular.
        """
        recommender = self.service.recommender
        served = recommender.pipeline
        pipeline = replace(served, recall=ChannelRunner(served.recall.channels))  # no deadlines
        if mode.gate:
            pipeline = recommender.guard.gate.guard(pipeline)
        asked = [
            (row, f"{user} {number}", self._asked(row, mode, length))
            for row, user in enumerate(self.ids)
            for number in range(count)
        ]
        person: list[int] = []
        item: list[int] = []
        place: list[int] = []
        for start in range(0, len(asked), BLOCK):
            block = asked[start : start + BLOCK]
            made = [recommender.requests(one, name, self.now, []) for _, name, one in block]
            found = pipeline.run(together(made), length)
            if found.degraded:
                raise RuntimeError(f"a stage failed: {found.degraded}")
            shown = np.split(
                found.candidates.item,
                np.searchsorted(found.candidates.request, np.arange(1, len(block))),
            )
            for (row, name, one), items in zip(block, shown, strict=True):
                whole = items.tolist()
                if len(whole) < length and mode.gate:
                    whole = self._answered(one, name)
                person += [row] * len(whole)
                item += whole
                place += range(len(whole))
        columns = [np.array(values, np.int64) for values in (person, item, place)]
        return Slates(columns[0], columns[1], columns[2], len(self.ids))

    def _asked(self, row: int, mode: Mode, length: int) -> RecommendRequest:
        age = self.service.state.people.age(row) if mode.age else float("nan")
        years = None if math.isnan(age) else int(age)
        return RecommendRequest(user=self.ids[row], n=length, age=years, **mode.asked)

    def _answered(self, asked: RecommendRequest, name: str) -> list[int]:
        row_of = self.service.state.catalogue.row_of
        return [row_of[shown.id] for shown in self.service.recommend(asked, name).items]

    def attacked(self, slates: Slates, seed: int) -> dict[str, dict[str, Interval]]:
        """By what is guessed: the AUC of each classifier, for all and for those who act much."""
        features = seen(slates, self.service.state.catalogue)
        known = split_households(self.households, np.random.default_rng(seed))
        everybody = np.ones(len(self.ids), bool)
        parts = {"all": everybody, "active": self.service.state.length.values > ACTIVE}
        found = {}
        for source, sets in (("had", self.had), ("declared", self.declared)):
            wanted: list[tuple[str, Iterable[str]]] = [("any long-term condition", LONG_TERM)]
            wanted += [(name, [name]) for name in SINGLE]
            for name, among in wanted:
                has = _having(sets, frozenset(among))
                if source == "had":
                    has = _in_household(has, self.households)
                found[f"{source} {name}"] = attack(features, has, known, parts, seed)
        return found


def _in_household(has: Bools, households: Sequence[str]) -> Bools:
    """Who lives with somebody who has it: people buy for those they live with."""
    names, code = np.unique(np.asarray(households), return_inverse=True)
    return np.asarray(np.bincount(code, has, len(names)) > 0)[code]


def _sets(lists: Sequence[Sequence[str] | None]) -> list[frozenset[str]]:
    return [frozenset(words or ()) for words in lists]


def _having(sets: Sequence[frozenset[str]], among: frozenset[str]) -> Bools:
    return np.array([bool(words & among) for words in sets], bool)


if __name__ == "__main__":
    main()
