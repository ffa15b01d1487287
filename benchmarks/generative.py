"""Generators of semantic ids on any file with user_id, item_id and pos.

    python -m benchmarks.generative --interactions FILE [--items FILE] [--people N] --json FILE

Quality as in `benchmarks.sequences` (full ranking over all items, all users, item-level hits, ties
pessimistic), the report on the codes, how many written ids are of no item or may not be shown, and
the milliseconds of single requests on one thread, eligibility included. Rows, tables, protocols and
what is always in the table are those of `benchmarks.sequences`.
"""

import argparse
import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from benchmarks.protocol_rows import Asked, Measured
from benchmarks.protocol_runs import add_arguments, run
from galen.assembly.shipped import find_recipe
from galen.assembly.split import Protocol
from galen.assembly.train import Trained, train
from galen.compare.cost import measured
from galen.data.shop import Shop
from galen.evaluate.offline import Question
from galen.generative.generator import GeneratorIndex
from galen.generative.tiger import TigerIndex
from galen.generative.tokenizing.code_report import code_report
from galen.generative.tokenizing.item_vectors import ItemVectors
from galen.generative.tokenizing.tokenizers import TOKENIZERS

QUALITY = ("hr@5", "hr@10", "ndcg@10")
SHOWN = ("collisions", "invalid", "p50_ms", "p99_ms")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the tables and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    generators = "generator,generator_parallel,generator_dense"
    add_arguments(parser, models=generators, protocols="strict")
    parser.add_argument("--requests", type=int, default=500, help="single requests that are timed")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)

    def measure(
        shop: Shop, model: str, protocol: Protocol, seed: int, data: str
    ) -> Iterator[Measured]:
        recipe = find_recipe(model)
        with measured() as cost:
            trained = train(recipe, shop, protocol, seed=seed, progress=lambda what: None)
            assert trained.split.test is not None
            question = Question.of(trained.split.test, trained.people, seed=seed)
            asked = Asked.of(trained, recipe.name, trained.parts, question, seed)
        figures = _times(trained, question, options.requests)
        for index in trained.parts.retrievers.values():
            if isinstance(index, GeneratorIndex | TigerIndex):
                figures |= _codes(index, trained, question, seed)
        yield asked.measured("generative", data, cost, figures)

    run(options, measure, quality=QUALITY, more=SHOWN)


def _times(trained: Trained, question: Question, requests: int) -> dict[str, float]:
    """Milliseconds of single requests for ten items through the whole pipeline.

    `cpu_` is the time of the processor, which other work on the machine moves less.
    """
    pipeline = trained.parts.pipeline(trained.split.final.catalogue, question.store)
    each, used = [], []
    for row in range(min(requests, len(question.requests))):
        one = question.requests.part(row, row + 1)
        started, before = time.perf_counter(), time.thread_time()
        pipeline.run(one, 10)
        used.append(1000 * (time.thread_time() - before))
        each.append(1000 * (time.perf_counter() - started))
    told = {"p": each, "cpu_p": used}
    return {
        f"{name}{share}_ms": float(np.quantile(times, share / 100))
        for name, times in told.items()
        for share in (50, 99)
    }


def _codes(
    index: GeneratorIndex | TigerIndex, trained: Trained, question: Question, seed: int
) -> dict[str, float]:
    """The report on the codes, and the share of written ids that are of nothing or forbidden."""
    settings, data = index.settings, trained.split.final
    vectors = ItemVectors(settings.sources, settings.vector_size).fit(data, settings.seed)
    spec = TOKENIZERS[settings.tokenizer](settings.sizes)
    figures = code_report(index.ids, vectors, spec, seed=seed).figures()
    draw = np.random.default_rng(seed)
    part = question.requests.part(0, min(1000, len(question.requests)))
    shown = draw.random((len(part), len(index.ids))) < 0.5
    found = index.generate(part, 50, lambda people, items: shown[people, :items])
    wrong = ~shown[found.request, found.item]
    figures["invalid"] = float(wrong.mean()) if len(found) else 0.0
    return figures


if __name__ == "__main__":
    main()
