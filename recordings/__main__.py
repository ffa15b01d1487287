"""Write the recording that galen ships, or one for what `benchmarks.needs` asks.

    python -m recordings
    python -m recordings --benchmark FILE --seeds 3

The second is read by a provider of the kind `recorded` whose `file` is FILE.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.seasonal import _moment
from galen.data.dataset import Dataset
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.task import Task
from galen.enrich.tables.needs import NeedsTask
from galen.knowledge.build import built_in
from galen.llm.recorded import SHIPPED
from recordings.goods import Goods
from recordings.needs_answer import needs_answer
from recordings.shipped import Answering, demo_questions, demo_shop, write_recording


def main() -> None:
    """Make shops, answer their questions, and tell how many answers were refused."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--benchmark", type=Path, help="where to write instead")
    for name, usual in (("users", 20_000), ("items", 2_000), ("days", 540), ("seeds", 1)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--back", type=int, default=1, help="windows back from the end")
    options = parser.parse_args()
    place = options.benchmark or SHIPPED
    with tempfile.TemporaryDirectory() as folder:
        asked = (
            _demo(Path(folder)) if options.benchmark is None else _benchmark(Path(folder), options)
        )
        done = write_recording(place, asked)
    refused = len(done.refused)
    print(f"{done.asked:,} questions, {done.answered:,} answers, {refused:,} refused: {place}")
    for one in done.refused[:20]:
        print(f"  {one}")


def _demo(folder: Path) -> Iterator[tuple[Task[Any], Answering]]:
    return demo_questions(demo_shop(folder / "shop"), built_in(), Goods.read())


def _benchmark(folder: Path, options: argparse.Namespace) -> Iterator[tuple[Task[Any], Answering]]:
    graph, goods = built_in(), Goods.read()
    for seed in range(options.seeds):
        made = SyntheticSettings(options.users, options.items, options.days, seed)
        data = Dataset.read(synthesize(folder / f"{seed}", made, lambda *_: None))
        needs = NeedsTask.of(_moment(data, 28, options.back).fit, graph)
        yield needs, needs_answer(needs, goods)


if __name__ == "__main__":
    main()
