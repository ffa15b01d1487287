"""What one shop's histories are worth in another, where items meet by their words.

    galen import sequences shops/beauty --path interactions=FILE --items FILE
    python -m benchmarks.transfer --shop shops/beauty --split "Hair Care" --json FILE
    python -m benchmarks.transfer --shop SHOP --split NEW --before-split ONE --before-split OTHER
    python -m benchmarks.transfer --shop shops/new --before shops/old --before shops/older

A `sequence` channel with text learns in the shop before, and goes on in the new one from there
(`begun`), beside the same channel from scratch (`scratch`), one from scratch that reads the words
of the new shop alone (`own_words`), the same with items' own vectors at 0 at first, as they are in
what begins elsewhere (`blank`), one of ids alone (`ids`), and what the shop before taught alone
(`unseen`: no event of the new one is learned from). Several shops before are merged: one catalogue,
one text encoder, and the histories of each. With `--split`, items of that category are the new
shop; those of each `--before-split` are a shop before, or all others are the one shop before.

Everybody's last item is asked for, ranked among all items of the new shop, those of the history
excluded. `--newest` cuts what is known of everybody, and `--people` how many are learned from.
Words of all catalogues are read before any history, or, with `--words before`, those of the shops
before alone. With `--part validation` everybody's last item is dropped first. The gain on sparse
users is that of `begun` over each way from scratch, for people of three events or fewer, or, where
there are none, for those of the shortest histories.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.asking import gains_of, places_of_wanted, requests_of, slates_of
from benchmarks.protocol_rows import Terms
from benchmarks.rows import Row, parameters_of_channel, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import Cost, measured
from galen.data.arrays import Bools, Floats, Ints
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.merging import merged
from galen.data.schema import TAKEN
from galen.data.shop import Shop
from galen.evaluate.intervals import paired_interval
from galen.features.item_text import TextEncoder, said_of
from galen.pipeline.candidates import Requests
from galen.recall.sequence import SequenceModel

MODELS: Final = ("ids", "scratch", "own_words", "blank", "begun", "unseen")
METRICS: Final = ("hr@10", "ndcg@10")
SPARSE: Final = 3  # events
NOTHING: Final = "nothing"  # folder of a network that has learned from no event
ALONE: Final = 0.5  # share of own vectors left out in training, where words are to stand alone


@dataclass(frozen=True)
class Question:
    """What is learned from in the new shop, and who is asked."""

    learning: Dataset
    requests: Requests
    wanted: Ints  # (R,)

    @property
    def slices(self) -> dict[str, Bools]:
        """(R,) by how much is known of a person."""
        length = self.requests.history.length
        parts = {
            "all": length > 0,
            "1-3": length <= 3,
            "4-10": (length > 3) & (length <= 10),
            "> 10": length > 10,
            "sparse": length <= self.sparse,
        }
        return {name: rows for name, rows in parts.items() if rows.any()}

    @property
    def sparse(self) -> int:
        """Most events of a person of whom little is known, here: of few, or of the fewest."""
        length = self.requests.history.length
        return max(SPARSE, int(length.min())) if len(length) else SPARSE


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=Path, required=True, help="the new shop")
    parser.add_argument(
        "--before", type=Path, action="append", help="a shop that is learned from first; repeatable"
    )
    parser.add_argument("--split", help="category whose items are the new shop")
    parser.add_argument(
        "--before-split", action="append", default=[], help="category that is a shop before"
    )
    parser.add_argument("--newest", type=int, help="events that are known of everybody")
    parser.add_argument("--people", type=int, help="of the new shop, who are learned from")
    parser.add_argument("--words", choices=("both", "before"), default="both")
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--epochs", type=int, default=SequenceModel().epochs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    if (options.before is None) == (options.split is None):
        parser.error("give either --before or --split")
    if options.before and len({one.name for one in options.before}) < len(options.before):
        parser.error("shops given by --before are told apart by their folders' names")
    if options.before_split and not options.split:
        parser.error("--before-split parts a shop, as --split does; give both")
    torch.set_num_threads(1)
    shops, new = shops_of(options)
    before = merged(shops) if len(shops) > 1 else next(iter(shops.values()))
    question = question_of(new, options.newest, options.people, options.part, options.seed)
    rows: list[Row] = []
    gains: dict[str, tuple[Floats, Floats]] = {}
    console = Console(width=180)
    with tempfile.TemporaryDirectory() as folder:
        _prepare(options, Path(folder), before, new, question.learning)
        console.print(f"learned before: {_told(shops)}")
        for model in MODELS:
            with measured() as cost:
                index = _spec(model, options, Path(folder)).fit(_lesson(model, question.learning))
                found = slates_of(index, question.requests)
            gains[model] = gains_of(places_of_wanted(found, question.wanted))
            metrics = _metrics(gains[model], gains.get("scratch"), question, options.seed)
            parameters = parameters_of_channel(index)
            terms = _terms(options, shops, question, parameters)
            rows.append(_row(options, model, metrics, terms, cost))
            told = "  ".join(f"{m} {metrics[f'{m}/all']:.4f}" for m in METRICS)
            console.print(f"{model}: {told}  {cost.cpu_seconds:.0f} CPU s")
            write_rows(options.json, rows)
    console.print(_table(gains, question, options.seed))
    console.print(_gain_on_sparse(gains, question, options.seed))


def shops_of(options: argparse.Namespace) -> tuple[dict[str, Dataset], Dataset]:
    """The shops before by their names, and the new one."""
    new = Dataset.read(Shop.open(options.shop)).of(*TAKEN)
    if options.before:
        return {one.name: Dataset.read(Shop.open(one)).of(*TAKEN) for one in options.before}, new
    left = np.ones(len(new.catalogue), bool)
    theirs = _within(new.catalogue, options.split, left, options.shop)
    left &= ~theirs
    before = {}
    for category in options.before_split:
        part = _within(new.catalogue, category, left, options.shop)
        before[category], left = part_of(new, part), left & ~part
    return before or {"all else": part_of(new, left)}, part_of(new, theirs)


def _within(catalogue: Catalogue, category: str, left: Bools, shop: Path) -> Bools:
    """(items,): which of those that are `left` are in a category."""
    inside = np.array([category in path for path in catalogue.path_words], bool)
    found = left & (catalogue.path >= 0)
    found[found] = inside[catalogue.path[found]]
    if not found.any():
        among = "" if left.all() else " and in none named before it"
        raise SystemExit(f"no item of {shop} is in a category {category!r}{among}.")
    return found


def part_of(data: Dataset, items: Bools) -> Dataset:
    """A shop that sells some of the items (items,) of another."""
    row = np.cumsum(items) - 1
    part = data.take(items[data.item])
    catalogue = Catalogue(data.catalogue.table.take(np.flatnonzero(items)))
    return replace(part, catalogue=catalogue, item=row[part.item].astype(np.int32))


def question_of(
    data: Dataset, newest: int | None, people: int | None, part: str, seed: int
) -> Question:
    """Everybody's last item, and what is known and learned before it."""
    data = data.without_last(1) if part == "validation" else data
    last, past = data.nth_last(1), data.without_last(1)
    if newest is not None:
        past = past.take(past.place >= past.length[past.user] - newest)
    able = past.length[last.user] > 0
    users = last.user[able].astype(np.int64)
    learning = past
    if people is not None and people < len(users):
        drawn = np.random.default_rng(seed).choice(users, people, replace=False)
        learning = past.take(np.isin(past.user, drawn))
    return Question(learning, requests_of(past, users), last.item[able].astype(np.int64))


def _prepare(
    options: argparse.Namespace, folder: Path, before: Dataset, new: Dataset, learning: Dataset
) -> None:
    """Write what channels begin with: words, what shops before taught, and what nothing taught."""
    read = [before, new] if options.words == "both" else [before]
    said = [words for data in read for words in said_of(data.catalogue)]
    TextEncoder.fit(said, SequenceModel().text_size, options.seed).save(folder)
    _spec("scratch", options, folder).fit(before).save(folder)
    (folder / NOTHING).mkdir()
    _spec("own_words", options, folder).fit(_without_events(learning)).save(folder / NOTHING)


def _spec(model: str, options: argparse.Namespace, folder: Path) -> SequenceModel:
    plain = SequenceModel(epochs=options.epochs, seed=options.seed)
    if model == "ids":
        return plain
    begin = {"begun": str(folder), "unseen": str(folder), "blank": str(folder / NOTHING)}
    words = "" if model == "own_words" else str(folder)
    with_words = replace(plain, text=True, words=words, identity_dropout=ALONE)
    return replace(with_words, begin=begin.get(model, ""))


def _lesson(model: str, learning: Dataset) -> Dataset:
    return _without_events(learning) if model == "unseen" else learning


def _without_events(data: Dataset) -> Dataset:
    return data.take(np.zeros(len(data), bool))


def _metrics(
    gains: tuple[Floats, Floats],
    scratch: tuple[Floats, Floats] | None,
    question: Question,
    seed: int,
) -> dict[str, float]:
    """Means by history length, and the gain over learning from scratch, paired by person."""
    found: dict[str, float] = {}
    for part, rows in question.slices.items():
        found[f"people/{part}"] = float(rows.sum())
        for place, metric in enumerate(METRICS):
            found[f"{metric}/{part}"] = float(gains[place][rows].mean())
            if scratch is not None:
                over = paired_interval(gains[place][rows], scratch[place][rows], seed=seed)
                found[f"{metric}/{part}_gain"] = over.value
                found[f"{metric}/{part}_gain_low"] = over.low
                found[f"{metric}/{part}_gain_high"] = over.high
    return found


def _terms(
    options: argparse.Namespace, shops: Mapping[str, Dataset], question: Question, parameters: int
) -> Terms:
    last = 2 if options.part == "validation" else 1
    return Terms(
        f"weights from items[:-{last}], asked for items[-{last}] after items[:-{last}]; "
        f"before: {_told(shops)}",
        f"all {len(question.wanted):,} who took two items or more in the new shop",
        len(question.wanted),
        {"sequence": SequenceModel()},
        parameters,
    )


def _told(shops: Mapping[str, Dataset]) -> str:
    """The shops before, in words."""
    return " and ".join(f"{name} ({len(data):,} events)" for name, data in shops.items())


def _row(
    options: argparse.Namespace, model: str, metrics: dict[str, float], terms: Terms, cost: Cost
) -> Row:
    known = f", newest {options.newest}" if options.newest else ""
    people = f", {options.people} people" if options.people else ""
    return Row(
        benchmark="transfer",
        data=options.shop.name + (f", {options.split}" if options.split else ""),
        model=model,
        protocol=f"{options.part}, words of {options.words}{known}{people}",
        seed=options.seed,
        metrics=metrics | terms.numbers(),
        cpu_seconds=cost.cpu_seconds,
        wall_seconds=cost.wall_seconds,
        peak_memory_bytes=cost.peak_memory_bytes,
        facts=terms.facts(),
    )


def _gain_on_sparse(
    gains: Mapping[str, tuple[Floats, Floats]], question: Question, seed: int
) -> str:
    """What beginning elsewhere is worth to people of few events, over every other way."""
    rows = question.slices["sparse"]
    told = []
    for other in ("scratch", "own_words", "blank", "ids"):
        for place, metric in enumerate(METRICS):
            begun, without = (gains[model][place][rows] for model in ("begun", other))
            told.append(f"over {other} {paired_interval(begun, without, seed=seed)} in {metric}")
    people = f"{int(rows.sum()):,} people of {question.sparse} events or fewer"
    return f"gain on sparse users ({people}): begun {', '.join(told)}."


def _table(gains: dict[str, tuple[Floats, Floats]], question: Question, seed: int) -> Table:
    """Figures by history length; the gain of `begun` over `scratch`, paired by person."""
    table = Table(title="hr@10 / ndcg@10 by events known of a person")
    for heading in ("events", "people", *MODELS, "begun over scratch, hr@10", "ndcg@10"):
        table.add_column(heading, justify="right")
    for part, rows in question.slices.items():
        if part == "sparse":
            continue  # told below
        cells = [f"{gains[m][0][rows].mean():.4f} / {gains[m][1][rows].mean():.4f}" for m in MODELS]
        over = [
            str(paired_interval(gains["begun"][p][rows], gains["scratch"][p][rows], seed=seed))
            for p in range(len(METRICS))
        ]
        table.add_row(part, str(int(rows.sum())), *cells, *over)
    return table


if __name__ == "__main__":
    run_in_words(main)
