from dataclasses import replace

from enrich.asked import SPRAY, TABLETS, Answering, by_rules, items_of
from enrich.running.test_runner import run_once

from galen.enrich.running.faults import Fault, FaultCode
from galen.enrich.running.journal import Journal
from galen.enrich.running.plan import plan
from galen.llm.budget import TokenPrices


def planned(task, folder, prices=None, model=None):
    with Journal(folder) as journal:
        return plan(task, model or by_rules(task), journal, prices or TokenPrices())


def test_a_plan_asks_nothing(tmp_path):
    task = items_of()
    model = by_rules(task)
    found = planned(task, tmp_path, model=model)
    assert (found.records, found.kept, found.held, found.to_ask) == (3, 0, 0, 3)
    assert model.asked == []
    assert found.seconds is None
    assert not found.measured


def test_a_plan_counts_what_is_kept_and_held(tmp_path):
    task = items_of(SPRAY, TABLETS)
    good = by_rules(task)
    run_once(task, Answering(lambda p: "" if "Dolor" in p.user else good.function(p)), tmp_path)
    found = planned(task, tmp_path)
    assert (found.records, found.kept, found.held, found.to_ask) == (2, 1, 1, 0)
    assert found.cost == 0


def test_costs_follow_what_was_measured_before(tmp_path):
    run_once(items_of(SPRAY), by_rules(items_of(SPRAY)), tmp_path)
    found = planned(items_of(TABLETS), tmp_path, TokenPrices(read=10_000.0, written=50_000.0))
    assert found.measured
    assert (found.tokens_read, found.tokens_written) == (100, 20)
    assert found.cost == 2.0
    assert found.most_cost > found.cost


def test_a_plan_counts_what_a_stricter_judge_will_ask_anew(tmp_path):
    task = items_of(SPRAY, TABLETS)
    run_once(task, by_rules(task), tmp_path)

    class Stricter(type(task)):
        def judge(self, record, answer):
            return [Fault(FaultCode.CLAIM, "no")] if record.content["brand"] == "Dolor" else []

    strict = Stricter(**(vars(task) | {"asked": replace(task.asked, judged_by="stricter")}))
    found = planned(strict, tmp_path)
    assert (found.kept, found.to_ask) == (1, 1)
