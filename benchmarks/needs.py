"""The channel `needs` for people of few events, beside popularity by the same context key.

    python -m benchmarks.needs --seeds 3 --json FILE
    python -m benchmarks.needs --folder COMPLETE_JOURNEY --json FILE

Synthetic: what people take in the last 28 days, asked as they come. complete_journey: its last
three tenths, each predicted from what was known when it began, taken together. People with at most
two events are counted, one who is asked in several tenths once. All is learned from the part
before: `needs` counts its weights, and `needs, table by …` reads a table that rules wrote, or the
language model of `--provider`.
`popular by key` has the keys and the back-off of `needs`, and counts items. `gain` is recall@50
over its recall@50, less 1, with a bootstrap interval over people.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from scipy import sparse

from benchmarks.rows import Row, write_rows
from benchmarks.running import at_least_one, file_to_write, run_in_words
from benchmarks.seasonal import FEW, FILTERS, _moment
from galen.assembly.examples.people import PeopleColumns
from galen.assembly.parts import Parts
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import Moment
from galen.compare.cost import measured
from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.importing.importer import ImportSettings, import_shop
from galen.data.schema import TAKEN
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.journal import Journal
from galen.enrich.running.runner import Running, run
from galen.enrich.tables.need_rules import need_rules
from galen.enrich.tables.needs import NeedsTask
from galen.evaluate.intervals import ratio_interval
from galen.evaluate.offline import Question, answer
from galen.features.contexts.context_words import ContextKeys, ContextWords, coarser
from galen.features.contexts.contexts import ContextReader
from galen.knowledge.build import built_in
from galen.llm.providers import open_provider, read_settings
from galen.llm.rules import RulesModel
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.stages import Retriever
from galen.recall.fusion import OneChannel
from galen.recall.needs import Needs
from galen.recall.popular import Popular
from galen.recall.seasonal import Seasonal

HEALTH: Final = "DRUG GM,COSMETICS,NUTRITION"
METRIC: Final = "recall@50"
BY_KEY: Final = "popular by key"
WRITTEN: Final = "needs, table by"
BRIEF: Final = "needs by cohort, season"
LITTLE: Final = 1e-6
"""Events that a coarser key is worth: it only fills up what the key itself leaves empty."""


@dataclass(frozen=True)
class PopularByKey:
    """Items counted in each context key; a coarser key fills what a key leaves empty."""

    reader: ContextReader
    keys: ContextKeys
    count: sparse.csr_array  # (K, items)

    @classmethod
    def fit(cls, data: Dataset, settings: Needs) -> "PopularByKey":
        reader = ContextReader.of(data, built_in(), settings.fields)
        keys = ContextWords.count(data, reader, least_people=settings.least_people).keys
        taken = data.of(*TAKEN)
        left, rows, items = reader.past(taken), [], []
        alive = np.ones(len(left), bool)
        for _ in range(len(reader.fields) + 1):
            row = keys.find(left)
            exact = alive & (keys.codes[row] == left).all(axis=1)
            rows.append(row[exact])
            items.append(taken.item[exact].astype(np.int64))
            alive &= (left >= 0).any(axis=1)
            left = coarser(left)
        at = np.concatenate(rows), np.concatenate(items)
        shape = len(keys), len(data.catalogue)
        return cls(reader, keys, sparse.csr_array((np.ones(len(at[0])), at), shape))

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        row = self.keys.find(self.reader.asked(requests))
        kinds, kind = np.unique(row, return_inverse=True)
        scores = [self._score(self.keys.codes[place]) for place in kinds.tolist()]
        best = [np.argsort(-score, kind="stable")[:k] for score in scores]
        best = [one[score[one] > 0] for one, score in zip(best, scores, strict=True)]
        request = np.repeat(np.arange(len(row)), [len(best[place]) for place in kind])
        item = np.concatenate([best[place] for place in kind])
        score = np.concatenate([scores[place][best[place]] for place in kind])
        return Candidates(request, item, {"score": score})

    def save(self, folder: Path) -> None:
        sparse.save_npz(folder / "count.npz", self.count)

    def _score(self, codes: np.ndarray) -> Floats:
        row = int(self.keys.find(codes[None])[0])
        own = self.count[[row]].toarray()[0]
        if (codes < 0).all():
            return np.asarray(own / max(own.sum(), 1.0))
        wider = self._score(coarser(codes[None])[0])
        return np.asarray((own + LITTLE * wider) / (own.sum() + LITTLE))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=540)
    parser.add_argument("--back", type=int, default=1, help="windows back from the end")
    parser.add_argument("--seeds", type=at_least_one, default=1)
    parser.add_argument("--folder", type=Path, help="of complete_journey, instead of synthetic")
    parser.add_argument("--provider", default="rules", help="of the table: rules, or a TOML file")
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    if options.provider == "rules":
        print(
            "no language model was asked: weights are counted, and the table is by the rules. "
            "What a model's table gives needs a model endpoint:\n"
            "  python -m benchmarks.needs --provider PROVIDER.toml --seeds 3"
        )
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        if options.folder is not None:
            rows += _complete_journey(options.folder, Path(folder) / "shop", options.provider)
        for seed in range(options.seeds if options.folder is None else 0):
            made = SyntheticSettings(options.users, options.items, options.days, seed)
            shop = synthesize(Path(folder) / f"{seed}", made, lambda *_: None)
            data, people = Dataset.read(shop), PeopleColumns.read(shop)
            moments = [_moment(data, 28, options.back)]
            name = f"synthetic-{options.users}"
            rows += _measure(moments, people, name, seed, options.provider)
            write_rows(options.json, rows)
    write_rows(options.json, rows)


def _complete_journey(source: Path, place: Path, provider: str) -> Iterator[Row]:
    chosen = ImportSettings(options={"departments": HEALTH})
    import_shop(
        "complete-journey", {"folder": source}, place, now=datetime.now(UTC), settings=chosen
    )
    shop = Shop.open(place)
    data = Dataset.read(shop)
    first, last = int(data.at.min()), int(data.at.max()) + 1
    window = (last - first) // 10
    moments = [_few(data, last - back * window, window) for back in (3, 2, 1)]
    yield from _measure(moments, PeopleColumns.read(shop), "complete_journey", 0, provider)


def _few(data: Dataset, start: int, length: int) -> Moment:
    """People with few events before a moment who took something in the window after it."""
    past, taken = data.before(start), data.since(start).before(start + length).of(*TAKEN)
    known = np.bincount(past.of(*TAKEN).user, minlength=data.users)
    pairs = np.unique(np.stack([taken.user, taken.item], axis=1).astype(np.int64), axis=0)
    pairs = pairs[known[pairs[:, 0]] <= FEW]
    users, request = np.unique(pairs[:, 0], return_inverse=True)
    at = np.full(len(users), start, np.int64)
    return Moment(past, past, users, at, request.astype(np.int64), pairs[:, 1], start)


def _measure(
    moments: Sequence[Moment], people: PeopleColumns, data: str, seed: int, provider: str
) -> Iterator[Row]:
    questions = [Question.of(moment, people, seed=seed) for moment in moments]
    full = Needs(half_life=90.0, repeat=True)
    brief = Needs(half_life=90.0, repeat=True, fields=("age", "life_stage", "season"))
    by_key: Floats | None = None
    written = f"{WRITTEN} {Path(provider).stem}"
    names = (BY_KEY, "popular", "popular of late", "seasonal", "needs", written, BRIEF)
    for name in names:
        with measured() as cost:
            parts = [_recall(name, question, full, brief, provider) for question in questions]
            found, asked = by_person([question.moment.users for question in questions], parts)
        by_key = found if by_key is None else by_key
        gain = ratio_interval(found, by_key, seed=seed)
        figures = {
            "people": float(len(found)),
            METRIC: float(found.sum() / asked),
            "gain": gain.value - 1,
            "gain_low": gain.low - 1,
            "gain_high": gain.high - 1,
        }
        print(data, seed, name, "  ".join(f"{k} {v:.4f}" for k, v in figures.items()), flush=True)
        yield Row(
            benchmark="needs",
            data=data,
            model=name,
            protocol=f"by time, people with at most {FEW} events",
            seed=seed,
            metrics=figures,
            cpu_seconds=cost.cpu_seconds,
            wall_seconds=cost.wall_seconds,
            peak_memory_bytes=cost.peak_memory_bytes,
        )


def by_person(users: Sequence[Ints], found: Sequence[Floats]) -> tuple[Floats, int]:
    """(P,) sums of what each person's questions found, and how many questions there are.

    Answers to one person hang together, so people are what a bootstrap draws.
    """
    _, person = np.unique(np.concatenate(users), return_inverse=True)
    return np.bincount(person, np.concatenate(found)).astype(np.float64), len(person)


def _recall(name: str, question: Question, full: Needs, brief: Needs, provider: str) -> Floats:
    """(R,) recall of one model that learned from the question's past."""
    fit = question.moment.fit
    retriever: Retriever
    match name:
        case "popular":
            retriever = Popular(repeat=True).fit(fit)
        case "popular of late":
            retriever = Popular(repeat=True, half_life=90.0).fit(fit)
        case "seasonal":
            retriever = Seasonal(repeat=True).fit(fit)
        case "needs":
            retriever = full.fit(fit)
        case _ if name == BRIEF:
            retriever = brief.fit(fit)
        case _ if name.startswith(WRITTEN):
            retriever = _written(fit, full, provider)
        case _:
            retriever = PopularByKey.fit(fit, full)
    tree = {"name": "one", "filters": FILTERS, "recall": {"needs": {"quota": 300}}}
    recipe = Recipe.from_tree(tree, where="one")
    parts = Parts(recipe, {"needs": retriever}, OneChannel("needs"), None)
    result = answer(question, name, parts.pipeline(fit.catalogue, question.store))
    return result.by_request[METRIC]


def _written(data: Dataset, settings: Needs, provider: str) -> Retriever:
    """The channel with a table that was written of the training part, through every judge."""
    task = NeedsTask.of(data, built_in(), settings.fields)
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder)) as journal:
        now = int(data.at.max())
        asked = open_provider(read_settings(provider), RulesModel("needs", 1, need_rules(task)))
        running = Running(asked.settings.workers, asked.settings.batch)
        report = run(task, asked.model, journal, Path(folder), now=lambda: now, running=running)
        said = f"{report.records} contexts, held {report.held}"
        print(f"{asked.model.name} wrote {said}", flush=True)
        return replace(settings, table="needs").fit(replace(data, enriched=Path(folder)))


if __name__ == "__main__":
    run_in_words(main)
