import json

import pytest
from enrich.asked import SPRAY, TABLETS, by_rules, items_of

from galen.enrich.running.parsing import parse
from galen.enrich.tables.items import ItemAnswer
from galen.llm.language_model import Reply

GOOD = {
    "product_word": "saline nasal spray",
    "needs": ["nasal congestion"],
    "population": "everyone",
    "form": "spray",
    "strength": "0.9 %",
    "pack": "30 ml",
    "description": "A spray of isotonic sea water for the nose.",
    "selling_points": ["Suitable from birth"],
    "synonyms": ["sea water spray"],
    "quality": 0.8,
}


def judged(change, item=SPRAY):
    task = items_of(item)
    record = next(iter(task.records()))
    answer, faults = parse(Reply(json.dumps(GOOD | change)), ItemAnswer, task.asked.vocabulary)
    assert faults == []
    return [fault.code.value for fault in task.judge(record, answer)]


def test_an_answer_that_says_what_the_label_says_is_taken():
    assert judged({}) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"strength": "9 %"}, "ungrounded"),
        ({"pack": "300 ml"}, "ungrounded"),
        ({"description": "Ancient herbal miracle from secret mountain valleys."}, "ungrounded"),
        ({"selling_points": ["Loved by astronauts everywhere"]}, "ungrounded"),
        ({"description": SPRAY["description"]}, "copy"),
        ({"description": "等渗海水鼻腔喷雾,适合新生儿使用的产品"}, "language"),
        ({"description": "A nasal spray of sea water that cures a cold."}, "claim"),
        ({"synonyms": ["visit evil.com"]}, "unknown_id"),
        ({"needs": ["sensitive teeth"]}, "knowledge"),
    ],
)
def test_an_answer_that_says_more_is_not(change, code):
    assert code in judged(change)


def test_the_model_is_told_no_id_price_or_stock():
    record = next(iter(items_of({**SPRAY, "price": 77.77, "stock": 31337}).records()))
    told = json.dumps(record.content)
    assert not any(secret in told for secret in ("sku-1", "77.77", "31337"))


def test_what_a_medicine_is_for_may_be_named_only_where_its_words_tell():
    text = {"product_word": "other", "needs": [], "form": "tablet", "strength": "500 mg"}
    text |= {"pack": "20 tablets", "selling_points": [], "synonyms": []}
    fine = {"description": "Paracetamol tablets of Dolor with 500 mg each."}
    wrong = {"description": "Paracetamol tablets of Dolor that relieve asthma."}
    assert judged(text | fine, TABLETS) == []
    assert "claim" in judged(text | wrong, TABLETS)


def test_rules_answer_as_judges_want_it():
    task = items_of()
    model = by_rules(task)
    for record in task.records():
        prompt = task.asked.prompt.ask(record.content, "", "")
        reply = model.complete([prompt])[0]
        answer, faults = parse(reply, ItemAnswer, task.asked.vocabulary)
        assert faults == []
        assert task.judge(record, answer) == []


def test_rules_say_what_the_graph_says_of_a_spray():
    task = items_of(SPRAY)
    record = next(iter(task.records()))
    said = json.loads(by_rules(task).function(task.asked.prompt.ask(record.content, "", "")))
    assert said["product_word"] == "saline nasal spray"
    assert "nasal congestion" in said["needs"]
    assert said["strength"] == "0.9 %"


def test_a_word_that_fits_nothing_is_no_word_in_the_table():
    task = items_of(SPRAY)
    record = next(iter(task.records()))
    answer = ItemAnswer.model_validate_json(json.dumps(GOOD | {"product_word": "other"}))
    assert task.rows(record, answer)[0]["product_word"] is None
