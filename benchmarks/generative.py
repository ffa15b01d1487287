"""Generators of semantic ids on any file with user_id, item_id and pos.

    python -m benchmarks.generative --interactions FILE [--items FILE] [--people N] --json FILE

Quality as in `benchmarks.sequences` (full ranking over all items, all users, item-level hits, ties
pessimistic), the report on the codes, how many written ids are of no item or may not be shown, how
far what a beam writes stands below the best of the whole catalogue, and milliseconds a person on
one thread, eligibility included, asked alone and many together. Rows, tables, protocols and
what is always in the table are those of `benchmarks.sequences`.
"""

import argparse
import time
from collections.abc import Iterator, Sequence

import torch

from benchmarks.latency import p50_and_p99
from benchmarks.protocol_rows import Asked, Measured
from benchmarks.protocol_runs import add_arguments, run
from benchmarks.running import run_in_words
from benchmarks.written_ids import Index, beam_gaps, written_wrong
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.split import Protocol
from galen.assembly.train import Trained, train
from galen.compare.cost import measured
from galen.data.shop import Shop
from galen.evaluate.offline import Question
from galen.features.tokenizing.code_report import code_report
from galen.features.tokenizing.item_vectors import ItemVectors
from galen.features.tokenizing.tokenizers import tokenizer_spec
from galen.generative.generator_index import GeneratorIndex
from galen.generative.tiger import TigerIndex
from galen.pipeline.candidates import Requests
from galen.pipeline.pipeline import Pipeline

QUALITY = ("hr@5", "hr@10", "ndcg@10")
TIMES = ("p50_ms", "p99_ms", "batch_p50_ms", "batch_p99_ms")
GAPS = ("beam_gap", "beam_50_gap", "beam_50_gap_ndcg@10")
SHOWN = ("collisions", "unresolved", "invalid", *GAPS, *TIMES)

BATCHES = 50
"""Batches that are timed, where there are people for so many."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print the tables and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    generators = "generator,generator_parallel,generator_dense"
    add_arguments(parser, models=generators, protocols="strict")
    parser.add_argument("--requests", type=int, default=500, help="single requests that are timed")
    parser.add_argument("--together", type=int, default=64, help="people of a batch that is timed")
    parser.add_argument(
        "--exact",
        type=int,
        default=200,
        help="requests of which all items are scored, beside beams",
    )
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
        figures = _times(trained, question, options.requests, options.together)
        for index in trained.parts.retrievers.values():
            if isinstance(index, GeneratorIndex | TigerIndex):
                figures |= _codes(index, trained, question, seed, options.exact)
        yield asked.measured("generative", data, cost, figures)

    run(options, measure, quality=QUALITY, more=SHOWN)


def _times(trained: Trained, question: Question, requests: int, together: int) -> dict[str, float]:
    """Milliseconds a person for ten items through the whole pipeline, asked alone and together.

    `cpu_` is the time of the processor, which other work on the machine moves less; `batch_` is of
    people who are decoded together, the time of the batch over all of them.
    """
    pipeline = trained.parts.pipeline(trained.split.final.catalogue, question.store)
    everybody = question.requests
    together = min(together, len(everybody))
    alone = _milliseconds(pipeline, everybody, 1, requests)
    batches = _milliseconds(pipeline, everybody, together, BATCHES)
    told = {f"batch_{name}": value for name, value in batches.items()}
    return alone | told | {"batch_people": float(together)}


def _milliseconds(
    pipeline: Pipeline, requests: Requests, together: int, most: int
) -> dict[str, float]:
    """Of `most` batches at most, each of so many people, by person."""
    each, used = [], []
    for batch in range(min(most, len(requests) // together)):
        part = requests.part(batch * together, (batch + 1) * together)
        started, before = time.perf_counter(), time.thread_time()
        pipeline.run(part, 10)
        used.append(1000 * (time.thread_time() - before) / together)
        each.append(1000 * (time.perf_counter() - started) / together)
    return p50_and_p99(each) | p50_and_p99(used, of="cpu_")


def _codes(
    index: Index, trained: Trained, question: Question, seed: int, exact: int
) -> dict[str, float]:
    """The report on the codes, what was written wrongly, and how far a beam is from the best."""
    settings, data = index.settings, trained.split.final
    vectors = ItemVectors(settings.sources, settings.vector_size).fit(data, settings.seed)
    spec = tokenizer_spec(settings.tokenizer, settings.sizes, settings.tokenizer_settings)
    figures = code_report(index.ids, vectors, spec, seed=seed).figures()
    some = question.requests.part(0, min(1000, len(question.requests)))
    return figures | written_wrong(index, some, 50, seed) | beam_gaps(index, question, exact)


if __name__ == "__main__":
    run_in_words(main)
