import json
from dataclasses import replace

import numpy as np
import pytest
from enrich.asked import Answering, graph
from enrich.word_shop import EACH, item, word_shop
from worlds import DAY

from galen.data.enriched import read_enriched
from galen.data.schema import Kind
from galen.enrich.running.journal import Journal
from galen.enrich.running.parsing import parse
from galen.enrich.running.runner import run
from galen.enrich.tables.sample_pairs import BUYER, CLICK, KINDS, NEGATIVE, PREFERENCE, SampleLimits
from galen.enrich.tables.sample_rules import sample_rules
from galen.enrich.tables.samples import SampleAnswer, SamplesTask
from galen.llm.language_model import Reply

BASKETS = [["razor", "shaving foam"], ["saline nasal spray", "paper tissues"]]
FOAM = "razor + shaving foam"


def shop(**changes):
    return word_shop(BASKETS, people=40, **changes)


@pytest.fixture(scope="module")
def task():
    return SamplesTask.of(shop(), graph())


def of_kind(task, kind):
    return [key for key, guess in task.guesses.items() if guess.kind == kind]


def rows_of(task, key, choice):
    record = next(record for record in task.records() if record.key == key)
    return list(task.rows(record, SampleAnswer(choice=choice, confidence=0.8)))


def test_cold_items_are_asked_about_with_people_who_take_what_goes_with_them(task):
    buyers = of_kind(task, BUYER)
    assert f"buyer | {FOAM} | shaving foam 2" in buyers
    assert not any("paper tissues 2" in key and FOAM in key for key in buyers)
    assert not any(key.endswith("shaving foam 0") for key in buyers)  # many take it
    assert len(of_kind(task, PREFERENCE)) >= 1


def test_what_people_would_rather_take_is_a_pair_with_the_winner_first(task):
    key = of_kind(task, PREFERENCE)[0]
    _, context, one, other = key.split(" | ")
    (won,) = rows_of(task, key, "first")
    assert (won["kind"], won["context"], won["item"], won["other"]) == (
        PREFERENCE,
        context,
        one,
        other,
    )
    (turned,) = rows_of(task, key, "second")
    assert (turned["item"], turned["other"]) == (other, one)
    assert rows_of(task, key, "either") == rows_of(task, key, "neither") == []


def test_a_near_item_is_a_hard_negative_only_where_the_positive_is_preferred(task):
    key = next(key for key in of_kind(task, NEGATIVE) if key.startswith(f"negative | {FOAM}"))
    _, _, positive, near = key.split(" | ")
    (row,) = rows_of(task, key, "first")
    assert (row["item"], row["other"]) == (near, positive)
    assert rows_of(task, key, "second") == rows_of(task, key, "either") == []


def test_what_must_not_meet_is_bought_by_nobody():
    """People take cough drops with what must not lie beside them; a model would go along."""
    data = word_shop([["codeine cough drops", "rubbing alcohol"], *BASKETS])
    task = SamplesTask.of(data, graph())
    unsafe = next(key for key in of_kind(task, BUYER) if key.endswith("rubbing alcohol 2"))
    assert rows_of(task, unsafe, "first") == []


def test_clicks_after_which_nothing_came_are_asked_about_as_words():
    data = shop()
    late = replace(
        data,
        user=np.arange(0, 80, 2, dtype=np.int32),
        item=np.full(40, item("paper tissues"), np.int32),
        kind=np.full(40, int(Kind.CLICK), np.int8),
        at=data.at.max() + DAY // 2 + np.arange(40),
    )
    columns = {n: np.append(getattr(data, n), getattr(late, n)) for n in ("user", "item", "kind")}
    at = np.append(data.at, late.at)
    order = np.lexsort((at, columns["user"]))
    whole = replace(data, at=at[order], **{n: c[order] for n, c in columns.items()})
    task = SamplesTask.of(whole, graph())
    (key,) = of_kind(task, CLICK)
    assert key == "click | shaving foam | paper tissues"
    (row,) = rows_of(task, key, "neither")
    assert (row["context"], row["word"], row.get("item")) == ("shaving foam", "paper tissues", None)
    assert rows_of(task, key, "first") == []


def test_a_model_is_told_of_no_person_and_of_words_that_many_share(task):
    for record in task.records():
        assert set(record.content) <= {"taken", "first", "second"}
        assert set(record.content["first"]) <= {"word", "title", "taken_beside"}
    few = SamplesTask.of(word_shop(BASKETS, people=10), graph())
    assert few.guesses == {}


def test_nothing_is_asked_of_what_is_taken_only_later():
    """All people take an item after the cut that nobody took before it."""
    data = shop()
    cut = int(data.at.max()) + 1
    people = np.arange(data.users, dtype=np.int32)
    whole = replace(
        data,
        user=np.append(data.user, people),
        item=np.append(data.item, np.full(data.users, item("nail file", 0), np.int32)),
        kind=np.append(data.kind, np.full(data.users, int(Kind.PURCHASE), np.int8)),
        at=np.append(data.at, cut + np.arange(data.users)),
    )
    order = np.lexsort((whole.at, whole.user))
    whole = whole.take(order)
    before = [record.content for record in SamplesTask.of(whole.before(cut), graph()).records()]
    assert before == [record.content for record in SamplesTask.of(data, graph()).records()]
    assert before != [record.content for record in SamplesTask.of(whole, graph()).records()]


def test_the_second_of_one_item_cannot_be_chosen(task):
    key = of_kind(task, BUYER)[0]
    record = next(record for record in task.records() if record.key == key)
    answer, _ = parse(
        Reply(json.dumps({"choice": "second", "confidence": 0.5})),
        SampleAnswer,
        task.asked.vocabulary,
    )
    assert [fault.code.value for fault in task.judge(record, answer)] == ["schema"]


def test_kinds_may_be_left_out_and_numbers_are_bounded():
    limits = SampleLimits(kinds=(BUYER,), cold_items=2, contexts=1)
    keys = SamplesTask.of(shop(), graph(), limits=limits).guesses
    assert {guess.kind for guess in keys.values()} <= {BUYER}
    assert len(keys) <= 2


def test_the_rules_fill_the_table_with_its_origin(task, tmp_path):
    model = Answering(sample_rules, name="rules:samples")
    with Journal(tmp_path) as journal:
        report = run(task, model, journal, tmp_path, now=lambda: 1_800_000_000_000_000)
    assert report.held == {}
    columns = ["kind", "context", "item", "other", "word", "weight"]
    table = read_enriched(tmp_path, "samples", columns, known=task.asked.made_from)
    assert set(table["kind"].to_pylist()) <= set(KINDS)
    told = {(row["kind"], row["context"], row["item"]) for row in table.to_pylist()}
    assert (BUYER, FOAM, f"shaving foam {EACH - 1}") in told
    assert set(table["model"].to_pylist()) == {"rules:samples"}
