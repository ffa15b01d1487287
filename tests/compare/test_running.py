"""A comparison takes up what is kept, stays within its budget, and names what failed."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from galen.compare.comparison import Comparison, Entry
from galen.compare.cost import HourlyPrices
from galen.compare.figures import GAUC, METRICS, Learned, finite
from galen.compare.findings import Findings
from galen.compare.keeping import file_of, keep, kept
from galen.compare.lines import tables_of
from galen.compare.running import WAYS, CompareError, cannot_run, run_plan


def quiet(what, over, planned):
    pass


def test_a_finished_comparison_is_taken_from_its_folder_and_says_so(finished):
    plan, _, _ = finished
    said = []
    ran = run_plan(plan, lambda what, *_: said.append(what), runner=_nobody)
    assert len(ran.taken) == 6
    assert said[0].startswith("learned of plain: taken from")


def test_steps_that_are_over_are_counted_of_those_planned(planned, once_more, tmp_path):
    def told(plan, runner):
        steps = []
        run_plan(plan, lambda what, over, of: steps.append((over, of)), runner=runner)
        assert steps == sorted(steps)
        assert {of for _, of in steps} == {6}
        return steps[-1][0]

    plan = planned(tmp_path)
    assert told(replace(plan, budget=0.0), _nobody) == 0
    assert told(plan, _nobody) == 6  # what a failure keeps from being run is over too
    assert told(plan, once_more) == 6


@pytest.mark.parametrize(
    ("changed", "learns"),
    [
        ({"seed": 1}, True),
        ({"protocol": "strict"}, True),
        ({"pack": "eu"}, True),
        ({"rate": 100.0}, False),
    ],
)
def test_figures_of_another_question_are_not_taken(finished, changed, learns):
    asked = []
    plan = replace(finished[0], **changed)
    ran = run_plan(plan, quiet, runner=lambda task, name, say: asked.append(task.step) or "no")
    assert ("learned" in asked) == learns
    assert len(ran.taken) == (0 if learns else 4)


def test_a_recipe_of_another_content_is_another_question(finished, own_recipes, tmp_path):
    changed = tmp_path / "plain.toml"
    changed.write_text(Path(own_recipes["plain"]).read_text().replace("60", "61"))
    plan = replace(finished[0], recipes=(str(changed),))
    assert run_plan(plan, quiet, runner=_nobody).taken == ()


def test_a_half_written_file_is_not_taken(finished, tmp_path):
    plan = replace(finished[0], folder=tmp_path)
    ran = run_plan(plan, quiet, runner=_nobody)
    file = file_of(ran.contestants[0].task)
    file.write_text('{"people": 3, "mea')
    assert run_plan(plan, quiet, runner=_nobody).taken == ()


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def of_others(path):
    pq.write_table(pq.read_table(path).slice(1), path)


def without_a_metric(path):
    pq.write_table(pq.read_table(path).drop_columns(["mrr"]), path)


@pytest.mark.parametrize("spoil", [cut, Path.unlink, of_others, without_a_metric])
def test_figures_without_their_whole_table_are_learned_again(finished, once_more, spoil, tmp_path):
    plan = replace(finished[0], folder=shutil.copytree(finished[0].folder, tmp_path / "again"))
    (table,) = plan.folder.glob("plain-*/by_person.parquet")
    spoil(table)
    ran = run_plan(plan, quiet, runner=_nobody)
    assert ran.failed == {"plain": "nothing is run here"}
    assert [entry.name for entry in Comparison.read(ran, HourlyPrices()).entries] == ["ranked"]
    ran = run_plan(plan, quiet, runner=once_more)
    assert "learned of plain" not in ran.taken
    assert ran.failed == {}
    assert [entry.name for entry in Comparison.read(ran, HourlyPrices()).entries] == [
        "plain",
        "ranked",
    ]


@pytest.mark.parametrize("spoil", [cut, Path.unlink, of_others])
def test_a_ranker_s_figures_without_their_whole_table_are_learned_again(finished, spoil, tmp_path):
    plan = replace(finished[0], folder=shutil.copytree(finished[0].folder, tmp_path / "again"))
    (table,) = plan.folder.glob("*/ranked.parquet")
    assert table.parent.name.startswith("ranked-")  # no ranker, no table
    spoil(table)
    assert set(run_plan(plan, quiet, runner=_nobody).failed) == {"ranked"}


def test_figures_of_before_more_was_kept_by_person_are_taken(finished, tmp_path):
    plan = replace(finished[0], folder=shutil.copytree(finished[0].folder, tmp_path / "again"))
    for table in plan.folder.glob("*/by_person.parquet"):
        pq.write_table(pq.read_table(table).drop_columns(["novelty@10", "first"]), table)
    for table in plan.folder.glob("*/ranked.parquet"):
        table.unlink()
    for learned in plan.folder.glob("*/learned.json"):
        tree = json.loads(learned.read_text())
        del tree["items"], tree["ranked_people"]
        learned.write_text(json.dumps(tree))
    ran = run_plan(plan, quiet, runner=_nobody)
    assert len(ran.taken) == 6
    findings = Findings.of(Comparison.read(ran, HourlyPrices()))
    assert findings.metrics == list(METRICS)
    (beside,) = [one for one in tables_of(findings) if one.title.startswith("Ranking")]
    for (_, gauc, coverage, novelty, _), entry in zip(
        beside.rows, findings.comparison.entries, strict=True
    ):
        means = entry.learned.means
        assert gauc == ("-" if entry.name == "plain" else f"{entry.gauc:.4f}")
        assert coverage == f"{means['coverage@10']:.3f}"
        assert novelty == f"{means['novelty@10']:.2f}"


def test_no_step_begins_after_the_budget_and_what_is_left_is_named(planned, once_more, tmp_path):
    now = [0.0]

    def slow(task, name, say):
        now[0] += 60
        return once_more(task, name, say)

    plan = planned(tmp_path, budget=90.0)
    ran = run_plan(plan, quiet, runner=slow, clock=lambda: now[0])
    assert now[0] == 120  # the second step began in time and was let finish
    assert ran.not_run == (
        "latency of plain",
        "latency of ranked",
        "left-out of plain",
        "left-out of ranked",
    )
    command = ran.go_on(HourlyPrices(0.125, 4.0))
    assert command.startswith(f"galen compare {plan.shop} --recipe {plan.recipes[0]}")
    assert command.endswith("--cpu-hour-price 0.125 --gpu-hour-price 4.0")
    went_on = run_plan(replace(plan, budget=None), quiet, runner=once_more)
    assert went_on.taken == ("learned of plain", "learned of ranked")
    assert went_on.not_run == ()


def test_a_protocol_that_holds_nothing_out_is_refused_before_any_recipe_learns(planned, tmp_path):
    plan = planned(tmp_path, protocol="full")
    for ask in (cannot_run, lambda plan: run_plan(plan, quiet, runner=_nobody)):
        with pytest.raises(CompareError, match=r"'full' holds nothing out .* use strict, refit"):
            ask(plan)


def test_two_recipes_of_one_name_are_refused(planned, own_recipes, tmp_path):
    twice = replace(planned(tmp_path), recipes=(own_recipes["plain"],) * 2)
    with pytest.raises(CompareError, match="two recipes are named 'plain'"):
        run_plan(twice, quiet, runner=_nobody)


def test_a_process_that_dies_is_told_and_the_others_go_on(planned, tmp_path, monkeypatch):
    monkeypatch.setattr("galen.compare.running.MODULE", "galen.no_such_module")
    ran = run_plan(planned(tmp_path), quiet)
    assert set(ran.failed) == {"plain", "ranked"}
    assert "log.txt tells more" in ran.failed["plain"]


def test_without_a_recipe_the_five_ways_are_meant():
    assert WAYS == ("classic", "scaled", "enriched", "generative", "hybrid")


def _nobody(task, name, say):
    return "nothing is run here"


def test_what_cannot_be_told_is_not_kept_and_the_rest_is_read_again(finished, tmp_path):
    before = run_plan(finished[0], quiet, runner=_nobody).contestants[0].task
    task, learned = msgspec.structs.replace(before, folder=str(tmp_path)), kept(before, Learned)
    auc = {GAUC: float("nan"), "ece": 0.5}  # of an objective that nobody met in the test window
    keep(task, msgspec.structs.replace(learned, ranking={"cart": finite(auc)}))
    assert kept(task, Learned).ranking == {"cart": {"ece": 0.5}}
    entry = Entry("one", kept(task, Learned), {})
    assert math.isnan(entry.gauc)


def test_a_recipe_whose_table_was_not_written_is_told_first_and_never_learns(planned, tmp_path):
    plan = planned(tmp_path)
    plan = replace(plan, recipes=(plan.recipes[0], "enriched"))
    assert cannot_run(plan).keys() == {"enriched"}
    learned = []
    ran = run_plan(plan, quiet, runner=lambda task, name, say: learned.append(name) or "no")
    assert set(learned) == {"plain"}
    assert "galen enrich vectors SHOP" in ran.failed["enriched"]
