"""A whole comparison: every figure that a shop chooses by, in tables, in JSON and on a page."""

import io
import json
import re
import shutil
from dataclasses import replace
from functools import partial

import pytest
from rich.console import Console

from galen.compare.command import compare
from galen.compare.cost import HourlyPrices
from galen.compare.figures import NAMES
from galen.compare.running import CompareError


@pytest.fixture(scope="module")
def figures(finished):
    return json.loads(finished[2].read_text())


def test_every_recipe_is_asked_the_same_people_and_has_every_figure(figures):
    assert set(figures["recipes"]) == {"plain", "ranked"}
    for told in figures["recipes"].values():
        assert told["people"] == figures["people"] > 30
        assert {"ndcg@10", "hr@10", "mrr", "recall@50", "coverage@10", "novelty@10"} <= set(
            told["means"]
        )
        found = told["intervals"]["ndcg@10"]
        assert found["low"] <= found["value"] == pytest.approx(told["means"]["ndcg@10"])
        for metric in ("hr@10", "mrr", "recall@50", "coverage@10", "novelty@10"):
            found = told["intervals"][metric]
            assert found["low"] <= found["high"]
            assert found["value"] == pytest.approx(told["means"][metric])
        assert told["bundle_bytes"] > 0
        assert told["whole"]["cpu_seconds"] >= told["training"]["cpu_seconds"] > 0
        assert told["whole"]["peak_memory_bytes"] > 50 * 2**20
        assert told["latency"]["p50_ms"] <= told["latency"]["p99_ms"]
        assert told["latency"]["requests_per_second"] > 0


def test_money_is_what_the_seconds_cost_at_the_stated_price(figures, finished):
    for told in figures["recipes"].values():
        assert told["dollars"] == pytest.approx(told["training"]["cpu_seconds"])
    assert "$3600 a CPU hour" in _text(finished[1])


def test_an_impression_ranker_has_its_gauc_and_a_channel_none(figures):
    assert figures["recipes"]["plain"]["ranking"] == {}
    assert "gauc" not in figures["recipes"]["plain"]["intervals"]
    told = figures["recipes"]["ranked"]
    of_objectives = [metrics["gauc"] for metrics in told["ranking"].values()]
    found = told["intervals"]["gauc"]
    assert 0 < found["low"] < found["value"] < found["high"] < 1
    assert found["value"] == pytest.approx(sum(of_objectives) / len(of_objectives))


def test_slices_are_by_history_items_department_and_surface(figures):
    names = list(figures["slices"])
    assert names[0] == "all"
    for start in ("history 1-3", "cold item", "warm items", "department ", "surface "):
        assert any(name.startswith(start) for name in names), start
    assert set(figures["advice"]) == set(names)


def test_the_terminal_says_what_the_figures_say(finished, figures):
    text = _text(finished[1])
    for name, told in figures["recipes"].items():
        assert name in text
        assert f"{told['means']['ndcg@10']:.4f}" in text
    assert figures["advice"]["all"]["why"] in finished[1].sentences
    assert "nothing learned again, as" in text.replace("\n", " ")


def test_the_page_needs_no_network_and_has_its_plots(finished):
    page = finished[1].report.read_text()
    assert page.count("<svg") >= 5
    for metric in NAMES.values():
        assert f"{metric} with its 95 % interval" in page
        assert f"{metric} by slice" in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "What each part of ranked contributes" in page


def test_a_plot_stands_beside_the_table_that_it_draws(finished):
    page = finished[1].report.read_text()
    tables = dict(re.findall(r"<h2>(.*?)</h2>(.*?)(?=<h2>|</body>)", page, re.DOTALL))
    assert tables["Quality"].count("<figcaption>") == 4
    assert "NDCG@10 with its 95 % interval" in tables["Quality"]
    assert "Quality against training" in tables["Cost"]
    assert "MRR by slice" in tables["NDCG@10 / HR@10 by slice"]
    assert "<details>" in tables["What each part contributes"]
    assert "<svg" not in tables["Advice"]


def test_the_same_seed_gives_the_same_figures(planned, here, figures, tmp_path):
    def learn_only(task, name, say):
        return here(task, name, say) if task.step == "learned" else "not asked for here"

    again = _figures(planned(tmp_path / "comparing"), learn_only, tmp_path)
    for name in ("plain", "ranked"):
        mine, theirs = again["recipes"][name], figures["recipes"][name]
        for key in ("means", "intervals", "with_gate", "without_gate"):
            assert mine[key] == theirs[key]
        for objective, metrics in theirs["ranking"].items():  # sums of rows in parallel
            assert mine["ranking"][objective] == pytest.approx(metrics, rel=1e-6)
    assert again["slices"] == figures["slices"]


def test_figures_of_another_state_of_the_code_are_told_step_by_step(finished, tmp_path):
    plan = replace(finished[0], folder=shutil.copytree(finished[0].folder, tmp_path / "again"))
    ask = partial(
        compare, plan, HourlyPrices(), report=None, json_file=None, progress=lambda *_: None
    )
    assert not any("of galen's code" in said for said in ask().sentences)
    (learned,) = plan.folder.glob("ranked-*/learned.json")
    of_now = json.loads(learned.read_text())["code"]
    assert re.fullmatch("[0-9a-f]{12}", of_now)
    for step, code in (("learned", "another"), ("latency-400-20", "an older"), ("left-out", "")):
        (file,) = plan.folder.glob(f"ranked-*/{step}.json")
        file.write_text(file.read_text().replace(of_now, code))
    (said,) = [one for one in ask().sentences if "of galen's code" in one]
    assert f"than the current one ({of_now})" in said
    told = "by another: learned of ranked; by an older: latency of ranked; "
    assert f"{told}by a state that was not kept: left-out of ranked. " in said
    assert "plain" not in said


def test_figures_that_all_come_from_one_older_state_of_the_code_are_told(finished, tmp_path):
    plan = replace(finished[0], folder=shutil.copytree(finished[0].folder, tmp_path / "again"))
    for file in plan.folder.glob("*/*.json"):
        file.write_text(re.sub(r'"code": "[0-9a-f]{12}"', '"code": "older"', file.read_text()))
    done = compare(
        plan,
        HourlyPrices(),
        report=None,
        json_file=tmp_path / "told.json",
        progress=lambda *_: None,
    )
    assert any("by older: learned of plain, " in said for said in done.sentences)
    assert len(json.loads((tmp_path / "told.json").read_text())["stale"]) == 6


def test_a_protocol_that_holds_nothing_out_is_refused_in_words(planned, here, tmp_path):
    plan = planned(tmp_path, ("plain",), protocol="full")
    with pytest.raises(CompareError, match="holds nothing out"):
        _figures(plan, here, tmp_path)


def test_a_recipe_that_fails_is_named_and_the_others_go_on(planned, here, once_more, tmp_path):
    lacking = tmp_path / "lacking.toml"
    lacking.write_text(
        'filters = []\n[recall.i2i]\nrelations = "table"\n[recall.popular]\nquota = 10\n'
    )
    plan = planned(tmp_path / "comparing", ("plain",))
    plan = replace(plan, recipes=(str(lacking), *plan.recipes, "no such recipe"))

    def runner(task, name, say):
        return (once_more if name == "plain" else here)(task, name, say)

    figures = _figures(plan, runner, tmp_path)
    assert list(figures["recipes"]) == ["plain"]
    assert set(figures["failed"]) == {"lacking", "no such recipe"}
    assert "relations" in figures["failed"]["lacking"]
    assert "nor a shipped recipe" in figures["failed"]["no such recipe"]


def _figures(plan, runner, folder):
    file = folder / "figures.json"
    compare(
        plan, HourlyPrices(), report=None, json_file=file, progress=lambda *_: None, runner=runner
    )
    return json.loads(file.read_text())


def _text(done):
    console = Console(record=True, width=180, file=io.StringIO())
    for table in done.tables:
        console.print(table)
    return console.export_text()
