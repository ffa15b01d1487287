"""Season and life stage for people of whom little is known, on a made-up shop that has both.

    python -m benchmarks.seasonal --users N --json FILE

Split by time: the last tenth of the shop's time is predicted from what was known when it began.
People with at most two events are counted, who came in the first `--window` days of it: what is
asked is what they take in those days. Differences are from `popular`, over the same people.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.assembly.examples.people import PeopleColumns
from galen.assembly.parts import Parts, retriever_spec
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import Moment
from galen.compare.cost import measured
from galen.data.dataset import Dataset
from galen.data.schema import DAY, TAKEN
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.evaluate.intervals import mean_interval, paired_interval
from galen.evaluate.offline import HEADLINE, Question, Result, answer
from galen.recall.fusion import OneChannel

FEW: Final = 2  # events of a person
FILTERS: Final = ["hidden", "prescription", "stock", "region", "age"]
MODELS: Final[Mapping[str, Mapping[str, Any]]] = {
    "popular": {"model": "popular"},
    "popular of late": {"model": "popular", "half_life": 30.0},
    "popular in category": {"model": "popular", "by": "category"},
    "season": {"model": "seasonal", "by": ["season"]},
    "age": {"model": "seasonal", "by": ["age"]},
    "life stage": {"model": "seasonal", "by": ["life_stage"]},
    "season, life stage": {"model": "seasonal", "by": ["season", "life_stage"]},
    "season, age": {"model": "seasonal", "by": ["season", "age"]},
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=540)
    parser.add_argument("--window", type=int, default=28, help="days")
    parser.add_argument("--back", type=int, default=1, help="windows back from the end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    settings = SyntheticSettings(options.users, options.items, options.days, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        shop = synthesize(Path(folder) / "shop", settings, lambda *_: None)
        data, people = Dataset.read(shop), PeopleColumns.read(shop)
    moment = _moment(data, options.window, options.back)
    rows = list(_measure(moment, people, settings))
    for row in rows:
        figures = "  ".join(f"{name} {value:.4f}" for name, value in row.metrics.items())
        print(f"{row.model}: {figures}")
    write_rows(options.json, rows)


def _moment(data: Dataset, window: int, back: int) -> Moment:
    """The people who took something in a window at the end, asked just before the first of it."""
    start = int(data.at.max()) + 1 - back * window * DAY
    past = data.before(start)
    taken = data.since(start).before(start + window * DAY).of(*TAKEN)
    everybody, first = np.unique(taken.user.astype(np.int64), return_index=True)
    known = np.bincount(past.of(*TAKEN).user, minlength=data.users)[everybody] <= FEW
    users, first = everybody[known], first[known]
    inside = np.isin(taken.user, users)
    pairs = np.unique(np.stack([taken.user, taken.item], axis=1)[inside].astype(np.int64), axis=0)
    request = np.searchsorted(users, pairs[:, 0]).astype(np.int64)
    at = taken.at[first].astype(np.int64)
    return Moment(past, past, users, at, request, pairs[:, 1], start)


def _measure(moment: Moment, people: PeopleColumns, settings: SyntheticSettings) -> Iterator[Row]:
    question = Question.of(moment, people, seed=settings.seed)
    first: Result | None = None
    for name, channel in MODELS.items():
        tree = {"name": name, "filters": FILTERS, "recall": {"channel": {"quota": 300, **channel}}}
        recipe = Recipe.from_tree(tree, where=name)
        with measured() as cost:
            retriever = retriever_spec(recipe, "channel").fit(moment.fit)
            parts = Parts(recipe, {"channel": retriever}, OneChannel("channel"), None)
            result = answer(question, name, parts.pipeline(moment.fit.catalogue, question.store))
        first = first or result
        yield Row(
            benchmark="seasonal",
            data=f"synthetic-{settings.users}",
            model=name,
            protocol=f"by time, people with at most {FEW} events",
            seed=settings.seed,
            metrics=_figures(result, first, settings.seed),
            cpu_seconds=cost.cpu_seconds,
            wall_seconds=cost.wall_seconds,
            peak_memory_bytes=cost.peak_memory_bytes,
        )


def _figures(result: Result, first: Result, seed: int) -> dict[str, float]:
    figures = {"people": float(len(result.by_request[HEADLINE[0]]))}
    for metric in HEADLINE:
        mine, other = result.by_request[metric], first.by_request[metric]
        value = mean_interval(mine, seed=seed)
        gain = paired_interval(mine, other, seed=seed)
        figures |= {metric: value.value, f"{metric}_low": value.low, f"{metric}_high": value.high}
        figures |= {f"{metric}_gain": gain.value}
        figures |= {f"{metric}_gain_low": gain.low, f"{metric}_gain_high": gain.high}
    return figures


if __name__ == "__main__":
    run_in_words(main)
