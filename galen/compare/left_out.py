"""What each part of a learned recommender contributes: the answer without it, to the same people.

Nothing learns again. A channel that is left out proposes nothing and scores nothing, and fusion and
ranker see it as missing, as when it is late in serving; without the ranker the fused order stands.
So this is what the part does for this recommender, not what a recipe without it would learn.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from galen.assembly.bundle import Bundle
from galen.compare.exam import Exam
from galen.compare.figures import LeftOut, PartChange
from galen.compare.keeping import keep
from galen.compare.task import Task
from galen.data.shop import Shop
from galen.evaluate.intervals import paired_interval
from galen.evaluate.offline import counted, shown_by
from galen.pipeline.candidates import Candidates, Floats, Requests, no_candidates
from galen.pipeline.pipeline import Pipeline

METRIC: Final = "ndcg@10"
DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class Silent:
    """A channel that proposes nothing."""

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return no_candidates(("score",))

    def save(self, folder: Path) -> None:
        """It has nothing to keep."""


def leave_parts_out(task: Task, say: Callable[[str], None]) -> None:
    """Ask the bundle without each of its parts in turn, and keep what changes.

    Raises:
        BundleError: the recipe has not learned before.
    """
    bundle = Bundle.open(task.bundle)
    say("reading the shop and the bundle")
    exam = Exam.again(Shop.open(Path(task.shop)), task.protocol, pack=task.pack, seed=task.seed)
    pipeline = exam.served(bundle.parts())
    rank = bundle.recipe.rank
    names = {} if rank is None else {"ranker": f"ranker {rank.model}"}
    say("asking with all parts")
    whole = _hits(exam, pipeline)
    changes = []
    for part, lesser in without_parts(pipeline):
        name = names.get(part, part)
        say(f"asking without {name}")
        change = paired_interval(_hits(exam, lesser), whole, seed=task.seed)
        changes.append(PartChange(name, change.value, change.low, change.high))
    keep(task, LeftOut(len(whole), float(whole.mean()), tuple(changes)))


def without_parts(pipeline: Pipeline) -> Iterator[tuple[str, Pipeline]]:
    """A pipeline without each channel, without its ranker, and without each reranker.

    An only channel is not left out: nothing would be.
    """
    channels = pipeline.recall.channels
    for place, channel in enumerate(channels if len(channels) > 1 else ()):
        silent = replace(channel, retriever=Silent())
        left = [*channels[:place], silent, *channels[place + 1 :]]
        recall = replace(pipeline.recall, channels=left)
        yield f"channel {channel.name}", replace(pipeline, recall=recall)
    if pipeline.ranker is not None:
        yield "ranker", replace(pipeline, ranker=None)
    for place, (name, _) in enumerate(pipeline.rerankers):
        rerankers = [*pipeline.rerankers[:place], *pipeline.rerankers[place + 1 :]]
        yield f"reranker {name}", replace(pipeline, rerankers=rerankers)


def _hits(exam: Exam, pipeline: Pipeline) -> Floats:
    shown = shown_by(pipeline, exam.question.requests, depth=DEPTH)
    return counted(exam.question, "", shown).by_request[METRIC]
