import itertools
import json
import threading
import time
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from enrich.asked import SPRAY, Answering, by_rules, graph, items_of, numbered

from galen.enrich.running.faults import EnrichError
from galen.enrich.running.journal import Journal
from galen.enrich.running.prompt_file import content_of
from galen.enrich.running.runner import Running, run
from galen.enrich.tables.item_rules import item_rules
from galen.llm.language_model import Failed, LanguageModelError, Reply, Trouble

SMALL = Running(workers=2, batch=2, tries=2, troubles_in_a_row=4)


def run_once(task, model, folder, running=SMALL, **settings):
    clock = itertools.count(1_700_000_000_000_000, 1_000_000)
    with Journal(folder) as journal:
        return run(task, model, journal, folder, now=clock.__next__, running=running, **settings)


def table(folder):
    return pq.read_table(folder / "items.parquet").to_pylist()


def rules(task):
    return item_rules(graph(), task.asked.vocabulary)


def test_every_record_is_asked_once_and_its_value_has_an_origin(tmp_path):
    task = items_of()
    model = by_rules(task)
    report = run_once(task, model, tmp_path)
    assert (report.records, report.asked, report.kept_before, report.held) == (3, 3, 0, {})
    assert len(model.asked) == 3
    rows = table(tmp_path)
    assert [row["key"] for row in rows] == ["sku-1", "sku-2", "sku-3"]
    assert {row["model"] for row in rows} == {"function:test"}
    assert {row["prompt"] for row in rows} == {task.asked.prompt.label}
    assert {row["knowledge"] for row in rows} == {graph().version}
    assert [row["cost"] for row in rows] == [0.5] * 3


def test_a_second_pass_asks_nothing_and_writes_the_same_table(tmp_path):
    task = items_of()
    run_once(task, by_rules(task), tmp_path)
    before = (tmp_path / "items.parquet").read_bytes()
    again = by_rules(task)
    report = run_once(task, again, tmp_path)
    assert (report.kept_before, len(again.asked)) == (3, 0)
    assert (tmp_path / "items.parquet").read_bytes() == before


def test_a_new_item_costs_one_question(tmp_path):
    run_once(numbered(5), by_rules(items_of()), tmp_path)
    model = by_rules(items_of())
    assert run_once(numbered(6), model, tmp_path).kept_before == 5
    assert len(model.asked) == 1


@pytest.mark.parametrize("what", ["system", "model", "endpoint", "schema", "length"])
def test_what_an_answer_depends_on_asks_all_anew(tmp_path, what):
    task = items_of()
    run_once(task, by_rules(task), tmp_path)
    model = by_rules(task)
    prompt = task.asked.prompt
    if what == "model":
        model.name = "function:other"
    elif what == "endpoint":
        model.endpoint = "elsewhere"
    elif what == "schema":
        words = dict(task.asked.vocabulary.words)
        grown = replace(task.asked.vocabulary, words=words | {"form": (*words["form"], "foam")})
        task = replace(task, asked=replace(task.asked, vocabulary=grown))
    else:
        change = {"text": prompt.text + " Be brief."} if what == "system" else {"most_tokens": 99}
        task = replace(task, asked=replace(task.asked, prompt=replace(prompt, **change)))
    run_once(task, model, tmp_path)
    assert len(model.asked) == 3


def test_records_that_are_told_alike_are_asked_once(tmp_path):
    task = items_of(SPRAY, {**SPRAY, "item_id": "sku-9"})
    model = by_rules(task)
    run_once(task, model, tmp_path)
    assert len(model.asked) == 1
    assert [row["key"] for row in table(tmp_path)] == ["sku-1", "sku-9"]
    assert sum(row["cost"] for row in table(tmp_path)) == 0.5  # it was paid for once


def test_one_bad_row_never_stops_a_run_and_is_held_with_its_reason(tmp_path):
    task = items_of()
    good = rules(task)

    def answer(prompt):
        return "I cannot." if "Dolor" in prompt.user else good(prompt)

    model = Answering(answer)
    report = run_once(task, model, tmp_path)
    assert report.held == {"syntax": 1}
    assert [row["key"] for row in table(tmp_path)] == ["sku-1", "sku-3"]
    with Journal(tmp_path) as journal:
        (held,) = journal.held("items").values()
    assert (held.record, held.tries, held.text, held.cost) == ("sku-2", 2, "I cannot.", 1.0)
    assert report.spent.cost == 2.0  # two good answers, one question asked twice


def test_a_second_try_is_told_what_was_wrong(tmp_path):
    task = items_of(SPRAY)
    good = rules(task)

    def answer(prompt):
        said = json.loads(good(prompt))
        if "refused" not in prompt.user:
            said["pack"] = "300 ml"
        return json.dumps(said)

    model = Answering(answer)
    report = run_once(task, model, tmp_path)
    assert "the number 300 is nowhere in the data" in model.asked[1].user
    assert model.asked[0].seed != model.asked[1].seed
    assert report.held == {}
    assert table(tmp_path)[0]["pack"] == "30 ml"
    assert table(tmp_path)[0]["cost"] == 1.0


def test_what_was_held_is_left_alone_until_it_is_asked_for_again(tmp_path):
    task = items_of(SPRAY)
    run_once(task, Answering(lambda prompt: "no"), tmp_path)
    model = by_rules(task)
    assert run_once(task, model, tmp_path).held == {"syntax": 1}
    assert model.asked == []
    assert run_once(task, model, tmp_path, replace(SMALL, again=True)).held == {}
    with Journal(tmp_path) as journal:
        assert journal.held("items") == {}


@pytest.mark.parametrize("trouble", [Trouble.UNREACHABLE, Trouble.THROTTLED, Trouble.SERVER])
def test_what_the_endpoint_left_unanswered_is_asked_with_the_next_run(tmp_path, trouble):
    task = items_of()
    good = rules(task)
    failed = Failed(trouble, "later")
    report = run_once(task, Answering(lambda p: failed if "Dolor" in p.user else good(p)), tmp_path)
    assert report.held == {"unanswered": 1}
    model = by_rules(task)
    assert run_once(task, model, tmp_path).held == {}
    assert len(model.asked) == 1


@pytest.mark.parametrize("trouble", [Trouble.KEY, Trouble.BUDGET])
def test_what_every_question_would_meet_stops_at_once_and_keeps_the_old_table(tmp_path, trouble):
    task = items_of()
    run_once(task, by_rules(task), tmp_path)
    before = (tmp_path / "items.parquet").read_bytes()
    many = numbered(50)
    model = Answering(lambda prompt: Failed(trouble, "no more"))
    with pytest.raises(EnrichError, match=r"stopped: .*run the same command again"):
        run_once(many, model, tmp_path)
    assert len(model.asked) <= 3 * SMALL.workers * SMALL.batch
    assert (tmp_path / "items.parquet").read_bytes() == before


def test_an_endpoint_that_is_down_stops_the_run_after_some_questions(tmp_path):
    model = Answering(lambda prompt: Failed(Trouble.UNREACHABLE, "connection refused"))
    with pytest.raises(EnrichError, match=r"no answer \(connection refused\)"):
        run_once(numbered(100), model, tmp_path)
    assert len(model.asked) < 20


def test_a_run_that_was_stopped_goes_on_from_where_it_was(tmp_path):
    task = numbered(40)
    good, left = rules(task), itertools.count(25, -1)
    lock = threading.Lock()

    def until_spent(prompt):
        with lock:
            return good(prompt) if next(left) > 0 else Failed(Trouble.BUDGET, "spent")

    with pytest.raises(EnrichError):
        run_once(task, Answering(until_spent), tmp_path)
    rest = by_rules(task)
    report = run_once(task, rest, tmp_path)
    assert report.kept_before == 25
    assert len(rest.asked) == 15
    assert [row["key"] for row in table(tmp_path)] == [f"sku-{n}" for n in range(40)]


def test_a_refusal_is_held_and_is_no_trouble_of_the_endpoint(tmp_path):
    model = Answering(lambda prompt: Failed(Trouble.REFUSED, "filtered"))
    report = run_once(numbered(30), model, tmp_path)
    assert report.held == {"refused": 30}


def test_what_a_recording_does_not_hold_is_held_and_stops_nothing(tmp_path):
    model = Answering(lambda prompt: Failed(Trouble.UNKNOWN, "not recorded"))
    assert run_once(numbered(30), model, tmp_path).held == {"unknown": 30}


def test_a_second_try_that_is_not_recorded_leaves_the_fault_of_the_first(tmp_path):
    unknown = Failed(Trouble.UNKNOWN, "not recorded")
    model = Answering(lambda prompt: unknown if "refused" in prompt.user else "nonsense")
    assert run_once(items_of(SPRAY), model, tmp_path).held == {"syntax": 1}


def test_an_answer_cut_short_is_never_kept(tmp_path):
    task = items_of(SPRAY)
    good = rules(task)
    model = Answering(lambda prompt: Reply(good(prompt), 100, 500, whole=False))
    assert run_once(task, model, tmp_path).held == {"truncated": 1}
    with Journal(tmp_path) as journal:
        assert journal.answers([one.key for one in journal.held("items").values()]) == {}


def test_a_shop_that_changed_meanwhile_keeps_the_old_table_and_the_answers(tmp_path):
    task = items_of()
    with pytest.raises(EnrichError, match="only what changed is asked"):
        run_once(task, by_rules(task), tmp_path, unchanged=lambda: False)
    assert not (tmp_path / "items.parquet").exists()
    model = by_rules(task)
    run_once(task, model, tmp_path)
    assert model.asked == []


def test_stricter_judges_ask_anew_only_what_no_longer_passes(tmp_path):
    task = items_of()
    run_once(task, by_rules(task), tmp_path)

    class Stricter(type(task)):
        def judge(self, record, answer):
            from galen.enrich.running.faults import Fault, FaultCode

            wrong = record.content["brand"] == "Dolor"
            return [Fault(FaultCode.CLAIM, "no")] if wrong else []

    strict = Stricter(**(vars(task) | {"asked": replace(task.asked, judged_by="stricter")}))
    model = by_rules(task)
    report = run_once(strict, model, tmp_path)
    assert (report.kept_before, report.held) == (2, {"claim": 1})
    assert {content_of(prompt.user)["brand"] for prompt in model.asked} == {"Dolor"}


@pytest.mark.parametrize("broken", [LanguageModelError("gone"), KeyboardInterrupt()])
def test_what_is_being_asked_when_a_job_breaks_is_kept(tmp_path, broken):
    asked = threading.Barrier(2, timeout=30)
    good = rules(items_of())

    def answer(prompt):
        number = content_of(prompt.user)["title"].split()[-2]
        if number in "01":  # one job each
            asked.wait()
        if number == "0":
            raise broken
        time.sleep(0.2)  # it ends after the other broke
        return good(prompt)

    with pytest.raises(type(broken)):
        run_once(numbered(9), Answering(answer), tmp_path, replace(SMALL, batch=1))
    with Journal(tmp_path) as journal:
        assert journal.spent("items").answers >= 1


def test_two_runs_do_not_write_at_once(tmp_path):
    with Journal(tmp_path), pytest.raises(EnrichError, match="another run writes"):
        Journal(tmp_path)
    Journal(tmp_path).close()


def test_a_journal_that_is_no_database_is_told(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"nonsense" * 1000)
    with pytest.raises(EnrichError, match=r"journal\.sqlite cannot be used"):
        Journal(tmp_path)


def test_progress_is_told(tmp_path):
    seen = []
    run_once(
        numbered(10), by_rules(items_of()), tmp_path, progress=lambda d, a: seen.append((d, a))
    )
    assert seen[-1][0] == 10
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_full_disk_stops_with_what_to_do_and_keeps_what_was_kept(tmp_path):
    task = numbered(400)
    with Journal(tmp_path) as journal:
        journal._base.execute("pragma max_page_count = 40")  # as if the disk ended there
        with pytest.raises(EnrichError, match=r"database or disk is full.*run again"):
            run(task, by_rules(task), journal, tmp_path, now=lambda: 1, running=SMALL)
    with Journal(tmp_path) as journal:
        kept = journal.spent("items").answers
    rest = by_rules(task)
    assert 0 < run_once(task, rest, tmp_path).kept_before == kept
    assert len(rest.asked) == 400 - kept
