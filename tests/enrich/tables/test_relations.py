import json

import numpy as np
import pytest
from enrich.asked import Answering, graph
from enrich.word_shop import word_shop

from galen.data.enriched import EnrichedError, Extent, read_enriched
from galen.enrich.running.journal import Journal
from galen.enrich.running.parsing import parse
from galen.enrich.running.runner import run
from galen.enrich.tables.relation_rules import relation_rules
from galen.enrich.tables.relations import RelationAnswer, RelationsTask, without_names
from galen.llm.language_model import Prompt, Reply

BASKETS = [["razor", "shaving foam"], ["saline nasal spray", "paper tissues"]]
GOOD = {
    "relation": "complement",
    "direction": "either",
    "confidence": 0.9,
    "reason": "Shaving foam softens the beard before the razor.",
}


@pytest.fixture(scope="module")
def task():
    return RelationsTask.of(word_shop(BASKETS), graph())


def record_of(task, key):
    return next(record for record in task.records() if record.key == key)


def judged(task, change, key="razor | shaving foam"):
    record = record_of(task, key)
    answer, faults = parse(Reply(json.dumps(GOOD | change)), RelationAnswer, task.asked.vocabulary)
    assert faults == []
    return [fault.code.value for fault in task.judge(record, answer)]


def test_a_plain_reason_for_a_relation_is_taken(task):
    assert judged(task, {}) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reason": "A razor cures acne."}, "diagnosis"),
        ({"reason": "Shaving foam cures the skin around the razor."}, "claim"),
        ({"reason": "The razor is sold at www.evil.com for less."}, "unknown_id"),
        ({"reason": "A razor lasts for 12 shaves."}, "ungrounded"),
        ({"reason": "They belong side by side."}, "ungrounded"),
        ({"reason": "razor shaving foam"}, "copy"),
        ({"reason": "剃须刀与剃须泡沫搭配使用效果更好"}, "language"),
        ({"relation": "substitute", "direction": "first_then_second"}, "schema"),
        ({"direction": "second_then_first"}, "ungrounded"),
    ],
)
def test_what_may_not_be_said_of_a_pair_is_held(task, change, code):
    assert code in judged(task, change)


def test_the_name_of_goods_is_no_claim_and_no_illness():
    told = without_names("Cough syrup calms what the syrup of a cold does.", ["cough syrup"])
    assert told == "goods calms what the syrup of a cold does."


def test_a_model_alone_does_not_make_unsafe_what_knowledge_holds_together(task):
    said = {"relation": "unsafe_together", "reason": "Paper tissues are no good near a spray."}
    assert judged(task, said, "paper tissues | saline nasal spray") == ["knowledge"]
    said["reason"] = "The razor must not lie near shaving foam."
    assert judged(task, said) == []


def test_what_knowledge_keeps_apart_is_unsafe_whatever_the_model_says(task):
    record = record_of(task, "codeine cough drops | rubbing alcohol")
    answer = RelationAnswer(**(GOOD | {"reason": "Rubbing alcohol goes with cough drops."}))
    (row,) = task.rows(record, answer)
    assert row["relation"] == "unsafe_together"
    assert row["decided_by"] == "knowledge"
    assert "opioid hazardous_with ethanol" in row["reason"]
    (kept,) = task.rows(record_of(task, "razor | shaving foam"), RelationAnswer(**GOOD))
    assert (kept["relation"], kept["decided_by"], kept["people"]) == ("complement", "model", 40)


def test_a_model_is_told_of_words_and_not_of_people(task):
    for record in task.records():
        told = json.dumps(record.content)
        assert not any(character.isdigit() for character in told)


def test_one_more_event_asks_nothing_anew():
    data = word_shop(BASKETS, people=60)
    fewer = data.take(np.arange(len(data)) < len(data) - 1)
    before, after = (
        {record.key: record.content for record in RelationsTask.of(part, graph()).records()}
        for part in (fewer, data)
    )
    assert before == after


def test_the_rules_judge_every_pair_without_a_fault(task, tmp_path):
    model = Answering(relation_rules(graph()), name="rules:relations")
    with Journal(tmp_path) as journal:
        report = run(task, model, journal, tmp_path, now=lambda: 1_800_000_000_000_000)
    assert report.held == {}
    table = read_enriched(tmp_path, "relations", ["key", "relation", "direction"])
    found = {row["key"]: row for row in table.to_pylist()}
    assert found["razor | shaving foam"]["relation"] == "complement"
    assert found["razor | shaving foam"]["direction"] == "first_then_second"
    assert found["paper tissues | saline nasal spray"]["relation"] == "complement"
    assert found["codeine cough drops | rubbing alcohol"]["relation"] == "unsafe_together"
    assert found["nail file | razor"]["relation"] == "unrelated"


def test_the_table_of_later_events_is_refused_where_fewer_are_known(task, tmp_path):
    model = Answering(relation_rules(graph()), name="rules:relations")
    with Journal(tmp_path) as journal:
        run(task, model, journal, tmp_path, now=lambda: 1_800_000_000_000_000)
    known = task.asked.made_from
    read_enriched(tmp_path, "relations", ["key"], known=known)
    with pytest.raises(EnrichedError, match="before the split"):
        read_enriched(tmp_path, "relations", ["key"], known=Extent(known.events - 1, known.until))


def test_the_rules_answer_in_the_script_of_the_words():
    told = {"first": "口罩", "second": "体温计", "shared": [], "same_shelf": False}
    told |= {"taken_together": "often", "order": "either"}
    user = f"BEGIN DATA\n{json.dumps(told, ensure_ascii=False)}\nEND DATA"
    said = json.loads(relation_rules(graph())(Prompt("", user)))
    assert said["relation"] == "complement"
    assert said["reason"].startswith("口罩与体温计")
