"""Are purchases that are said to be due made, and as often as was said? On a real chain's year.

    python -m benchmarks.replenishment --folder FOLDER --json FILE

Split by time: the last eight weeks are the test, the eight before them are for choices
(`--window validation`). Models learn from what came before the window; each of its weeks is
predicted from what was known when it began. Intervals are bootstrapped over households.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.complete_journey import HEALTH
from benchmarks.replenishment_rules import RULES, Learned, Pairs, learn
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import Cost, measured
from galen.data.arrays import Bools, Floats, Ints
from galen.data.dataset import Dataset
from galen.data.importing.importer import ImportSettings, import_shop
from galen.data.lookup import place_within
from galen.data.schema import DAY
from galen.data.shop import Shop
from galen.evaluate.intervals import ratio_interval
from galen.recall.renewal.spells import Purchases, spells_of
from galen.recall.repurchase import Good, goods_of

WEEKS: Final = 8
LONG: Final = 28  # days
CUTOFFS: Final = (1, 3, 5, 10)
WINDOWS: Final = {"test": 1, "validation": 2}  # windows back from the end


@dataclass(frozen=True)
class Bought:
    person: Ints  # (E,)
    good: Ints  # (E,)
    at: Ints  # (E,)
    people: Floats  # (E,) of the household; NaN where not known
    health: Bools  # (goods,)
    above: Ints  # (goods,) category

    def take(self, rows: Bools) -> "Bought":
        person, good, at = self.person[rows], self.good[rows], self.at[rows]
        return Bought(person, good, at, self.people[rows], self.health, self.above)

    def key(self) -> Ints:
        return self.person * len(self.above) + self.good


@dataclass(frozen=True)
class Week:
    """Every pair of a household and a good it had bought, when a week begins."""

    pairs: Pairs
    health: Bools  # (P,)
    soon: Bools  # (P,) bought within a week
    days: Floats  # (P,) until it is bought; infinite where that is after LONG, or not known
    followed: bool  # is all of LONG known?


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--window", choices=sorted(WINDOWS), default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "shop"
        import_shop(
            "complete-journey",
            {"folder": options.folder},
            place,
            now=datetime.now(UTC),
            settings=ImportSettings(),
        )
        data = Dataset.read(Shop.open(place))
        for of in ("product", "word"):
            rows += _measure(data, of, options.window, options.seed)
    for row in rows:
        print(f"{row.data}  {row.model}")
        print("   " + "  ".join(f"{name} {value:.4f}" for name, value in row.metrics.items()))
    write_rows(options.json, rows)


def _measure(data: Dataset, of: Good, window: str, seed: int) -> Iterator[Row]:
    bought = _purchases(data, of)
    end = int(data.at.max()) + 1 - (WINDOWS[window] - 1) * WEEKS * 7 * DAY
    start = end - WEEKS * 7 * DAY
    known = bought.take(bought.at < end)
    with measured() as cost:
        learned = learn(_pairs(known, start), bought.above)
    weeks = [_week(known, start + week * 7 * DAY, end) for week in range(WEEKS)]
    for part in ("all", "health"):
        chosen = [w if part == "all" else _only(w, w.health) for w in weeks]
        name = f"complete_journey-{of}-{part}"
        yield _row(name, "calibration", window, seed, _calibration(chosen, learned, seed), cost)
        yield from _rankings(name, window, chosen, learned, seed, cost)


def _purchases(data: Dataset, of: Good) -> Bought:
    good, above = goods_of(data.catalogue, of)
    words = data.catalogue.department_words
    wanted = np.array([word in HEALTH.split(",") for word in words] + [False])
    health = np.zeros(len(above), bool)
    health[good] = wanted[data.catalogue.department]
    user = data.user.astype(np.int64)
    people = np.full(len(user), np.nan) if data.household is None else data.household[user]
    return Bought(user, good[data.item], data.at, people, health, above)


def _pairs(bought: Bought, now: int) -> Pairs:
    past = bought.take(bought.at < now)
    one = np.ones(len(past.at))
    made = Purchases(past.person, past.good, past.at, one, people=past.people)
    return Pairs(spells_of(made, np.full(len(past.at), now)))


def _week(bought: Bought, now: int, end: int) -> Week:
    pairs = _pairs(bought, now)
    spells = pairs.spells
    later = bought.take((bought.at >= now) & (bought.at < now + LONG * DAY))
    order = np.lexsort((later.at, later.key()))
    keys, first = np.unique(later.key()[order], return_index=True)
    wanted = spells.person * len(bought.above) + spells.good
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = keys[place] == wanted
    days = np.where(found, (later.at[order][first[place]] - now) / DAY, np.inf)
    return Week(pairs, bought.health[spells.good], days < 7, days, now + LONG * DAY <= end)


def _only(week: Week, rows: Bools) -> Week:
    pairs = Pairs(week.pairs.spells.take(rows))
    return Week(pairs, week.health[rows], week.soon[rows], week.days[rows], week.followed)


def _calibration(weeks: Sequence[Week], learned: Learned, seed: int) -> dict[str, float]:
    """Said and true shares by tenth of what was said, and coverage of the intervals.

    Coverage is of purchases within LONG days, by the intervals of a purchase that comes within
    them: a longer wait is not known to the end, and counting it as a miss would mislead.
    """
    figures: dict[str, float] = {}
    for days in (7, LONG):
        asked = [w for w in weeks if days == 7 or w.followed]
        said = np.concatenate([learned.outlook(w.pairs).within(days) for w in asked])
        true = np.concatenate([w.days < days for w in asked]).astype(np.float64)
        figures |= _reliability(f"{days}d", said, true)
    followed = [w for w in weeks if w.followed]
    person, reached = [], []
    for week in followed:
        outlook, came = learned.outlook(week.pairs), week.days < LONG
        passed = outlook.within_if_ever(np.where(came, week.days, LONG))
        reached.append((passed / outlook.within_if_ever(LONG))[came])
        person.append(week.pairs.spells.person[came])
    place, who = np.concatenate(reached), np.concatenate(person)
    figures["purchases"] = float(len(place))
    for share in (0.5, 0.8):
        inside = np.abs(place - 0.5) <= share / 2
        covered = ratio_interval(*_by_person(who, inside), seed=seed)
        name = f"coverage_{share:.0%}".replace("%", "")
        figures |= {name: covered.value, f"{name}_low": covered.low, f"{name}_high": covered.high}
    return figures


def _reliability(name: str, said: Floats, true: Floats) -> dict[str, float]:
    figures = {f"said_{name}": float(said.mean()), f"true_{name}": float(true.mean())}
    tenth = np.argsort(np.argsort(said, kind="stable")) * 10 // len(said)
    error = 0.0
    for part in range(10):
        rows = tenth == part
        figures[f"said_{name}_{part + 1}"] = float(said[rows].mean())
        figures[f"true_{name}_{part + 1}"] = float(true[rows].mean())
        error += abs(float(said[rows].mean() - true[rows].mean())) * float(rows.mean())
    base = float(((true - true.mean()) ** 2).mean())
    figures[f"calibration_error_{name}"] = error
    figures[f"brier_skill_{name}"] = 1 - float(((said - true) ** 2).mean()) / base
    return figures


def _rankings(
    name: str, window: str, weeks: Sequence[Week], learned: Learned, seed: int, cost: Cost
) -> Iterator[Row]:
    """Of household-weeks with a repeat purchase, the share where the first k hold one."""
    hits = {
        rule: [_hits(week, score(learned, week.pairs)) for week in weeks]
        for rule, score in RULES.items()
    }
    ours = next(iter(RULES))
    for rule, by_week in hits.items():
        figures: dict[str, float] = {}
        for column, k in enumerate(CUTOFFS):
            who = np.concatenate([person for person, _ in by_week])
            hit = np.concatenate([found[:, column] for _, found in by_week])
            best = np.concatenate([found[:, column] for _, found in hits[ours]])
            interval = ratio_interval(*_by_person(who, hit), seed=seed)
            figures |= {
                f"hit_rate@{k}": interval.value,
                f"hit_rate@{k}_low": interval.low,
                f"hit_rate@{k}_high": interval.high,
            }
            if rule != ours:
                gain = ratio_interval(*_by_person(who, best * 1.0 - hit), seed=seed)
                figures |= {
                    f"renewal_gain@{k}": gain.value,
                    f"renewal_gain@{k}_low": gain.low,
                    f"renewal_gain@{k}_high": gain.high,
                }
        figures["household_weeks"] = float(len(who))
        yield _row(name, rule, window, seed, figures, cost)


def _hits(week: Week, score: Floats) -> tuple[Ints, Bools]:
    """Households who bought again, and for each whether the first k of CUTOFFS hold it."""
    spells = week.pairs.spells
    order = np.lexsort((spells.good, -score, spells.person))
    place = place_within(spells.person[order])
    hit = week.soon[order]
    person = spells.person[order][hit]
    who, row = np.unique(person, return_inverse=True)
    best = np.full(len(who), np.iinfo(np.int64).max)
    np.minimum.at(best, row, place[hit])
    return who, best[:, None] < np.array(CUTOFFS)


def _by_person(person: Ints, values: Floats | Bools) -> tuple[Floats, Floats]:
    """Sums and counts by person."""
    _, row = np.unique(person, return_inverse=True)
    sums = np.bincount(row, np.asarray(values, dtype=np.float64))
    return sums.astype(np.float64), np.bincount(row).astype(np.float64)


def _row(
    data: str, model: str, window: str, seed: int, metrics: dict[str, float], cost: Cost
) -> Row:
    return Row(
        benchmark="replenishment",
        data=data,
        model=model,
        protocol=f"global-time, {window} weeks",
        seed=seed,
        metrics=metrics,
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
    )


if __name__ == "__main__":
    run_in_words(main)
