"""What must not be shown is counted by a second look, and the gate leaves none of it."""

import json
from pathlib import Path

import numpy as np

from galen.assembly.bundles.bundle import Bundle
from galen.compare import learning
from galen.compare.exam import Exam
from galen.compare.figures import Learned
from galen.compare.forbidden import forbidden_in
from galen.compare.keeping import kept
from galen.compare.running import run_plan
from galen.data.shop import Shop
from galen.evaluate.offline import shown_by


def test_an_unsafe_recipe_shows_forbidden_things_only_without_the_gate(finished):
    told = json.loads(finished[2].read_text())["recipes"]["plain"]
    assert told["without_gate"]["forbidden"] > 0
    assert sum(told["without_gate"]["by_rule"].values()) == told["without_gate"]["forbidden"]
    assert told["with_gate"]["shown"] > 0
    assert told["with_gate"]["forbidden"] == 0
    assert "without it there would have been: plain" in finished[1].sentences[-1]


def test_what_the_gate_is_worth_is_asked_of_some_and_everybody_passes_it(
    planned, here, tmp_path, monkeypatch
):
    monkeypatch.setattr(learning, "DRAWN", 20)
    ran = run_plan(planned(tmp_path, ("plain",)), lambda *_: None, runner=here)
    learned = kept(ran.contestants[0].task, Learned)
    assert learned.people > 20
    assert 0 < learned.without_gate.shown <= 20 * learning.SEEN < learned.with_gate.shown


def test_the_second_look_finds_what_the_rules_say_row_by_row(finished, planned):
    plan, _, _ = finished
    ran = run_plan(plan, lambda *_: None)
    task = ran.contestants[0].task
    exam = Exam.again(Shop.open(Path(task.shop)), task.protocol, pack=task.pack, seed=task.seed)
    pipeline = exam.unguarded(Bundle.open(task.bundle).parts())
    shown = shown_by(pipeline, exam.question.requests, depth=10)
    found = forbidden_in(exam.guard.gate, exam.question.requests, shown.slates)
    dropped = set()
    for request, item in zip(shown.slates.request, shown.slates.item, strict=True):
        against = exam.guard.gate.findings(exam.question.requests, int(request), int(item))
        if any(one.action == 2 for one in against):
            dropped.add((int(request), int(item)))
    together = found.by_rule.get(exam.guard.gate.together.rule, 0)
    assert found.forbidden - together == len(dropped) > 0
    assert found.shown == len(shown.slates)
    assert 0 < found.people <= len(np.unique(shown.slates.request))
