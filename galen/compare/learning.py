"""A recipe learns from a shop, is saved, and is asked about the people held out."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from galen.assembly.bundles.bundle import save_bundle
from galen.assembly.parts import Parts
from galen.assembly.train import train
from galen.compare.cost import measured
from galen.compare.exam import DRAWN, Exam, table_of
from galen.compare.figures import METRICS, NOVELTY, Learned, finite
from galen.compare.forbidden import Forbidden, forbidden_in
from galen.compare.keeping import BY_PERSON, RANKED, keep, keep_table
from galen.compare.ranked import ranked_table
from galen.compare.source import state_of_code
from galen.compare.task import ContestantTask
from galen.data.shop import Shop
from galen.evaluate.impressions import ranked_by
from galen.evaluate.offline import DEPTH, counted, shown_by
from galen.evaluate.slate_metrics import first_of, novelty_of

SEEN: Final = 10
"""Places of a slate that safety, coverage and novelty are counted in."""


def learn(task: ContestantTask, now: datetime, say: Callable[[str], None]) -> None:
    """Train, save the bundle, ask it through the gate and without, and keep what was found.

    Raises:
        MendableError: the recipe cannot learn from this shop; the message says why.
    """
    shop, recipe = Shop.open(Path(task.shop)), task.read_recipe()
    shutil.rmtree(task.bundle, ignore_errors=True)  # of a run that was broken off
    with measured() as whole:
        with measured() as training:
            trained = train(recipe, shop, task.protocol, seed=task.seed, progress=say)
        say("writing the bundle")
        name = shop.manifest.name
        bundle = save_bundle(task.bundle, trained, shop=name, seed=task.seed, now=now)
        say("asking the held-out people")
        exam = Exam.of(shop, trained.split, trained.people, pack=task.pack, seed=task.seed)
        requests, gate = exam.question.requests, exam.guard.gate
        served = exam.shown(trained.parts, depth=DEPTH)
        result = counted(exam.question, recipe.name, served)
        say("looking for what must not be shown")
        with_gate = forbidden_in(gate, requests, served.slates, SEEN)
        say("asking without the gate")
        without_gate = _without_gate(task, shop, exam, trained.parts)
        ranked = ranked_by(trained.parts, shop, exam.split, seed=task.seed)
    first, popularity = first_of(served.slates, len(requests), SEEN), exam.question.popularity
    metrics = {metric: result.by_request[metric] for metric in METRICS}
    metrics |= {NOVELTY: novelty_of(first, popularity)}
    keep_table(task, BY_PERSON, table_of(exam.question, metrics, first))
    by_person = ranked_table(ranked)
    if by_person is not None:
        keep_table(task, RANKED, by_person)
    figures = Learned(
        people=len(requests),
        means=finite(result.mean()),
        ranking={one.objective: finite(one.metrics) for one in ranked},
        with_gate=with_gate,
        without_gate=without_gate,
        degraded=served.degraded,
        training=training,
        whole=whole,
        bundle_bytes=sum(p.stat().st_size for p in bundle.folder.rglob("*") if p.is_file()),
        version=bundle.version,
        code=state_of_code(),
        items=len(popularity),
        ranked_people=0 if by_person is None else len(by_person),
    )
    keep(task, figures)


def _without_gate(task: ContestantTask, shop: Shop, exam: Exam, parts: Parts) -> Forbidden:
    """What the gate is worth, by `DRAWN` people at most: asking everybody twice tells no more."""
    if len(exam.question.requests) > DRAWN:
        exam = Exam.again(shop, task.protocol, pack=task.pack, seed=task.seed, people=DRAWN)
    requests = exam.question.requests
    shown = shown_by(exam.unguarded(parts), requests, depth=SEEN)
    return forbidden_in(exam.guard.gate, requests, shown.slates, SEEN)
