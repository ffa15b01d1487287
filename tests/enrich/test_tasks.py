"""What every task of a shop has in common, and what of its people would go over the wire."""

import json
import re

import pytest

from galen.data.dataset import Dataset
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.asking import asked_of
from galen.enrich.running.job import ask
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tasks import TASKS, Sources
from galen.knowledge.build import built_in
from galen.llm.redaction import PATTERNS, Redacting


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks") / "shop"
    return synthesize(folder, SyntheticSettings(400, 120, 200), lambda *_: None)


@pytest.fixture(scope="module")
def sources(shop):
    data, graph = Dataset.read(shop), built_in()
    return Sources(data, graph, Vocabulary.of(data.catalogue, graph))


@pytest.fixture(scope="module", params=sorted(TASKS))
def opened(request, sources):
    return TASKS[request.param](sources)


@pytest.fixture(scope="module")
def questions(opened):
    return list(asked_of(opened.task, opened.rules))


def test_it_goes_by_the_name_of_its_table(opened):
    assert TASKS[opened.task.asked.name]
    assert opened.rules.name.startswith(f"rules:{opened.task.asked.name}@")


def test_its_records_have_keys_of_their_own(questions):
    keys = [question.record.key for question in questions]
    assert keys
    assert len(set(keys)) == len(keys)


def test_its_rules_pass_its_judges_nearly_always(opened, questions):
    some = questions[:60]
    outcomes = ask(opened.task, opened.rules, some, 1, lambda: 1)
    good = [one for one in outcomes if one.kept is not None]
    assert len(good) >= 0.8 * len(outcomes), [o.held.detail for o in outcomes if o.held][:3]
    rows = opened.task.rows(some[0].record, good[0].answer)
    assert all(set(row) <= set(opened.task.asked.columns.names) for row in rows)


def test_nothing_of_a_person_goes_over_the_wire(shop, opened, questions):
    users = shop.read("users", ["user_id", "household_id"]).to_pydict()
    ids = {value for column in users.values() for value in column if value}
    guard = Redacting(opened.rules, ids, kinds=opened.redacted or tuple(PATTERNS))
    for question in questions:
        assert guard.found(question.prompt.user) == []
    told = " ".join(question.prompt.user for question in questions)
    assert not re.search(r"user-\d|house-\d|event-\d", told)


def test_people_are_told_of_only_in_groups_of_twenty_or_more(opened, questions, sources):
    if opened.task.asked.name not in ("needs", "profiles"):
        pytest.skip("it tells of no people")
    data = sources.data
    columns = {"sex": data.sex, "region": data.region, "life_stage": data.life_stage}
    for question in questions:
        told = json.loads(question.record.key)
        alike = [
            all(columns[field][user] == told[field] for field in columns if field in told)
            for user in range(data.users)
        ]
        assert sum(alike) >= 20, told
