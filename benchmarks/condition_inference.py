"""Can somebody who sees a person's slates tell what ails them, and in which mode not?

    python -m benchmarks.condition_inference --users 6000 --seeds 5 --json FILE

Synthetic shops, one of each seed, whose people have known conditions that show in what they buy,
are served by the real service. In every mode each person gets some slates; classifiers learn from
the slates and conditions of half of the households and guess those of the other half. An AUC of .5
is a guess without knowledge. `raw` is personalised without the gate. Conditions are `had` by
somebody of the household, told or not, or `declared` by the person. `active` are people with more
than 10 events. A figure is the mean over the shops; of a mode the highest of all classifiers,
conditions and groups is printed. That is high by chance too: the placebo guesses from the same
slates the conditions of somebody else. `told apart` is the share of pairs of people, of one region
and on one side of every age limit, to whom the same request shows different slates.
"""

import argparse
import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from rich.console import Console
from rich.table import Table

from benchmarks.condition_shop import MODES, Mode, Shopfront
from benchmarks.inference_attack import Slates, attack, seen, split_households
from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from galen.compare.cost import measured
from galen.data.arrays import Bools
from galen.data.synthetic.health import AILMENTS
from galen.data.synthetic.shop import SyntheticSettings
from galen.evaluate.intervals import Interval

ACTIVE: Final = 10  # events
PAIRS: Final = 100
LONG_TERM: Final = frozenset(ailment.name for ailment in AILMENTS if ailment.need)
SINGLE: Final = ("hypertension", "type 2 diabetes mellitus")
PLACEBO: Final = "placebo"
ERRORS: Final = 1.96  # of a normal distribution, to either end of a 95 % interval

Guesses = Mapping[str, Interval]  # by condition, classifier and group


@dataclass(frozen=True, slots=True)
class Told:
    """What the slates of one mode tell, in one shop."""

    mode: Mode
    guesses: Guesses
    placebo: Guesses
    apart: float  # share of pairs


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, serve, attack, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=6000)
    parser.add_argument("--items", type=int, default=800)
    parser.add_argument("--slates", type=int, default=2, help="of each person, in each mode")
    parser.add_argument("--length", type=int, default=20, help="of a slate")
    parser.add_argument("--recipe", default="shop")
    parser.add_argument("--pack", default="general")
    parser.add_argument("--seed", type=int, default=0, help="of the first shop")
    parser.add_argument("--seeds", type=at_least_one, default=1, help="how many shops")
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    rows: list[Row] = []
    told: list[Told] = []
    for seed in range(options.seed, options.seed + options.seeds):
        settings = SyntheticSettings(options.users, options.items, days=180, seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            shop = Shopfront.open(Path(folder), settings, options.recipe, options.pack)
            for mode in MODES:
                with measured() as cost:
                    slates = shop.slates(mode, options.slates, options.length)
                    found = Told(
                        mode,
                        attacked(shop, slates, seed),
                        attacked(shop, slates, seed, shuffled=True),
                        shop.told_apart(mode, PAIRS, options.length, seed),
                    )
                told.append(found)
                rows.append(
                    Row(
                        benchmark="condition_inference",
                        data=f"synthetic, {options.users} people, {options.items} items",
                        model=f"{options.recipe}, {mode.name}",
                        protocol=f"{options.slates} slates of {options.length}, half the "
                        "households",
                        seed=seed,
                        metrics=_figures(found)
                        | {"items_a_slate": len(slates.item) / (options.users * options.slates)},
                        cpu_seconds=cost.cpu_seconds,
                        wall_seconds=cost.wall_seconds,
                        peak_memory_bytes=cost.peak_memory_bytes,
                    )
                )
                write_rows(options.json, rows)
            shop.service.close()
    Console(width=130).print(table_of(told))
    private = [highest([t.guesses for t in told if t.mode is m])[1] for m in MODES if m.private]
    worst = max(private, key=lambda auc: auc.value)
    print(f"highest mean AUC in a private mode: {worst} (must be at most .55)")


def attacked(
    shop: Shopfront, slates: Slates, seed: int, *, shuffled: bool = False
) -> dict[str, Interval]:
    """The AUC of each classifier, for all and for those who act much; or of a placebo."""
    features = seen(slates, shop.service.state.catalogue)
    random = np.random.default_rng(seed)
    known = split_households(shop.households, random)
    everybody = np.ones(len(shop.ids), bool)
    parts = {"all": everybody, "active": shop.service.state.length.values > ACTIVE}
    found = {}
    for source, sets in (("had", shop.had), ("declared", shop.declared)):
        wanted: list[tuple[str, Iterable[str]]] = [("any long-term condition", LONG_TERM)]
        wanted += [(name, [name]) for name in SINGLE]
        for name, among in wanted:
            has = _having(sets, frozenset(among))
            if source == "had":
                has = _in_household(has, shop.households)
            if shuffled:
                has = random.permutation(has)
            for attacker, auc in attack(features, has, known, parts, seed).items():
                found[f"{source} {name}/{attacker}"] = auc
    return found


def highest(shops: Sequence[Guesses]) -> tuple[str, Interval]:
    """Which guess is the best on the average of shops, and how good; of those made in all."""
    names = [name for name in shops[0] if all(name in shop for shop in shops)]
    means = {name: mean_of([shop[name] for shop in shops]) for name in names}
    best = max(means, key=lambda name: means[name].value)
    return best, means[best]


def mean_of(aucs: Sequence[Interval]) -> Interval:
    """The mean over shops, whose errors are independent, with its 95 % interval."""
    mean = float(np.mean([auc.value for auc in aucs]))
    errors = np.array([(auc.high - auc.low) / (2 * ERRORS) for auc in aucs])
    reach = ERRORS * float(np.sqrt((errors**2).sum())) / len(aucs)
    return Interval(mean, mean - reach, mean + reach)


def table_of(told: Sequence[Told]) -> Table:
    """Modes in rows."""
    shops = sum(one.mode is MODES[0] for one in told)
    table = Table(title=f"Guessing conditions, means of {shops} shops")
    for heading in ("mode", "told apart", "mean AUC", "highest AUC", "of", "highest of placebo"):
        table.add_column(heading)
    for mode in MODES:
        mine = [one for one in told if one.mode is mode]
        name, best = highest([one.guesses for one in mine])
        _, chance = highest([one.placebo for one in mine])
        mean = np.mean([auc.value for one in mine for auc in one.guesses.values()])
        apart = np.mean([one.apart for one in mine])
        table.add_row(mode.name, f"{apart:.3f}", f"{mean:.4f}", str(best), name, str(chance))
    return table


def _figures(told: Told) -> dict[str, float]:
    figures = {"private": float(told.mode.private), "told_apart": told.apart}
    for kind, guesses in (("", told.guesses), (f"{PLACEBO}/", told.placebo)):
        for name, auc in guesses.items():
            figures[f"{kind}auc/{name}"] = auc.value
            figures[f"{kind}low/{name}"] = auc.low
            figures[f"{kind}high/{name}"] = auc.high
    return figures


def _in_household(has: Bools, households: Sequence[str]) -> Bools:
    """Who lives with somebody who has it: people buy for those they live with."""
    names, code = np.unique(np.asarray(households), return_inverse=True)
    return np.asarray(np.bincount(code, has, len(names)) > 0)[code]


def _having(sets: Sequence[frozenset[str]], among: frozenset[str]) -> Bools:
    return np.array([bool(words & among) for words in sets], bool)


if __name__ == "__main__":
    run_in_words(main)
