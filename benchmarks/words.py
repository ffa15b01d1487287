"""Need and preference weighed by history length, beside the two at equal weight, by slice.

    python -m benchmarks.words --users N --json FILE
    python -m benchmarks.words --journey FOLDER --json FILE

Split by time as `galen evaluate --protocol global-time`: weights are learned before the test part,
which is asked once. Differences are from `equal`, over the same people, with 95 % intervals.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.complete_journey import HEALTH
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.train import train
from galen.compare.cost import measured
from galen.data.importing.importer import ImportSettings, import_shop
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.evaluate.intervals import paired_interval
from galen.evaluate.offline import HEADLINE, Question, Result, answer
from galen.recall.fusion import SAYINGS, FusionModel

FILTERS: Final = ["hidden", "prescription", "stock", "region", "age"]
LENGTHS: Final = ("0", "1-3", "4-10", "over 10")
Channels = Mapping[str, Mapping[str, Any]]
MODELS: Final[Mapping[str, Channels]] = {
    "equal": {"words": {"level": "both"}},
    "balanced": {"need": {"level": "word"}, "preference": {"level": "item"}},
    "equal, fused": {"words": {"level": "both"}, "popular": {"model": "popular"}},
    "balanced, fused": {
        "need": {"level": "word"},
        "preference": {"level": "item"},
        "popular": {"model": "popular"},
    },
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--days", type=int, default=360)
    parser.add_argument("--journey", type=Path, help="files of complete_journey, instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "shop"
        if options.journey is None:
            settings = SyntheticSettings(options.users, options.items, options.days, options.seed)
            shop, repeat = synthesize(place, settings, lambda *_: None), False
        else:
            chosen = ImportSettings(options={"departments": HEALTH})
            now, files = datetime.now(UTC), {"folder": options.journey}
            import_shop("complete-journey", files, place, now=now, settings=chosen)
            shop, repeat = Shop.open(place), True
        rows: list[Row] = []
        for row in _measure(shop, repeat, options.seed):
            rows.append(row)
            write_rows(options.json, rows)
            told = row.metrics.items()
            few = [(n, v) for n, v in told if "/" not in n or n.endswith("/all")]
            shown = (f"{name} {value:.4f}" for name, value in few)
            print(f"{row.model}: {'  '.join(shown)}", flush=True)


def _measure(shop: Shop, repeat: bool, seed: int) -> Iterator[Row]:
    results: dict[str, Result] = {}
    question: Question | None = None
    for name, channels in MODELS.items():
        recall = {
            channel: {"model": "words", "quota": 300, "repeat": repeat, **settings}
            for channel, settings in channels.items()
        }
        recipe = Recipe.from_tree({"name": name, "filters": FILTERS, "recall": recall}, where=name)
        with measured() as cost:
            trained = train(recipe, shop, "global-time", seed=seed, progress=lambda _: None)
            test = trained.split.test
            if test is None:
                raise SystemExit("the shop is too small to hold anything out")
            question = question or Question.of(test, trained.people, seed=seed)
            pipeline = trained.parts.pipeline(trained.split.final.catalogue, question.store)
            results[name] = answer(question, name, pipeline)
        other = results["equal, fused" if name.endswith("fused") else "equal"]
        yield Row(
            benchmark="words",
            data=shop.manifest.name,
            model=name,
            protocol="global-time",
            seed=seed,
            metrics=_figures(question, results[name], other, seed) | _weights(trained.parts.fuser),
            cpu_seconds=cost.cpu_seconds,
            wall_seconds=cost.wall_seconds,
            peak_memory_bytes=cost.peak_memory_bytes,
        )


def _figures(question: Question, mine: Result, other: Result, seed: int) -> dict[str, float]:
    figures = {"people": float(len(mine.by_request[HEADLINE[0]]))}
    for metric in HEADLINE:
        gain = paired_interval(mine.by_request[metric], other.by_request[metric], seed=seed)
        figures |= {f"{metric}_gain": gain.value, f"{metric}_gain_low": gain.low}
        figures |= {f"{metric}_gain_high": gain.high}
        for part in question.slices:
            value = mine.interval(metric, part, seed=seed)
            key = part.name.replace(" ", "_").lower()
            figures |= {f"{metric}/{key}": value.value, f"{metric}_low/{key}": value.low}
            figures |= {f"{metric}_high/{key}": value.high}
    return figures


def _weights(fuser: object) -> dict[str, float]:
    """What fusion learned of each channel's standing, by history length."""
    if not isinstance(fuser, FusionModel):
        return {}
    return {
        f"weight/{voice.channel}/{length}": float(fuser.weights[bucket, place * SAYINGS])
        for place, voice in enumerate(fuser.voices)
        for bucket, length in enumerate(LENGTHS)
    }


if __name__ == "__main__":
    run_in_words(main)
