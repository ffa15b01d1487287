"""What each part of a learned recommender contributes: the answer without it, to the same people.

Nothing learns again. A channel that is left out proposes nothing and scores nothing, and fusion and
ranker meet it as one that failed, as when it is late in serving; without the ranker the fused order
stands; a table that a ranker reads says nothing of anything, as where a shop lacks it.
So this is what the part does for this recommender, not what a recipe without it would learn.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from galen.assembly.bundles.bundle import Bundle
from galen.assembly.parts import Parts
from galen.compare.exam import DRAWN, Exam
from galen.compare.figures import LeftOut, PartChange
from galen.compare.keeping import keep
from galen.compare.source import state_of_code
from galen.compare.task import ContestantTask
from galen.data.arrays import Floats
from galen.data.shop import Shop
from galen.evaluate.intervals import paired_interval
from galen.evaluate.offline import DEPTH, Question, ShownSlates, counted
from galen.pipeline.candidates import Candidates, Requests, stacked
from galen.pipeline.channels import Recalled
from galen.pipeline.pipeline import Pipeline
from galen.rank.shop import ShopRanker
from galen.rank.table_left_out import extensions_of_tables, without_table

METRIC: Final = "ndcg@10"
BLOCK: Final = 512  # requests that are asked at once, so that memory is bounded


@dataclass(frozen=True, slots=True)
class Lesser:
    """A pipeline without one part; a channel that is left out is `silent`."""

    part: str
    pipeline: Pipeline
    silent: str | None = None

    def slates(self, requests: Requests, recalled: Recalled) -> Candidates:
        """What it shows where all channels together recall this."""
        heard = recalled if self.silent is None else recalled.without(self.silent)
        rows = self.pipeline.choose(requests, heard, DEPTH).candidates
        return Candidates(rows.request, rows.item, {"score": rows.columns["score"]})


def leave_parts_out(task: ContestantTask, say: Callable[[str], None]) -> None:
    """Ask the bundle without each of its parts in turn, and keep what changes.

    Raises:
        BundleError: the recipe has not learned before.
    """
    bundle, shop = Bundle.open(task.bundle), Shop.open(Path(task.shop))
    say("reading the shop and the bundle")
    exam = Exam.again(shop, task.protocol, pack=task.pack, seed=task.seed, people=DRAWN)
    parts = bundle.parts()
    pipeline = exam.served(parts)
    lessers = list(without_parts(pipeline))
    for part, fewer in without_enrichments(parts):
        lessers.append(Lesser(part, exam.served(fewer)))
    whole, *left = hits(exam.question, pipeline, [Lesser("", pipeline), *lessers], say)
    rank = bundle.recipe.rank
    names = {} if rank is None else {"ranker": f"ranker {rank.model}"}
    changes = []
    for lesser, found in zip(lessers, left, strict=True):
        change = paired_interval(found, whole, seed=task.seed)
        name = names.get(lesser.part, lesser.part)
        changes.append(PartChange(name, change.value, change.low, change.high))
    keep(task, LeftOut(len(whole), float(whole.mean()), tuple(changes), state_of_code()))


def without_parts(pipeline: Pipeline) -> Iterator[Lesser]:
    """A pipeline without each channel, without its ranker, and without each reranker.

    An only channel is not left out: nothing would be.
    """
    channels = pipeline.recall.channels
    for channel in channels if len(channels) > 1 else ():
        yield Lesser(f"channel {channel.name}", pipeline, channel.name)
    if pipeline.ranker is not None:
        yield Lesser("ranker", replace(pipeline, ranker=None))
    for place, (name, _) in enumerate(pipeline.rerankers):
        rerankers = [*pipeline.rerankers[:place], *pipeline.rerankers[place + 1 :]]
        yield Lesser(f"reranker {name}", replace(pipeline, rerankers=rerankers))


def without_enrichments(parts: Parts) -> Iterator[tuple[str, Parts]]:
    """Parts whose ranker is told nothing by one of the tables that it reads, as without the table.

    A table that a channel reads is left out with the channel.
    """
    for key, features in parts.features.items():
        fewer = {**parts.features, key: features.without_table()}
        yield f"enrichment {key.partition('-')[2]}", replace(parts, features=fewer)
    if isinstance(parts.ranker, ShopRanker):
        model = parts.ranker.model
        for name in extensions_of_tables(model):
            ranker = ShopRanker(without_table(model, name))
            yield f"enrichment {name}", replace(parts, ranker=ranker)


def hits(
    question: Question, pipeline: Pipeline, lessers: Sequence[Lesser], say: Callable[[str], None]
) -> list[Floats]:
    """NDCG@10 of each lesser pipeline, (R,) by request; recall is asked once for all of them."""
    requests = question.requests
    slates: list[list[Candidates]] = [[] for _ in lessers]
    for start in range(0, len(requests), BLOCK):
        stop = min(start + BLOCK, len(requests))
        say(f"asking {start:,} to {stop:,} of {len(requests):,} people without each part")
        part = requests.part(start, stop)
        recalled = pipeline.recall.recall(part, pipeline.filters)
        for lesser, found in zip(lessers, slates, strict=True):
            rows = lesser.slates(part, recalled)
            found.append(replace(rows, request=rows.request + start))
    shown = [ShownSlates(stacked(found), ()) for found in slates]
    return [counted(question, "", one).by_request[METRIC] for one in shown]
